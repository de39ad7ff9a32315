package backend_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// TestSecurityDocumentNamesTests checks that every test named on the security pages exists.
func TestSecurityDocumentNamesTests(t *testing.T) {
	var text []byte
	for _, page := range []string{"security.md", "waiting-room.md"} {
		more, err := os.ReadFile("../docs/explanation/" + page)
		if err != nil {
			t.Fatal(err)
		}
		text = append(text, more...)
	}
	files, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{"store", "outbox", "postgres", "../drill", "../resilience", "../listener", "../cmd/ombak", "../scenarios", "../report", "../report/render"} { // the key is opened in drill
		more, err := filepath.Glob(folder + "/*_test.go")
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, more...)
	}
	there := map[string]bool{}
	for _, file := range files {
		code, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)`).FindAllSubmatch(code, -1) {
			there[string(match[1])] = true
		}
	}
	named := regexp.MustCompile("`((?:Test|Fuzz)\\w+)`").FindAllSubmatch(text, -1)
	for _, match := range named {
		if !there[string(match[1])] {
			t.Errorf("%s is named and does not exist", match[1])
		}
	}
	if len(named) < 30 {
		t.Errorf("only %d tests are named; check how the document is parsed", len(named))
	}
}
