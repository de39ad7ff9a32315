package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestContributingNamesTheFiles holds the walks of CONTRIBUTING.md against the code: the files in the table of a walk
// are exactly those whose code, comments aside, mentions the example.
func TestContributingNamesTheFiles(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(repository, "CONTRIBUTING.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, walk := range []struct {
		heading string
		example *regexp.Regexp // in identifiers and strings
		most    int            // files that the kind of change may take
	}{
		{"Add a policy", regexp.MustCompile(`^tokenBucket$|^token-bucket$`), 4},
		{"Add a registry", regexp.MustCompile(`^dapodik|^Dapodik`), 4},
		{"Add a formula", regexp.MustCompile(`^ttl$|TTL`), 3},
		{"Add a figure", regexp.MustCompile(`(?i)^(draw)?spectrum(Figure)?$`), 3},
	} {
		named := filesOfWalk(t, string(text), walk.heading)
		mentioned := filesThatMention(t, walk.example)
		if walk.heading == "Add a formula" { // serve's --session-ttl and the like are other lives
			mentioned = slices.DeleteFunc(mentioned, func(file string) bool {
				return !strings.HasPrefix(file, "capacity/") && !strings.HasPrefix(file, "cmd/ombak/calc")
			})
		}
		if !slices.Equal(named, mentioned) {
			t.Errorf("%s: the table names %q, the code has the example in %q", walk.heading, named, mentioned)
		}
		if len(named) > walk.most {
			t.Errorf("%s takes %d files, more than %d", walk.heading, len(named), walk.most)
		}
	}
}

// filesOfWalk returns the files in the first column of the table below a heading, sorted.
func filesOfWalk(t *testing.T, text, heading string) []string {
	t.Helper()
	_, section, found := strings.Cut(text, "## "+heading+"\n")
	if !found {
		t.Fatalf("CONTRIBUTING.md has no section %q", heading)
	}
	section, _, _ = strings.Cut(section, "\n## ")
	var files []string
	for _, row := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\|").FindAllStringSubmatch(section, -1) {
		files = append(files, row[1])
	}
	slices.Sort(files)
	return files
}

// filesThatMention returns the source files, tests aside, in which an identifier or a string matches, sorted.
func filesThatMention(t *testing.T, example *regexp.Regexp) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(repository, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && path != repository && strings.HasPrefix(entry.Name(), "."):
			return fs.SkipDir
		case !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		if mentions(parsed, example) {
			relative, err := filepath.Rel(repository, path)
			files = append(files, filepath.ToSlash(relative))
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(files)
	return files
}

func mentions(file *ast.File, example *regexp.Regexp) (found bool) {
	ast.Inspect(file, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.Ident:
			found = found || example.MatchString(node.Name)
		case *ast.BasicLit:
			found = found || node.Kind == token.STRING && example.MatchString(strings.Trim(node.Value, "\"`"))
		}
		return !found
	})
	return found
}
