package guest

import (
	"context"
	"time"

	"github.com/lockstep-ebpf/lockstep/kernelcmp"
)

// Options say how a guest is run. The zero value is the default.
type Options struct {
	Cache    string        // where kernels are; empty: Cache()
	Journal  string        // as kernelcmp.Options has it
	Deadline time.Duration // for one case; 0: kernelcmp.DefaultDeadline
	Cold     bool          // boot, even if a saved machine is there
}

// Open starts a guest of a rung whose image is in the cache, and makes a Target of it
// that is called kernel:NAME. A guest that dies is started again with the next case.
// The error is ErrUnavailable if something is missing here; it says what.
func Open(ctx context.Context, r *Rung, o Options) (*kernelcmp.Target, error) {
	if o.Cache == "" {
		var err error
		if o.Cache, err = Cache(); err != nil {
			return nil, err
		}
	}
	img, root, err := prepare(ctx, r, o.Cache)
	if err != nil {
		return nil, err
	}
	return kernelcmp.Open(kernelcmp.Options{
		Name: "kernel:" + r.Name, Journal: o.Journal, Deadline: o.Deadline,
		Start: func() (kernelcmp.Link, error) { return start(ctx, img, root, o.Cold) },
	})
}

// prepare finds the kernel and makes its root.
func prepare(ctx context.Context, r *Rung, cache string) (*Image, []byte, error) {
	img, err := Cached(r, cache)
	if err != nil {
		return nil, nil, err
	}
	path, err := agent(ctx, r.Arch, cache)
	if err != nil {
		return nil, nil, err
	}
	root, err := img.initramfs(path)
	return img, root, err
}

// start brings up a machine: from a snapshot if there is one, else from its first
// instruction, and then it is saved for the next time.
func start(ctx context.Context, img *Image, root []byte, cold bool) (kernelcmp.Link, error) {
	if img.Rung.Kind == UML {
		return startUML(img, root)
	}
	path, err := snapshotPath(img, root)
	if err != nil {
		return nil, err
	}
	if from := saved(path); from != nil && !cold {
		return startQEMU(ctx, img, root, from)
	}
	m, err := startQEMU(ctx, img, root, nil)
	if err != nil {
		return nil, err
	}
	return &unsaved{machine: m, path: path}, nil
}

// unsaved is a machine that is saved once it has said hello.
type unsaved struct {
	*machine
	path string
	done bool
}

// Recv saves the machine between its hello and its first job. That it cannot be saved
// costs time later and nothing else.
func (u *unsaved) Recv() ([]byte, error) {
	frame, err := u.machine.Recv()
	if err == nil && !u.done {
		u.done = true
		_ = u.save(u.path, frame)
	}
	return frame, err
}
