package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/lockstep-ebpf/lockstep/spec"
)

type versionCmd struct{}

func (c *versionCmd) Run(t *terminal) error {
	version, revision := "(devel)", ""
	if info, ok := debug.ReadBuildInfo(); ok {
		version = info.Main.Version
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				revision = " " + s.Value
			}
		}
	}
	forms := 0
	for i := range spec.Table {
		if !spec.Table[i].Internal {
			forms++
		}
	}
	_, err := fmt.Fprintf(t.out, "lockstep %s%s (%s, %s/%s; %d instruction forms)\n", version, revision, runtime.Version(), runtime.GOOS, runtime.GOARCH, forms)
	return err
}
