// Package pid1 is what a guest's first process does before and after it is an
// executor: it mounts /proc, /sys and /dev, loads the modules that the way to the host
// needs, opens that way, and at the end powers the machine off.
//
// The kernel's command line says what the way is:
//
//	lockstep.link=virtio          the virtio-serial port named "lockstep", a stream of frames
//	lockstep.link=hostfs:DIR      files in a directory of the host (User-mode Linux), one a frame
//
// A file /modules of the initramfs names the modules to load, a path a line, in order.
package pid1
