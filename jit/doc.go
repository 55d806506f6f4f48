// Package jit compiles programs to native code.
package jit
