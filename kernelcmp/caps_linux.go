package kernelcmp

import (
	"os"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// keepOnly gives up all capabilities but those of kept, in all threads at once, by
// starting this program again: what an executor runs is hostile by trade. It returns
// if there is nothing to give up. Where the right to give up is itself missing, what
// cannot be given up stays.
func keepOnly(kept uint64) {
	have, known := effectiveCaps()
	if !known || have&^kept == 0 || os.Getenv(executorEnv) == leaner {
		return
	}
	runtime.LockOSThread() // what follows is of a thread; exec makes it the only one
	defer runtime.UnlockOSThread()
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var sets [2]unix.CapUserData
	if unix.Capget(&header, &sets[0]) != nil {
		return
	}
	sets[0].Inheritable, sets[1].Inheritable = 0, 0
	if os.Getuid() != 0 { // root gets what the bounding set leaves; others get what is ambient
		sets[0].Inheritable, sets[1].Inheritable = uint32(have&kept), uint32(have&kept>>32)
	}
	_ = unix.Capset(&header, &sets[0])
	for c := range 64 {
		switch keep := kept>>c&1 != 0; {
		case !keep:
			_ = unix.Prctl(unix.PR_CAPBSET_DROP, uintptr(c), 0, 0, 0)
		case os.Getuid() != 0 && have>>c&1 != 0:
			_ = unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_RAISE, uintptr(c), 0, 0)
		}
	}
	env := append(os.Environ(), executorEnv+"="+leaner)
	if exe, err := self(); err == nil {
		_ = syscall.Exec(exe, os.Args, env) // it does not return, unless it fails
	}
}
