//go:build !linux

package debian

import "context"

// lock does nothing: there is no apt here.
func lock(context.Context, string) (func(), error) { return func() {}, nil }
