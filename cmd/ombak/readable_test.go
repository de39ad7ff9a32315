package main

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// TestErrorsAreReadable checks that lines of an error are short, and keep their beginning and their end.
func TestErrorsAreReadable(t *testing.T) {
	const end = "; give another name"
	for _, name := range []string{"short", strings.Repeat("é", 5<<20)} {
		got := readable("first line\nthe name " + name + end)
		if longest := strings.Split(got, "\n")[1]; len(longest) > maxLine || !strings.HasSuffix(longest, end) || !strings.HasPrefix(longest, "the name ") || !utf8.ValidString(got) {
			t.Errorf("%d bytes: %.80s", len(longest), longest)
		}
	}
}
