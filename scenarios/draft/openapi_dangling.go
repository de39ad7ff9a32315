package draft

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/pb33f/go-yaml"
)

// withoutDangling returns a description in which references to what does not exist are empty objects, and these
// references. The parser would lose everything around them.
func withoutDangling(text []byte) (mended []byte, dangling []string, err error) {
	var root yaml.Node
	if err := yaml.Unmarshal(text, &root); err != nil || len(root.Content) == 0 {
		return text, nil, err
	}
	seen := map[*yaml.Node]bool{}
	var walk func(*yaml.Node)
	walk = func(at *yaml.Node) {
		if at == nil || seen[at] {
			return
		}
		seen[at] = true
		if reference := valueOf(at, "$ref"); reference != nil && reference.Kind == yaml.ScalarNode && strings.HasPrefix(reference.Value, "#/") && !exists(root.Content[0], reference.Value) {
			if !slices.Contains(dangling, reference.Value) {
				dangling = append(dangling, reference.Value)
			}
			at.Content = nil
		}
		for _, part := range at.Content {
			walk(part)
		}
	}
	walk(&root)
	if len(dangling) == 0 {
		return text, nil, nil
	}
	mended, err = yaml.Marshal(&root)
	return mended, dangling, err
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
