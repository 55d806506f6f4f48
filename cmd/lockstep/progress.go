package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/lockstep-ebpf/lockstep/fuzz"
)

// progress shows how a campaign goes: one line that is rewritten in place on a
// terminal, a plain line every ten seconds elsewhere.
type progress struct {
	w        io.Writer
	live     bool
	begun    time.Time
	cmd      *fuzzCmd
	snapshot func() fuzz.Summary
	quit     chan struct{}
	done     sync.WaitGroup
}

func startProgress(w io.Writer, c *fuzzCmd, snapshot func() fuzz.Summary) *progress {
	p := &progress{w: w, live: isTerminal(w), begun: time.Now(), cmd: c, snapshot: snapshot, quit: make(chan struct{})}
	every := 10 * time.Second
	if p.live {
		every = 250 * time.Millisecond
	}
	p.done.Go(func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				p.write()
			case <-p.quit:
				return
			}
		}
	})
	return p
}

// stop ends the line, and leaves the terminal as it was.
func (p *progress) stop() {
	close(p.quit)
	p.done.Wait()
	if p.live {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}

func (p *progress) write() {
	s := p.snapshot()
	line := progressLine(s, p.left(s))
	if !p.live {
		fmt.Fprintln(p.w, line)
		return
	}
	if most := terminalWidth(p.w) - 1; len(line) > most { // a line that wraps cannot be rewritten
		line = line[:max(0, most)]
	}
	fmt.Fprintf(p.w, "\r%s\x1b[K", line)
}

// left says how much longer it will take.
func (p *progress) left(s fuzz.Summary) string {
	spent := time.Since(p.begun)
	left := p.cmd.For - spent
	if p.cmd.Programs > 0 {
		if s.Programs == 0 {
			return count(p.cmd.Programs, "program") + " to do"
		}
		if s.Programs >= p.cmd.Programs {
			left = 0
		} else {
			left = time.Duration(float64(p.cmd.Programs-s.Programs) / s.ProgramsPerSecond * float64(time.Second))
		}
	}
	switch {
	case left < -5*time.Second && p.cmd.For > 0:
		return "finishing since " + shortTime(-left) // a target takes its time, or is stuck
	case left <= 0:
		return "finishing"
	}
	return shortTime(left) + " left"
}

// progressLine fits into 80 columns.
func progressLine(s fuzz.Summary, left string) string {
	if s.Programs == 0 {
		return "starting, " + left
	}
	found := "no findings"
	if n := len(s.Findings); n > 0 {
		found = count(uint64(n), "finding")
	}
	return strings.Join([]string{
		thousands(uint64(s.ProgramsPerSecond)) + " programs/s",
		fmt.Sprintf("%.1f%% accepted", 100*s.Acceptance),
		thousands(uint64(s.Coverage.Cells)) + " cells",
		found, left,
	}, ", ")
}

// shortTime is 59s, 2m05s, 1h02m.
func shortTime(d time.Duration) string {
	switch d = (d + time.Second - 1).Truncate(time.Second); {
	case d < time.Minute:
		return fmt.Sprintf("%ds", d/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%dm%02ds", d/time.Minute, d%time.Minute/time.Second)
	}
	return fmt.Sprintf("%dh%02dm", d/time.Hour, d%time.Hour/time.Minute)
}

// isTerminal reports whether w is a terminal on which a line can be rewritten.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok || os.Getenv("TERM") == "dumb" {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
