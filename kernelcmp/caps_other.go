//go:build !linux

package kernelcmp

func keepOnly(uint64) {}
