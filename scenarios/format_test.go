package scenarios_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/ombak-sim/ombak/scenarios"
)

func TestFormat(t *testing.T) {
	for _, row := range []struct{ why, text, want string }{
		{
			"keys come in the order of the reference, with their comments", "# about the file\n\nseed: 1\n# what happens\njourney:\n- name: a # first\n\n  # inside\n- name: b\nschema: ombak.scenario/v1\nname: x\n",
			"# about the file\n\nschema: ombak.scenario/v1\nname: x\nseed: 1\n\n# what happens\njourney:\n- name: a # first\n\n  # inside\n- name: b\n",
		},
		{"a text of several lines keeps them", "name: x\nschema: s\ndescription: |\n  one\n\n  # two\nseed: 1", "schema: s\nname: x\n\ndescription: |\n  one\n\n  # two\n\nseed: 1\n"},
		{"a blank line stays where there was one", "schema: s\n\nname: x\n", "schema: s\n\nname: x\n"},
		{"the end of lines of other systems", "name: x\r\nschema: s\r\n", "schema: s\nname: x\n"},
		{"a comment at the end", "schema: s\nname: x\n# the end\n", "schema: s\n\nname: x\n# the end\n"},
		{"a document mark", "---\nname: x\nschema: s\n", "---\nschema: s\nname: x\n"},
	} {
		got, err := scenarios.Format("x.yaml", []byte(row.text))
		if err != nil || string(got) != row.want {
			t.Errorf("%s: %v\n got %q\nwant %q", row.why, err, got, row.want)
			continue
		}
		if again, err := scenarios.Format("x.yaml", got); err != nil || !bytes.Equal(again, got) {
			t.Errorf("%s: formatted again it is %q, %v", row.why, again, err)
		}
	}
	for why, text := range map[string]string{
		"an anchor that is used before it is set": "stations: &a {web: {servers: 1}}\nname: *a\n",
		"one line of braces":                      "{name: x, schema: s}",
		"no YAML":                                 "name: [x\n",
		"nothing":                                 "",
	} {
		if got, err := scenarios.Format("x.yaml", []byte(text)); err == nil {
			t.Errorf("%s: formatted to %q", why, got)
		}
	}
}

// FuzzFormat formats anything twice: it does not panic, and stays as it is the second time.
func FuzzFormat(f *testing.F) {
	for _, name := range scenarios.Bundled() {
		scenario, err := scenarios.Load(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(scenario.Source()))
	}
	f.Add("b: 1\n# c\na: |\n x\n\n")
	f.Fuzz(func(t *testing.T, text string) {
		once, err := scenarios.Format("x.yaml", []byte(text))
		if err != nil {
			return
		}
		twice, err := scenarios.Format("x.yaml", once)
		if err != nil || !bytes.Equal(once, twice) {
			t.Errorf("%q becomes %q and then %q, %v", text, once, twice, err)
		}
	})
}

// TestBundledScenariosKeepTheirComments formats the bundled files.
func TestBundledScenariosKeepTheirComments(t *testing.T) {
	for _, name := range scenarios.Bundled() {
		scenario, err := scenarios.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		formatted, err := scenarios.Format(name, scenario.Source())
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if strings.Count(string(formatted), "\n#") < strings.Count(string(scenario.Source()), "\n#") {
			t.Errorf("%s: comments are lost", name)
		}
	}
}
