package main

import (
	"go/build/constraint"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestEveryTagIsRun: each tag by which a file of tests is chosen is one that the Makefile gives to go test
// and to go vet. A tag that nobody gives would leave its tests out for ever.
func TestEveryTagIsRun(t *testing.T) {
	text, err := os.ReadFile("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	vetted, run := tagsIn(string(text), "TAGS "), map[string]bool{}
	for line := range strings.Lines(string(text)) {
		if _, after, found := strings.Cut(line, "go test"); found {
			for tag := range tagsIn(after, "-tags ") {
				run[tag] = true
			}
		}
	}
	for tag, file := range testTags(t) {
		if !vetted[tag] {
			t.Errorf("%s is chosen by the tag %s, which is not among TAGS in the Makefile", file, tag)
		}
		if !run[tag] {
			t.Errorf("%s is chosen by the tag %s, which the Makefile gives to no go test", file, tag)
		}
	}
}

// tagsIn reads the lists of tags that follow a word.
func tagsIn(text, word string) map[string]bool {
	tags := map[string]bool{}
	for _, after := range strings.Split(text, word)[1:] {
		list, _, _ := strings.Cut(strings.TrimLeft(after, ":= "), "\n")
		list, _, _ = strings.Cut(list, " ")
		for tag := range strings.SplitSeq(list, ",") {
			tags[tag] = true
		}
	}
	return tags
}

// testTags returns the tags of the repository's tests that are of no system, each with a file.
func testTags(t *testing.T) map[string]string {
	t.Helper()
	tags := map[string]string{}
	root := os.DirFS("../..")
	err := fs.WalkDir(root, ".", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := fs.ReadFile(root, path)
		if err != nil {
			return err
		}
		line, _, _ := strings.Cut(string(text), "\n")
		if !constraint.IsGoBuild(line) {
			return nil
		}
		expression, err := constraint.Parse(line)
		if err != nil {
			return err
		}
		expression.Eval(func(tag string) bool {
			if !slices.Contains([]string{"linux", "unix", "darwin", "windows"}, tag) {
				tags[tag] = filepath.FromSlash(path)
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return tags
}
