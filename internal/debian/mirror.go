package debian

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
)

// keyring is Debian's: with it, only a mirror of Debian passes.
const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg"

// mirrors gives the addresses of Debian's archive that the system is set up for. apt
// reads its sources itself, in all forms that it takes, and prints what it makes of
// them.
func mirrors(ctx context.Context, arch string) ([]string, error) {
	if _, err := os.Stat(keyring); err != nil {
		return nil, fmt.Errorf("%w: no keyring of Debian (package debian-archive-keyring): %w", ErrUnavailable, err)
	}
	out, err := output(ctx, "", "apt-get", "indextargets", "Created-By: Packages")
	if err != nil {
		return nil, err
	}
	targets, err := parseStanzas(bytes.NewReader(out))
	if err != nil {
		return nil, fmt.Errorf("apt-get indextargets: %w", err)
	}
	found := choose(targets)
	if len(found) == 0 {
		return nil, fmt.Errorf("%w: apt's sources have no mirror of Debian", ErrUnavailable)
	}
	return found, nil
}

// choose gives the addresses that may be of Debian's archive, the likeliest first.
// A source is surely Debian's if its lists are there and say so. If it never had
// lists, its name tells; the signature will settle it.
func choose(targets []stanza) []string {
	var sure, likely []string
	for _, t := range targets {
		uri := t["Repo-URI"]
		other := t["Component"] != "main" || strings.ContainsAny(uri, " \t[]") ||
			strings.Contains(t["Release"], "security") || strings.Contains(uri, "security")
		switch {
		case other || slices.Contains(sure, uri) || slices.Contains(likely, uri):
		case t["Origin"] == "Debian" && t["Label"] == "Debian":
			sure = append(sure, uri)
		case t["Origin"] == "" && strings.Contains(uri, "debian"):
			likely = append(likely, uri)
		}
	}
	return append(sure, likely...)
}

// release is the codename of the system, if it is a Debian.
func release(file string) (string, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	values := map[string]string{}
	for line := range strings.Lines(string(b)) {
		if key, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok {
			values[key] = strings.Trim(value, `"'`)
		}
	}
	if values["ID"] != "debian" || values["VERSION_CODENAME"] == "" {
		return "", fmt.Errorf("%w: %s does not name a release of Debian: name the suite", ErrUnavailable, file)
	}
	return values["VERSION_CODENAME"], nil
}
