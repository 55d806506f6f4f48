// Package lint is the project's own rules, as an ordinary test: which way imports
// run, what the engines may not share, what generated files are called, how long
// files are.
package lint
