package backend_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
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
	var files []string
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && len(entry.Name()) > 2 && strings.HasPrefix(entry.Name(), "."): // tools, and the history
			return filepath.SkipDir
		case strings.HasSuffix(path, "_test.go"):
			files = append(files, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
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
