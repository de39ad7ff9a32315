package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// Every formula computes its example, and answers only keys that its descriptor lists.
func TestFormulaExamples(t *testing.T) {
	for _, f := range formulas() {
		if f.arguments != "" {
			continue // needs a file; calc.txtar computes it
		}
		t.Run(f.name, func(t *testing.T) {
			var out, errs bytes.Buffer
			arguments := slices.Concat([]string{"ombak", "calc", f.name, "--json"}, strings.Fields(f.example))
			if err := newApp(streams{out: &out, err: &errs}).Run(arguments); err != nil {
				t.Fatalf("%s: %v\n%s", f.example, err, errs.String())
			}
			var answer map[string]any
			if err := json.Unmarshal(out.Bytes(), &answer); err != nil {
				t.Fatal(err)
			}
			for _, figure := range f.figures {
				if _, known := answer[figure.key]; !known {
					t.Errorf("the answer lacks %s: %s", figure.key, out.String())
				}
				delete(answer, figure.key)
			}
			if len(answer) > 0 {
				t.Errorf("the descriptor lacks %v", answer)
			}
		})
	}
}

// The generated part of docs/reference/formulas.md follows from the descriptors.
func TestFormulasPage(t *testing.T) {
	const (
		page  = "../../docs/reference/formulas.md"
		begin = "<!-- generated from the descriptors of ombak calc -->\n"
		end   = "<!-- end of the generated part -->\n"
	)
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(text), begin)
	_, after, ended := strings.Cut(rest, end)
	if !found || !ended {
		t.Fatalf("%s lacks the lines %q and %q", page, begin, end)
	}
	want := before + begin + formulasMarkdown() + end + after
	if *update {
		if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if string(text) != want {
		t.Errorf("%s differs from the descriptors; update it with go test ./cmd/ombak -run FormulasPage -update", page)
	}
}

// formulasMarkdown lists an example of every formula, and every key of an answer.
func formulasMarkdown() string {
	var calls, keys strings.Builder
	users := map[figure][]string{}
	var order []figure
	for _, f := range formulas() {
		fmt.Fprintf(&calls, "ombak calc %-12s %s\n", f.name, f.example)
		for _, figure := range f.figures {
			if users[figure] == nil {
				order = append(order, figure)
			}
			users[figure] = append(users[figure], "`"+f.name+"`")
		}
	}
	for _, figure := range order {
		unit := strings.TrimSpace(figure.unit)
		if unit == "" {
			unit = "–"
		}
		fmt.Fprintf(&keys, "| `%s` | %s | %s | %s |\n", figure.key, unit, figure.meaning, strings.Join(users[figure], " "))
	}
	return "```\n" + calls.String() + "```\n\n`--json` prints an object with these keys:\n\n| key | unit | meaning | formulas |\n|---|---|---|---|\n" + keys.String()
}
