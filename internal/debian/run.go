package debian

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// apt runs one of apt's programs with the client's configuration.
func (c *Client) apt(ctx context.Context, program string, args ...string) ([]byte, error) {
	return c.aptIn(ctx, "", program, args...)
}

// aptIn runs it in a folder.
func (c *Client) aptIn(ctx context.Context, dir, program string, args ...string) ([]byte, error) {
	return output(ctx, dir, program, append([]string{"-q", "-c", filepath.Join(c.dir, "apt.conf")}, args...)...)
}

// lock keeps other processes and other goroutines from the client's lists.
func (c *Client) lock(ctx context.Context) (unlock func(), err error) {
	return lock(ctx, filepath.Join(c.dir, "lock"))
}

// output runs a program. The error has what the program said was wrong.
func output(ctx context.Context, dir, program string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = dir
	cmd.WaitDelay = 5 * time.Second // apt's own children hold the pipe
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	out, err := cmd.Output()
	if err == nil {
		return out, nil
	}
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return nil, fmt.Errorf("%s: %w: %s", program, err, complaint(exit.Stderr))
	}
	return nil, fmt.Errorf("%s: %w", program, err)
}

// complaint is the first error among what apt printed, or the first line.
func complaint(stderr []byte) string {
	lines := strings.Split(strings.TrimSpace(string(stderr)), "\n")
	for _, l := range lines {
		if l, ok := strings.CutPrefix(l, "E: "); ok {
			return l
		}
	}
	return lines[0]
}
