// Package render says in text, JSON and pages what the verifier found.
package render
