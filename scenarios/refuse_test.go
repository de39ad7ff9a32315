package scenarios_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/ombak-sim/ombak/scenarios"
)

func TestWhatIsNoScenarioIsRefusedInOneLine(t *testing.T) {
	for _, test := range []struct{ why, text, want string }{
		{"an empty file", "", "the file is empty"},
		{"nothing but a comment", "# soon\n", "the file is empty"},
		{"brackets that would take all memory to parse", strings.Repeat("[", 200_000), "nested too deep"},
		{"braces too", strings.Repeat("{a: ", 200_000), "nested too deep"},
		{"dashes on one line", strings.Repeat("- ", 200_000), "nested too deep"},
		{"a program", "\x7fELF\x00\x01", "this is no text"},
		{"a text of another encoding", "name: \xff\xfe", "this is no text"},
		{"a long word", strings.Repeat("x", 5000), "expected a mapping"},
	} {
		_, err := scenarios.Parse("file.yaml", []byte(test.text), fstest.MapFS{})
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %.300v, want %q", test.why, err, test.want)
		} else if len(err.Error()) > 1000 {
			t.Errorf("%s: the message has %d bytes", test.why, len(err.Error()))
		}
	}
}

func TestByteOrderMarkIsSkipped(t *testing.T) {
	if _, err := scenarios.Parse("file.yaml", append([]byte("\ufeff# "+strings.Repeat("-", 200)+"\n"), scenarios.Template()...), fstest.MapFS{}); err != nil {
		t.Error(err)
	}
}

func TestBracketsInTextsAreNoNesting(t *testing.T) {
	many := strings.Repeat("[{ - ", 300)
	text := "# " + many + "\n" + strings.Replace(string(scenarios.Template()), "targets:", "description: \""+many+"\"\ntitle: '"+many+"' # "+many+"\nsources:\n  - |\n    "+many+"\ntargets:", 1)
	_, err := scenarios.Parse("file.yaml", []byte(text), fstest.MapFS{})
	if err != nil && strings.Contains(err.Error(), "nested too deep") {
		t.Error(err)
	}
}
