package main

import (
	"errors"
	"fmt"

	"github.com/lockstep-ebpf/lockstep/conform/plugin"
)

type pluginCmd struct {
	Mem    string `arg:"" optional:"" help:"Memory that r1 points to, in hex; r2 is its length."`
	Engine string `default:"refvm" help:"The engine that runs it: refvm, fastvm, jit."`
	JSONL  bool   `name:"jsonl" help:"Be a server: one JSON object a line each way, until standard input ends."`
}

func (c *pluginCmd) Help() string {
	return `Without --jsonl this is a plugin as the bpf_conformance suite runs it, once a case: the
program comes in hex on standard input, r0 goes in hex to standard output. If there
is no r0, a line on standard error says why, and the exit status is 1.

A runner may also call "lockstep MEM plugin": bpf_conformance does, if "plugin" is
given to it as the plugin's option. Package conform/plugin documents both protocols.

Examples:

  echo '71 10 01 00 00 00 00 00  95 00 00 00 00 00 00 00' | lockstep plugin 'aa bb'
  echo '{"id":1,"program":"b700000005000000 9500000000000000"}' | lockstep plugin --jsonl
  lockstep fuzz --targets 'fastvm,jsonl:lockstep plugin --jsonl'`
}

func (c *pluginCmd) Run(t *terminal) error {
	target, err := openEngine(c.Engine)
	if err != nil {
		return fmt.Errorf("--engine: %w", err)
	}
	defer target.Close()
	if c.JSONL {
		if c.Mem != "" {
			return errors.New("a server takes its memory from the requests: leave out the argument")
		}
		return plugin.Serve(target, t.in, t.out)
	}
	r0, err := plugin.RunOnce(target, c.Mem, t.in)
	if err != nil { // no prefix: a suite compares the line with the text that it expects
		fmt.Fprintln(t.err, err)
		return errFound
	}
	_, err = fmt.Fprintf(t.out, "%x\n", r0)
	return err
}

// pluginArgs takes `lockstep MEM plugin …` for `lockstep plugin MEM …`: a runner of
// bpf_conformance passes the memory before the options that it is given.
func pluginArgs(args []string) []string {
	if len(args) < 2 || args[1] != "plugin" {
		return args
	}
	if _, err := plugin.ParseHex(args[0]); err != nil {
		return args
	}
	return append([]string{"plugin", args[0]}, args[2:]...)
}
