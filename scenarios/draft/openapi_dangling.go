package draft

import (
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/pb33f/go-yaml"
)

// externalReference matches a reference into another file.
var externalReference = regexp.MustCompile(`\$ref["']?\s*:\s*["']?[^"'#\s{]`)

// mend replaces references that lead nowhere, or into other files, and notes them.
func (d *draft) mend(text []byte) (mended []byte, any bool) {
	mended, dangling, err := withoutDangling(text)
	if err != nil || len(dangling) == 0 {
		return text, false
	}
	const listed = 5
	files := 0
	for _, reference := range dangling {
		if strings.HasPrefix(reference, "#") {
			d.notes.say("the reference %s leads nowhere; what it stands for is made up", d.original(reference))
		} else if files++; files <= listed {
			d.notes.say("the reference %s leads into another file%s; what it stands for is left out", reference, d.unreached[fileOf(reference)])
		}
	}
	if files > 0 {
		d.notes.say("%s into other files; bundle the description into one file first, for example with redocly bundle", count(files, "reference"))
	}
	return mended, true
}

// withoutDangling returns a description in which references to what does not exist are empty objects, and these
// references. The parser would lose everything around them.
func withoutDangling(text []byte) (mended []byte, dangling []string, err error) {
	var root yaml.Node
	if err := yaml.Unmarshal(text, &root); err != nil || len(root.Content) == 0 {
		return text, nil, err
	}
	eachReference(&root, func(holder, reference *yaml.Node) {
		if exists(root.Content[0], reference.Value) {
			return
		}
		if !slices.Contains(dangling, reference.Value) {
			dangling = append(dangling, reference.Value)
		}
		holder.Content = nil
	})
	if len(dangling) == 0 {
		return text, nil, nil
	}
	mended, err = yaml.Marshal(&root)
	return mended, dangling, err
}

// eachReference visits every object with a reference, once, before what the object holds.
func eachReference(root *yaml.Node, visit func(holder, reference *yaml.Node)) {
	seen := map[*yaml.Node]bool{}
	var walk func(*yaml.Node)
	walk = func(at *yaml.Node) {
		if at == nil || seen[at] {
			return
		}
		seen[at] = true
		if at.Kind == yaml.AliasNode {
			walk(at.Alias)
			return
		}
		if reference := valueOf(at, "$ref"); reference != nil && reference.Kind == yaml.ScalarNode {
			visit(at, reference)
		}
		for _, part := range at.Content {
			walk(part)
		}
	}
	walk(root)
}

// valueOf returns the value of a key, or nil.
func valueOf(at *yaml.Node, key string) *yaml.Node {
	if at.Kind == yaml.AliasNode {
		at = at.Alias
	}
	if at.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(at.Content); i += 2 {
		if at.Content[i].Value == key {
			return at.Content[i+1]
		}
	}
	return nil
}

// exists reports whether a reference such as #/components/schemas/Order leads somewhere.
func exists(at *yaml.Node, reference string) bool {
	if !strings.HasPrefix(reference, "#/") {
		return strings.HasPrefix(reference, "#") // an anchor, or the whole
	}
	for part := range strings.SplitSeq(strings.TrimPrefix(reference, "#/"), "/") {
		if unescaped, err := url.PathUnescape(part); err == nil {
			part = unescaped
		}
		part = strings.ReplaceAll(strings.ReplaceAll(part, "~1", "/"), "~0", "~")
		if at.Kind == yaml.AliasNode {
			at = at.Alias
		}
		if at.Kind == yaml.SequenceNode {
			index, err := strconv.Atoi(part)
			if err != nil || index < 0 || index >= len(at.Content) {
				return false
			}
			at = at.Content[index]
			continue
		}
		if at = valueOf(at, part); at == nil {
			return false
		}
	}
	return true
}
