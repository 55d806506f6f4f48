// Package examples holds tests of BPF programs as a project that ships them would write them:
// see firewall for packets and opens for a probe.
package examples
