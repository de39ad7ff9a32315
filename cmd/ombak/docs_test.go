package main

import (
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	fenced   = regexp.MustCompile("(?ms)^```.*?^```")
	inline   = regexp.MustCompile("`[^`\n]*`")
	link     = regexp.MustCompile(`\]\(([^()\s]+)\)`)
	heading  = regexp.MustCompile(`(?m)^#{1,6} +(.+?) *$`)
	noAnchor = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// TestDocumentLinks checks that every relative link in a Markdown file leads to a file and a heading, and
// that every page below docs can be reached from README.md.
func TestDocumentLinks(t *testing.T) {
	root := os.DirFS("../..")
	pages := markdown(t, root)
	reached := map[string]bool{}
	next := []string{"README.md"}
	for name, text := range pages {
		for _, target := range links(text) {
			file, anchor := resolve(name, target)
			if _, err := fs.Stat(root, file); err != nil {
				t.Errorf("%s: the link %s leads nowhere", name, target)
			}
			if other, isPage := pages[file]; isPage && anchor != "" && !anchors(other)[anchor] {
				t.Errorf("%s: the link %s names no heading of %s", name, target, file)
			}
		}
	}
	for len(next) > 0 {
		name := next[0]
		next = next[1:]
		if reached[name] {
			continue
		}
		reached[name] = true
		for _, target := range links(pages[name]) {
			if file, _ := resolve(name, target); pages[file] != "" {
				next = append(next, file)
			}
		}
	}
	for name := range pages {
		if strings.HasPrefix(name, "docs/") && !reached[name] {
			t.Errorf("%s cannot be reached from README.md", name)
		}
	}
}

// markdown returns the text of every Markdown file by its path.
func markdown(t *testing.T, root fs.FS) map[string]string {
	t.Helper()
	pages := map[string]string{}
	err := fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && name != "." && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "ombak-out") {
			return filepath.SkipDir
		}
		if path.Ext(name) != ".md" {
			return nil
		}
		text, err := fs.ReadFile(root, name)
		pages[name] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return pages
}

// links returns the relative links of a page, except those in code.
func links(text string) (targets []string) {
	text = inline.ReplaceAllString(fenced.ReplaceAllString(text, ""), "")
	for _, match := range link.FindAllStringSubmatch(text, -1) {
		if parsed, err := url.Parse(match[1]); err != nil || parsed.Scheme == "" {
			targets = append(targets, match[1])
		}
	}
	return targets
}

// resolve returns the file and the anchor of a link on a page.
func resolve(page, target string) (file, anchor string) {
	target, anchor, _ = strings.Cut(target, "#")
	if target == "" {
		return page, anchor
	}
	return path.Join(path.Dir(page), target), anchor
}

// anchors returns the headings of a page as GitHub spells them in links.
func anchors(text string) map[string]bool {
	all := map[string]bool{}
	for _, match := range heading.FindAllStringSubmatch(fenced.ReplaceAllString(text, ""), -1) {
		plain := noAnchor.ReplaceAllString(strings.ToLower(match[1]), "")
		all[strings.ReplaceAll(plain, " ", "-")] = true
	}
	return all
}
