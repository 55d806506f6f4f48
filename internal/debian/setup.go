package debian

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"text/template"
	"time"
)

// configuration is apt's own, on top of the system's: proxies and the like go on
// to hold, hooks and pins do not.
var configuration = template.Must(template.New("apt.conf").Parse(`// Written by lockstep.
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear APT::Architectures;
APT::Architecture "{{.Arch}}";
APT::Architectures { "{{.Arch}}"; };
APT::Sandbox::User "root";
APT::Update::Error-Mode "any";
Dir::State "{{.Dir}}";
Dir::State::lists "lists";
Dir::State::status "{{.Dir}}/status";
Dir::Cache "{{.Dir}}";
Dir::Cache::archives "archives";
Dir::Cache::pkgcache "pkgcache.bin";
Dir::Cache::srcpkgcache "";
Dir::Etc::sourcelist "{{.Dir}}/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Acquire::Languages "none";
Acquire::PDiffs "false";
Acquire::Retries "2";
Acquire::http::Timeout "30";
Acquire::https::Timeout "30";
`))

// setup writes the configuration for a mirror and gets the lists, if those that are
// there are of another mirror or too old.
func (c *Client) setup(ctx context.Context, mirror string, old time.Duration) error {
	if strings.ContainsAny(c.dir, "\"\\\n") {
		return fmt.Errorf("cache folder %q: apt cannot be told of a name with quotes or backslashes", c.dir)
	}
	var conf bytes.Buffer
	if err := configuration.Execute(&conf, map[string]string{"Arch": c.arch, "Dir": c.dir}); err != nil {
		return err
	}
	sources := fmt.Appendf(nil, "deb [target=Packages arch=%s signed-by=%s] %s %s main\n", c.arch, keyring, mirror, c.suite)
	same := c.has("sources.list", sources)
	for name, b := range map[string][]byte{"apt.conf": conf.Bytes(), "sources.list": sources, "status": nil} {
		if err := c.write(name, b); err != nil {
			return err
		}
	}
	if stamp, err := os.Stat(filepath.Join(c.dir, "updated")); same && err == nil && time.Since(stamp.ModTime()) < old {
		return nil
	}
	if err := c.update(ctx); err != nil && (!same || !c.listed()) {
		return err
	}
	return nil
}

// changing is how apt complains of lists that do not fit together.
var changing = regexp.MustCompile("unexpected size|Hash Sum mismatch|Mirror sync in progress")

// update gets the suite's lists. A mirror that is being written may be whole a moment
// later. Other failures apt has retried itself.
func (c *Client) update(ctx context.Context) (err error) {
	for try := range 3 {
		if try > 0 {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(time.Duration(try) * time.Second):
			}
		}
		if _, err = c.apt(ctx, "apt-get", "update"); err == nil && !c.listed() {
			err = errors.New("apt-get update brought no list of packages")
		}
		if err != nil && !changing.MatchString(err.Error()) {
			return err
		}
		if err == nil {
			return os.WriteFile(filepath.Join(c.dir, "updated"), []byte(time.Now().String()), 0o644)
		}
	}
	return err
}

// listed reports whether there are lists.
func (c *Client) listed() bool {
	found, _ := filepath.Glob(filepath.Join(c.dir, "lists", "*_Packages*"))
	return len(found) > 0
}

func (c *Client) has(name string, want []byte) bool {
	b, err := os.ReadFile(filepath.Join(c.dir, name))
	return err == nil && bytes.Equal(b, want)
}

// write leaves a file alone that is as it should be: another process may read it.
// A mirror's address may hold a password.
func (c *Client) write(name string, b []byte) error {
	if c.has(name, b) {
		return nil
	}
	return os.WriteFile(filepath.Join(c.dir, name), b, 0o600)
}
