package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/lockstep-ebpf/lockstep/kernelcmp/guest"
	"github.com/lockstep-ebpf/lockstep/vm"
)

type kernelsCmd struct {
	List  kernelsListCmd  `cmd:"" help:"Which kernels there are, and which have been fetched."`
	Fetch kernelsFetchCmd `cmd:"" help:"Put kernels into the cache, from packages of Debian."`
	Run   kernelsRunCmd   `cmd:"" help:"Boot a kernel and say what it has, or run a case on it."`
}

func (c *kernelsCmd) Help() string {
	return `Kernels are booted under qemu (no KVM, no root, no network), or as processes (User-mode
Linux). They are fetched by this system's package client, and kept in the user's cache
folder, or in $LOCKSTEP_CACHE.

Examples:

  lockstep kernels fetch amd64-6.1 uml-6.1
  lockstep kernels run amd64-6.1
  lockstep kernels run amd64-6.1 case.txtar
  lockstep ladder case.txtar
  lockstep fuzz --targets refvm,kernel:uml-6.1`
}

// interruptible is a context that ends with Ctrl-C.
func interruptible() (context.Context, func()) {
	return signal.NotifyContext(context.Background(), os.Interrupt)
}

// rungReport is a kernel in JSON.
type rungReport struct {
	Name     string   `json:"name"`
	Arch     string   `json:"arch"`
	Order    string   `json:"byte_order"`
	Fetched  bool     `json:"fetched"`
	Packages []string `json:"packages,omitempty"`
	Problem  string   `json:"problem,omitempty"` // why it cannot be used although it has been fetched
}

type kernelsListCmd struct {
	JSON bool `name:"json" help:"End with a JSON object: kernels:[{name, arch, byte_order, fetched, packages, problem}]."`
}

func (c *kernelsListCmd) Run(t *terminal) error {
	t.json = c.JSON
	cache, err := guest.Cache()
	if err != nil {
		return err
	}
	report := struct {
		Kernels []rungReport `json:"kernels"`
	}{}
	w := tabwriter.NewWriter(t.human(), 0, 0, 2, ' ', 0)
	for i := range guest.Rungs {
		r := &guest.Rungs[i]
		line := rungReport{Name: r.Name, Arch: r.Arch, Order: r.Order.String()}
		state := "not fetched"
		switch img, err := guest.Cached(r, cache); {
		case err == nil:
			line.Fetched, line.Packages = true, img.Packages
			state = img.Packages[len(img.Packages)-1]
		case !errors.Is(err, guest.ErrUnavailable):
			line.Fetched, line.Problem = true, err.Error()
			state = err.Error()
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", r.Name, r.Shows, state)
		report.Kernels = append(report.Kernels, line)
	}
	w.Flush()
	return t.object(report)
}

type kernelsFetchCmd struct {
	Names []string `arg:"" optional:"" help:"Kernels of the list; all of them if none is named."`
}

func (c *kernelsFetchCmd) Run(t *terminal) error {
	cache, err := guest.Cache()
	if err != nil {
		return err
	}
	if len(c.Names) == 0 {
		c.Names = guest.Names()
	}
	var rungs []*guest.Rung
	for _, name := range c.Names {
		r, err := guest.ByName(name)
		if err != nil {
			return err
		}
		rungs = append(rungs, r)
	}
	ctx, stop := interruptible()
	defer stop()
	var failed error
	for _, r := range rungs {
		fmt.Fprintf(t.human(), "%s: ", r.Name)
		img, err := guest.Fetch(ctx, r, cache)
		if err != nil {
			fmt.Fprintln(t.human(), "failed")
			failed = errors.Join(failed, err)
			continue
		}
		fmt.Fprintln(t.human(), strings.Join(img.Packages, ", "))
	}
	if failed == nil {
		fmt.Fprintf(t.human(), "next: lockstep kernels run %s\n", rungs[0].Name)
	}
	return failed
}

type kernelsRunCmd struct {
	Name string `arg:"" help:"A kernel of the list."`
	Case string `arg:"" optional:"" help:"A case file, or FILE.o:PROG. Without it the kernel says what it has."`
	Cold bool   `help:"Boot from the first instruction, though a saved machine is there."`
	inputFlags
	JSON bool `name:"json" help:"End with a JSON object: of the kernel {name, release, byte_order, seconds, features}, or what run gives."`
}

func (c *kernelsRunCmd) Run(t *terminal) error {
	if c.Case != "" {
		if c.Cold {
			return errors.New("--cold is for a look at the kernel, not for a case")
		}
		run := &runCmd{Case: c.Case, Target: kernelPrefix + c.Name, inputFlags: c.inputFlags, JSON: c.JSON}
		return run.Run(t)
	}
	t.json = c.JSON
	r, err := guest.ByName(c.Name)
	if err != nil {
		return err
	}
	ctx, stop := interruptible()
	defer stop()
	begun := time.Now()
	k, err := guest.Open(ctx, r, guest.Options{Cold: c.Cold})
	if err != nil {
		return err
	}
	defer k.Close()
	features, err := k.Features()
	if err != nil {
		return err
	}
	report := struct {
		Name     string          `json:"name"`
		Release  string          `json:"release"`
		Order    string          `json:"byte_order"`
		Seconds  float64         `json:"seconds"` // to the first answer
		Features map[string]bool `json:"features"`
	}{r.Name, k.Release(), k.Order().String(), time.Since(begun).Seconds(), map[string]bool{}}
	fmt.Fprintf(t.human(), "%s is Linux %s, %s-endian; its first answer came after %.1f s\n", r.Name, k.Release(), k.Order(), report.Seconds)
	w := tabwriter.NewWriter(t.human(), 0, 0, 2, ' ', 0)
	for _, f := range features {
		report.Features[f.Name] = f.Lacks == ""
		state := "yes"
		if f.Lacks != "" {
			state = "no"
			if f.Younger(k.Release()) {
				state = "no: since Linux " + f.Since
			}
		}
		fmt.Fprintf(w, "  %s\t%s\n", f.Name, state)
	}
	w.Flush()
	return t.object(report)
}

// kernelPrefix begins the name of a target that is a guest.
const kernelPrefix = "kernel:"

func openGuest(name, journal string) (vm.Target, error) {
	r, err := guest.ByName(name)
	if err != nil {
		return nil, fmt.Errorf("target %s%s: %w", kernelPrefix, name, err)
	}
	if journal, err = journalFolder(journal); err != nil {
		return nil, err
	}
	k, err := guest.Open(context.Background(), r, guest.Options{Journal: journal})
	if err != nil {
		return nil, fmt.Errorf("target %s%s: %w", kernelPrefix, name, err)
	}
	return k, nil
}
