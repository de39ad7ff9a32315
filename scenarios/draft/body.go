package draft

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"strconv"
	"strings"
)

// body is the body of a request. At most one of its fields is set.
type body struct {
	json  *node
	form  []*leaf // url-encoded
	parts []*leaf // multipart
	text  *leaf
}

func (b body) leaves() []*leaf {
	var leaves []*leaf
	if b.json != nil {
		leaves = b.json.leaves(nil)
	}
	leaves = append(append(leaves, b.form...), b.parts...)
	if b.text != nil {
		leaves = append(leaves, b.text)
	}
	return leaves
}

// node is a value of JSON with its keys in order.
type node struct {
	leaf    *leaf // a scalar; nil in an object or a list
	keys    []string
	items   []*node // the values of the keys, or the list
	isArray bool
}

func (n *node) leaves(all []*leaf) []*leaf {
	if n.leaf != nil {
		return append(all, n.leaf)
	}
	for _, item := range n.items {
		all = item.leaves(all)
	}
	return all
}

// maxNesting is the deepest nesting of a JSON body that is read.
const maxNesting = 60

// parseJSON reads one value of JSON.
func parseJSON(text string) (*node, error) {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	read, err := readNode(decoder, "", 0)
	if err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("there is more than one value")
	}
	return read, nil
}

func readNode(decoder *json.Decoder, key string, depth int) (*node, error) {
	token, err := decoder.Token()
	if err != nil {
		return nil, err
	}
	if depth > maxNesting {
		return nil, errors.New("it is nested too deep")
	}
	switch token := token.(type) {
	case json.Delim:
		read := &node{isArray: token == '['}
		for decoder.More() {
			name := key
			if !read.isArray {
				word, err := decoder.Token()
				if err != nil {
					return nil, err
				}
				name = fmt.Sprint(word)
				read.keys = append(read.keys, name)
			}
			item, err := readNode(decoder, name, depth+1)
			if err != nil {
				return nil, err
			}
			read.items = append(read.items, item)
		}
		_, err := decoder.Token()
		return read, err
	case string:
		return &node{leaf: &leaf{in: inJSON, key: key, raw: token}}, nil
	case json.Number:
		return &node{leaf: &leaf{in: inJSON, key: key, raw: token.String(), bare: true}}, nil
	case nil:
		return &node{leaf: &leaf{in: inJSON, key: key, raw: "null", bare: true}}, nil
	}
	return &node{leaf: &leaf{in: inJSON, key: key, raw: fmt.Sprint(token), bare: true}}, nil
}

// text returns the value as JSON in a template.
func (n *node) text() string {
	var out strings.Builder
	n.write(&out)
	return out.String()
}

func (n *node) write(out *strings.Builder) {
	switch {
	case n.leaf != nil && n.leaf.bare:
		out.WriteString(n.leaf.text())
		return
	case n.leaf != nil:
		out.WriteString(quote(n.leaf.text()))
		return
	}
	open, end := "{", "}"
	if n.isArray {
		open, end = "[", "]"
	}
	out.WriteString(open)
	for i, item := range n.items {
		if i > 0 {
			out.WriteString(",")
		}
		if !n.isArray {
			out.WriteString(quote(plain(n.keys[i])) + ":")
		}
		item.write(out)
	}
	out.WriteString(end)
}

// asYAML reports whether the value stays what it is if it is written under the key json of a scenario, which
// keeps neither the spelling of numbers nor repeated keys.
func (n *node) asYAML() bool {
	if n.leaf != nil {
		if !n.leaf.bare {
			return true
		}
		switch n.leaf.raw {
		case "true", "false", "null":
			return n.leaf.template == ""
		}
		number, err := strconv.ParseInt(n.leaf.raw, 10, 64)
		return n.leaf.template == "" && err == nil && strconv.FormatInt(number, 10) == n.leaf.raw
	}
	seen := map[string]bool{}
	for i, item := range n.items {
		if !n.isArray && seen[n.keys[i]] || !item.asYAML() {
			return false
		}
		if !n.isArray {
			seen[n.keys[i]] = true
		}
	}
	return true
}

// isJSON reports whether a media type is JSON or based on it.
func isJSON(mediaType string) bool {
	name, _, err := mime.ParseMediaType(mediaType)
	if err != nil {
		name, _, _ = strings.Cut(strings.ToLower(mediaType), ";")
	}
	name = strings.TrimSpace(name)
	return name == "application/json" || name == "text/json" || strings.HasSuffix(name, "+json")
}

// isForm reports whether a media type is the url-encoded form.
func isForm(mediaType string) bool {
	return strings.Contains(strings.ToLower(mediaType), "application/x-www-form-urlencoded")
}

// isMultipart reports whether a media type is form data in parts.
func isMultipart(mediaType string) bool {
	return strings.Contains(strings.ToLower(mediaType), "multipart/form-data")
}

// setBody gives the step a body of a media type.
func (s *step) setBody(mediaType, text string) {
	switch {
	case text == "":
	case isForm(mediaType):
		s.body.form = splitPairs(inForm, text)
	case isJSON(mediaType) || mediaType == "" && strings.HasPrefix(strings.TrimSpace(text), "{"):
		if read, err := parseJSON(text); err == nil {
			s.body.json = read
			return
		}
		fallthrough
	default:
		s.body.text = &leaf{in: inText, raw: text}
	}
}
