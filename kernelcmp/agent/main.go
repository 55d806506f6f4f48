// Command agent is the executor alone: a small static binary that loads and runs
// programs in the kernel that it finds itself on. It is /init of a guest, built for the
// guest's processor by package guest. It is of no use by itself.
package main

import (
	"fmt"
	"os"

	"github.com/lockstep-ebpf/lockstep/kernelcmp"
)

func main() {
	kernelcmp.ExecutorMain()
	fmt.Fprintln(os.Stderr, "agent: this is the init of a guest kernel that lockstep starts (lockstep kernels run); it does nothing else")
	os.Exit(2)
}
