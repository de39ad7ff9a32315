package scenarios

import (
	"bytes"
	"errors"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
)

// section is a key of the whole file, with the comments above it and everything below it.
type section struct {
	key    string
	lines  []string
	spaced bool // a blank line stands before it
}

var topKey = regexp.MustCompile(`^["']?([A-Za-z_][A-Za-z0-9_]*)["']?:(\s|$)`)

// Format returns a scenario file with its keys in the order of the reference, a blank line around each that takes several lines,
// and everything else as it was, comments included. A formatted file stays as it is. It returns an error if the file is not YAML
// of one mapping, or if its order matters.
func Format(file string, text []byte) ([]byte, error) {
	if _, err := parse(file, text); err != nil {
		return nil, err
	}
	fail := func(message string) error { return Mistakes{{File: file, Line: 1, Column: 1, Message: message}} }
	head, sections := sectionsOf(string(text))
	if len(sections) == 0 {
		return nil, fail("the file is not a mapping with a key on a line of its own; write it in block style, as ombak scenario init does")
	}
	order := orderOf(reflect.TypeFor[Scenario]())
	slices.SortStableFunc(sections, func(a, b section) int { return order[a.key] - order[b.key] })
	formatted := []byte(written(head, sections))
	var before, after any
	err := errors.Join(yaml.Unmarshal(text, &before), yaml.Unmarshal(formatted, &after))
	if err != nil || !reflect.DeepEqual(before, after) {
		return nil, fail("the order of the file matters, perhaps because of an anchor, so it stays as it is")
	}
	return formatted, nil
}

// sectionsOf takes a file apart. The head is what stands before the first key and belongs to none: comments at the beginning.
func sectionsOf(text string) (head []string, sections []section) {
	text = strings.TrimPrefix(text, byteOrderMark)
	var above []string // comments and blank lines whose place is not known yet
	for line := range strings.SplitSeq(strings.TrimRight(strings.ReplaceAll(text, "\r\n", "\n"), "\n \t"), "\n") {
		match := topKey.FindStringSubmatch(line)
		bare := strings.TrimSpace(line)
		switch {
		case match != nil:
			spaced := false
			if len(sections) == 0 {
				head, above = above, nil
			}
			for len(above) > 0 && above[0] == "" {
				above, spaced = above[1:], true
			}
			sections = append(sections, section{match[1], append(above, line), spaced})
			above = nil
		case bare == "" || strings.HasPrefix(line, "#"):
			above = append(above, strings.TrimRight(line, " \t"))
		case len(sections) == 0: // a document mark, or no mapping
			above = append(above, line)
		default:
			last := &sections[len(sections)-1]
			last.lines, above = append(append(last.lines, above...), line), nil
		}
	}
	if len(sections) > 0 {
		last := &sections[len(sections)-1]
		last.lines = append(last.lines, above...)
	}
	return head, sections
}

// orderOf returns the place of each key of a struct, from 1. Others have none and come first, where a reader sees them.
func orderOf(t reflect.Type) map[string]int {
	order := map[string]int{}
	for i := range t.NumField() {
		if name, _, _ := strings.Cut(t.Field(i).Tag.Get("yaml"), ","); name != "" && name != "-" {
			order[name] = i + 1
		}
	}
	return order
}

func written(head []string, sections []section) string {
	var out bytes.Buffer
	for _, line := range head {
		out.WriteString(line + "\n")
	}
	for i, s := range sections {
		if i > 0 && (s.spaced || len(s.lines) > 1 || len(sections[i-1].lines) > 1) {
			out.WriteString("\n")
		}
		out.WriteString(strings.Join(s.lines, "\n") + "\n")
	}
	return out.String()
}
