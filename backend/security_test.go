package backend_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// TestSecurityDocumentNamesTests: whatever docs/explanation/security.md claims is shown by a test that is there.
func TestSecurityDocumentNamesTests(t *testing.T) {
	text, err := os.ReadFile("../docs/explanation/security.md")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{"store", "../drill"} { // drill opens the key
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
			t.Errorf("%s is named and is not there", match[1])
		}
	}
	if len(named) < 30 {
		t.Errorf("%d tests are named; is the document read right?", len(named))
	}
}
