// Package release says, as data, what differs between releases of Linux in the eyes of the verifier.
package release
