package draft_test

import (
	"bytes"
	"compress/gzip"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/klauspost/compress/zstd"

	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/scenarios/draft"
	"github.com/ombak-sim/ombak/setup"
)

// drawn returns the scenario made from a text, which check accepts.
func drawn(t *testing.T, text string, options draft.Options) (*scenarios.Scenario, draft.Result) {
	t.Helper()
	if options.Name == "" {
		options.Name = "mine"
	}
	made, err := draft.From([]byte(text), options)
	if err != nil {
		t.Fatal(err)
	}
	return checked(t, made), made
}

// checked returns the scenario of a result, which check accepts.
func checked(t *testing.T, made draft.Result) *scenarios.Scenario {
	t.Helper()
	scenario, err := scenarios.Parse("mine.yaml", made.Scenario, beside(made))
	if err == nil {
		err = setup.Check(scenario)
	}
	if err != nil {
		t.Fatalf("%v in\n%s", err, made.Scenario)
	}
	return scenario
}

func beside(made draft.Result) fs.FS {
	files := fstest.MapFS{}
	for name, content := range made.Files {
		files[name] = &fstest.MapFile{Data: content}
	}
	return files
}

// holds fails unless the scenario and the notes hold all wanted texts. A wanted text that begins with "note:" is
// looked for among the notes, one that begins with "no:" must stand nowhere.
func holds(t *testing.T, made draft.Result, wanted ...string) {
	t.Helper()
	notes := strings.Join(made.Notes, "\n")
	for _, want := range wanted {
		if text, is := strings.CutPrefix(want, "note:"); is {
			if !strings.Contains(notes, text) {
				t.Errorf("no note says %q:\n%s", text, notes)
			}
		} else if text, is := strings.CutPrefix(want, "no:"); is {
			if strings.Contains(string(made.Scenario)+notes, text) {
				t.Errorf("%q stands in\n%s\n%s", text, made.Scenario, notes)
			}
		} else if !strings.Contains(string(made.Scenario), want) {
			t.Errorf("%q is not in\n%s", want, made.Scenario)
		}
	}
}

func names(scenario *scenarios.Scenario) string {
	var all []string
	for _, step := range scenario.Journey {
		all = append(all, step.Name)
	}
	return strings.Join(all, " ")
}

func TestDraftsSayWhatIsWrong(t *testing.T) {
	for _, test := range []struct{ why, kind, text, want string }{
		{"an unknown kind", "swagger", "", `cannot be made from "swagger"; use one of har, openapi, access-log, postman, k6, curl`},
		{"an older version", "openapi", "swagger: '2.0'\ninfo: {title: a, version: '1'}\npaths: {}\n", "give a description of OpenAPI 3"},
		{"nothing described", "openapi", "openapi: 3.0.0\ninfo: {title: a, version: '1'}\npaths: {}\n", "it describes no operation"},
		{"no YAML", "openapi", "a: [", "no scenario can be made from this openapi file"},
		{"no archive", "har", "{}", "it has no log"},
		{"another list", "har", "[]", "it is no HTTP archive"},
		{"nothing that can be replayed", "har", `{"log":{"entries":[{"request":{"method":"GET","url":"about:blank"}}]}}`, "no request that can be replayed"},
		{"no log", "access-log", "nonsense", "line 1: "},
		{"an empty log", "access-log", "\n\n", "it holds no request"},
		{"a collection without requests", "postman", `{"info":{}}`, "no request that can be replayed"},
		{"an old collection", "postman", `{"requests":[{}]}`, "export it as a collection of version 2.1"},
		{"no script", "k6", "export default function (", "it is no JavaScript that can be read"},
		{"a script that nobody runs", "k6", "const a = 1;", "it exports no function that people run"},
		{"a script that fails at once", "k6", "throw new Error('no');", "its top level cannot be run"},
		{"no command", "curl", "echo hello", "no request that can be replayed"},
		{"no shell", "curl", "curl 'http://a", "no scenario can be made from this curl file"},
		{"cut off at its very beginning", "har", "\x1f\x8b", "cannot be unpacked"},
	} {
		if _, err := draft.From([]byte(test.text), draft.Options{Kind: test.kind, Name: "x"}); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", test.why, err, test.want)
		}
	}
}

// Compressed sources, and sources with a byte order mark, are read as if they were plain.
func TestSourcesAreUnpacked(t *testing.T) {
	plain := `h - - [11/Apr/2020:19:00:00 +0700] "GET /caf` + "\u00e9" + ` HTTP/1.1" 200 5` + "\n"
	var gz, zst bytes.Buffer
	w := gzip.NewWriter(&gz)
	_, _ = w.Write([]byte(plain))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	z, err := zstd.NewWriter(&zst)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = z.Write([]byte(plain))
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	wide := []byte{0xff, 0xfe}
	for _, r := range plain {
		wide = append(wide, byte(r), byte(r>>8))
	}
	want, _ := draft.From([]byte(plain), draft.Options{Kind: "access-log", Name: "x"})
	for _, test := range []struct {
		why  string
		text []byte
	}{
		{"gzip", gz.Bytes()},
		{"gzip that was cut off in its last bytes", gz.Bytes()[:gz.Len()-4]},
		{"zstd", zst.Bytes()},
		{"UTF-8 with a byte order mark", append([]byte("\xef\xbb\xbf"), plain...)},
		{"UTF-16, as PowerShell writes it", wide},
	} {
		made, err := draft.From(test.text, draft.Options{Kind: "access-log", Name: "x"})
		if err != nil || !bytes.Equal(made.Scenario, want.Scenario) {
			t.Errorf("%s: %v, and the scenario\n%s", test.why, err, made.Scenario)
		}
	}
}

// What cannot be written as a step is left out with a note, and the values that it would have given become variables.
func TestUnwritableStepsAreLeftOut(t *testing.T) {
	_, made := drawn(t, `{"log":{"entries":[
	{"request":{"method":"GET","url":"https://a.example/x","headers":[{"name":"X-Odd","value":"`+"\\u0000"+`"}]},"response":{"status":200}},
	{"request":{"method":"GET","url":"https://a.example/y"},"response":{"status":200}}]}}`, draft.Options{Kind: "har"})
	holds(t, made, `path: "/y"`)
}

// mustLoad fails if a draft was made that check refuses.
func mustLoad(t *testing.T, text string, options draft.Options) {
	options.Name = "x"
	if made, err := draft.From([]byte(text), options); err == nil {
		checked(t, made)
	}
}
