package scenarios

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/ombak-sim/ombak/journey/funnel"
)

// WriteInterventions returns actions as the interventions of a scenario file.
func WriteInterventions(actions []funnel.Action) []byte {
	var text bytes.Buffer
	if len(actions) == 0 {
		return []byte("interventions: []\n")
	}
	text.WriteString("interventions:\n")
	for _, action := range actions {
		fmt.Fprintf(&text, "  - {at: %v, ", action.At)
		if action.For > 0 {
			fmt.Fprintf(&text, "for: %v, ", action.For)
		}
		fmt.Fprintf(&text, "do: %s", action.Do)
		if action.On != "" {
			text.WriteString(", on: " + quoted(action.On))
		}
		if len(action.With) > 0 {
			var with []string
			for _, name := range slices.Sorted(maps.Keys(action.With)) {
				with = append(with, name+": "+quoted(action.With[name]))
			}
			text.WriteString(", with: {" + strings.Join(with, ", ") + "}")
		}
		if action.By != "" {
			text.WriteString(", by: " + quoted(action.By))
		}
		text.WriteString("}\n")
	}
	return text.Bytes()
}

// quoted writes a text as a double-quoted YAML scalar.
func quoted(text string) string { return strconv.QuoteToGraphic(text) }

// write returns the flags as a mapping of a scenario file.
func (p Play) write() string {
	var parts, thresholds []string
	for _, flag := range p.Flags() {
		switch flag.Name {
		case "threshold":
			thresholds = append(thresholds, quoted(flag.Value))
		case "plan", "window", "gate-url", "mocks-url":
			parts = append(parts, strings.ReplaceAll(flag.Name, "-", "_")+": "+quoted(flag.Value))
		default:
			parts = append(parts, strings.ReplaceAll(flag.Name, "-", "_")+": "+flag.Value)
		}
	}
	if len(thresholds) > 0 {
		parts = append(parts, "thresholds: ["+strings.Join(thresholds, ", ")+"]")
	}
	return "play: {" + strings.Join(parts, ", ") + "}\n"
}

// WriteReplay returns the scenario file with other interventions and flags. The defaults of secret variables are left
// out.
func (s *Scenario) WriteReplay(actions []funnel.Action, play Play) ([]byte, error) {
	switch {
	case s.Replaced():
		return nil, errors.New("people came as the file of --arrivals says, which no scenario names; add interventions.yaml to the scenario, and give --arrivals again")
	case s.source.values != nil:
		return nil, errors.New("the parameters were those of --model, which no scenario names; add interventions.yaml to the scenario, and give --model again")
	}
	root, is := s.source.root.(*ast.MappingNode)
	if !is || root.IsFlowStyle {
		return nil, errors.New("the scenario is not written in lines of keys, so its replay cannot be written; ombak scenario show prints one that is")
	}
	lines := strings.SplitAfter(strings.TrimPrefix(string(s.source.text), byteOrderMark), "\n")
	if err := s.blankSecrets(root, lines); err != nil {
		return nil, err
	}
	indent, from := "", len(lines)
	for _, entry := range slices.Backward(root.Values) {
		at := entry.Key.GetToken().Position
		indent = strings.Repeat(" ", max(0, at.Column-1))
		if key := scalarText(entry.Key); key == "interventions" || key == "play" {
			lines = slices.Delete(lines, at.Line-1, from)
		}
		from = at.Line - 1
	}
	text := strings.Join(lines, "")
	if !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	for line := range strings.Lines("\n" + play.write() + string(WriteInterventions(actions))) {
		if line != "\n" {
			line = indent + line
		}
		text += line
	}
	again, err := parse(s.source.file, []byte(text))
	if err != nil {
		return nil, fmt.Errorf("the replay of this scenario cannot be written: %w", err)
	}
	if mapping, is := again.root.(*ast.MappingNode); !is || len(mapping.Values) < 2 {
		return nil, errors.New("the replay of this scenario cannot be written, because it ends in something other than keys")
	}
	return []byte(text), nil
}

// blankSecrets empties the defaults of secret variables.
func (s *Scenario) blankSecrets(root *ast.MappingNode, lines []string) error {
	for name, variable := range s.Vars {
		if !variable.Secret || variable.Default == "" {
			continue
		}
		node := find(root, "vars", name, "default")
		if node == nil {
			return fmt.Errorf("the default of the secret variable %s cannot be left out of the replay; give it with --var instead", name)
		}
		token := node.GetToken()
		line, written := lines[token.Position.Line-1], strings.TrimSpace(token.Origin)
		column := token.Position.Column - 1
		if runes := []rune(line); column <= len(runes) {
			head, rest := string(runes[:column]), string(runes[column:])
			if after, found := strings.CutPrefix(rest, written); found {
				lines[token.Position.Line-1] = head + `""` + after
				continue
			}
		}
		return fmt.Errorf("the default of the secret variable %s spans lines, so it cannot be left out of the replay; give it with --var instead", name)
	}
	return nil
}

// find returns the value under keys, or nil.
func find(node ast.Node, keys ...string) ast.Node {
	for _, key := range keys {
		entries := pairs(node)
		place := slices.IndexFunc(entries, func(entry *ast.MappingValueNode) bool { return scalarText(entry.Key) == key })
		if place < 0 {
			return nil
		}
		node = entries[place].Value
	}
	return node
}

// noted is a file system that notes which files are read.
type noted struct {
	fs.FS
	names map[string]bool
}

func (n noted) Open(name string) (fs.File, error) {
	file, err := n.FS.Open(name)
	if err == nil {
		n.names[name] = true
	}
	return file, err
}
