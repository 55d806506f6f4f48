//go:build !unix

package main

import "io"

// terminalWidth is a guess: most are at least as wide.
func terminalWidth(io.Writer) int { return 80 }
