// Package guest boots other kernels, each as one more target beside the host's: other
// releases of Linux, other processors and byte orders, and the interpreter where the
// host has only a JIT.
//
//	rung (rung.go)          what is to be booted, as data
//	  │ Fetch               packages of Debian, by the user's own client; checksums
//	image (image.go)        a kernel and a few modules in the cache
//	  │ + agent             the executor, built for the guest's processor (agent.go)
//	  │ boot or restore     qemu under TCG (qemu.go, snapshot.go), User-mode Linux (uml.go)
//	machine                 a kernelcmp.Link: frames over virtio-serial, or over files
//	  │
//	kernelcmp.Target        runs cases; a machine that dies at one is started again
//
// # Rules
//
// KVM is not used: where /dev/kvm opens it may still be a thin emulation that hangs.
// Kernels, agents and saved machines stay in the cache ([Cache]), never in the
// repository; packages are resolved when they are fetched, because versions vanish
// from mirrors. A guest has no network and no disk: an initramfs with one process.
//
// A machine is saved after its first hello, so that the next start, and the one after
// a crash, takes a second in place of a boot. What was saved is used only by
// the same kernel, agent and qemu.
//
// Time in a guest is not time: measure on the host.
package guest
