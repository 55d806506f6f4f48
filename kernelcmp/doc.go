// Package kernelcmp makes the running Linux kernel one more vm.Target.
package kernelcmp
