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
		{"a program", "\x7fELF\x00\x01", "the file is not text"},
		{"a text in another encoding", "name: \xff\xfe", "the file is not text"},
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

// TestRequestsThatNoServerUnderstandsAreRefused changes one line of a valid scenario at a time.
func TestRequestsThatNoServerUnderstandsAreRefused(t *testing.T) {
	for _, test := range []struct{ why, old, new, want string }{
		{"a method and more", "method: POST", `method: "GET / HTTP/1.1\r\nX: y"`, `the method "GET / HTTP/1.1\r\nX: y" is not valid`},
		{"a method in small letters", "method: POST", "method: post", "is not valid; use capital letters"},
		{"a header's name", "method: POST", "headers: {\"X Y\": a}", `the header "X Y" is not valid`},
		{"a header that is set automatically", "method: POST", "headers: {content-length: \"5\"}", "content-length is set automatically"},
		{"a status that does not exist", "completed: [200]}", "completed: [99]}", "99 is not a status"},
		{"a status with two meanings", "rejected: [429, 503]", "rejected: [429, 201]", "201 is already among the completed statuses"},
		{"two places", "method: POST", "extract: {id: {json: id, header: X-Id}}", "json and header exclude each other"},
		{"a path of another language", "method: POST", "extract: {id: {json: $.id}}", "the path begins with $; write id"},
		{"a pause beyond its cap", "base: 1s, cap: 10s", "base: 11s, cap: 10s", "the first pause, base 11s, is longer than the longest, cap 10s"},
		{"a port that does not exist", "127.0.0.1:8080", "127.0.0.1:99999", "is not the URL of a service"},
		{"a URL with a query", "127.0.0.1:8080", "127.0.0.1:8080/base?q=1", "is not the URL of a service"},
	} {
		text := strings.Replace(string(scenarios.Template()), test.old, test.new, 1)
		if text == string(scenarios.Template()) {
			t.Fatalf("%s: nothing was changed", test.why)
		}
		if _, err := scenarios.Parse("file.yaml", []byte(text), fstest.MapFS{}); err == nil || !strings.Contains(err.Error(), test.want) || !strings.HasPrefix(err.Error(), "file.yaml:") {
			t.Errorf("%s: %v, want %q with its place", test.why, err, test.want)
		}
	}
}

// TestPendingIsNotCompleted: a status listed as pending is not among the default completed statuses.
func TestPendingIsNotCompleted(t *testing.T) {
	text := strings.Replace(string(scenarios.Template()), "expect: {completed: [200]}", "kind: poll\n    patience: 1m\n    expect: {pending: [202]}", 1)
	scenario, err := scenarios.Parse("file.yaml", []byte(text), fstest.MapFS{})
	if err != nil {
		t.Fatal(err)
	}
	if got := scenario.Journey[0].Expect.Completed; len(got) != 3 || got[0] != 200 || got[1] != 201 || got[2] != 204 {
		t.Errorf("completed: %v", got)
	}
}
