package debian

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// stanza is a paragraph of "Field: value" lines, as apt prints them.
type stanza map[string]string

// parseStanzas reads paragraphs that empty lines part. A line that begins with a
// space continues the field above it.
func parseStanzas(r io.Reader) (all []stanza, err error) {
	var now stanza
	var field string
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<24) // a description may be long
	for n := 1; lines.Scan(); n++ {
		line := lines.Text()
		switch {
		case strings.TrimSpace(line) == "":
			now, field = nil, ""
			continue
		case line[0] == ' ' || line[0] == '\t':
			if field == "" {
				return nil, fmt.Errorf("line %d continues no field: %.40q", n, line)
			}
			now[field] += "\n" + strings.TrimSpace(line)
			continue
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok || name == "" {
			return nil, fmt.Errorf("line %d is no field: %.40q", n, line)
		}
		if now == nil {
			now = stanza{}
			all = append(all, now)
		}
		if _, twice := now[name]; twice {
			return nil, fmt.Errorf("line %d: field %.40q is there twice", n, name)
		}
		field, now[name] = name, strings.TrimSpace(value)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("after %d paragraphs: %w", len(all), err)
	}
	return all, nil
}

// parseDepends gives the names in a Depends field: of alternatives the first, without
// versions and architectures.
func parseDepends(s string) (names []string) {
	for clause := range strings.SplitSeq(s, ",") {
		first, _, _ := strings.Cut(clause, "|")
		first, _, _ = strings.Cut(first, "(")
		first, _, _ = strings.Cut(strings.TrimSpace(first), ":")
		if first = strings.TrimSpace(first); first != "" {
			names = append(names, first)
		}
	}
	return names
}
