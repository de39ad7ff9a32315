package draft

import (
	"net/url"
	"regexp"
	"strings"
)

// where says in which part of a request a leaf stands, and thereby how it is escaped.
type where uint8

const (
	inPath where = iota
	inQuery
	inHeader
	inForm
	inPart // of a multipart body
	inJSON
	inText
)

// leaf is one value in a request.
type leaf struct {
	in       where
	key      string // name of the parameter, header, field or JSON key; the segment before, in a path
	raw      string // the value as recorded, without its escapes
	encoded  string // in a path, query or form: the value as recorded, with its escapes
	bare     bool   // in JSON: no string, but a number or a word such as true
	noValue  bool   // in a query or form: there is no equals sign
	prefix   string // what stands before the template, such as "Bearer "
	template string // what replaces the value; empty means that the value stands
}

// refer replaces the leaf's value by a template, which follows prefix.
func (l *leaf) refer(prefix, template string) { l.prefix, l.template = prefix, template }

// text returns the leaf as it is written into a template.
func (l *leaf) text() string {
	escaped := l.in == inPath || l.in == inQuery || l.in == inForm
	switch {
	case l.template != "":
		return plain(l.prefix) + l.template
	case escaped && l.encoded == "" && l.raw != "":
		return plain(l.escape(l.raw))
	case escaped:
		return plain(l.encoded)
	}
	return plain(l.raw)
}

// escape returns a value with the escapes of the leaf's place.
func (l *leaf) escape(value string) string {
	switch l.in {
	case inPath:
		return url.PathEscape(value)
	case inQuery, inForm:
		return url.QueryEscape(value)
	}
	return value
}

// pair returns the leaf as a parameter of a query or form.
func (l *leaf) pair() string {
	name := plain(url.QueryEscape(l.key))
	if l.noValue {
		return name
	}
	return name + "=" + l.text()
}

// pairs returns the leaves of a query or form as it is written.
func pairs(leaves []*leaf) string {
	words := make([]string, len(leaves))
	for i, leaf := range leaves {
		words[i] = leaf.pair()
	}
	return strings.Join(words, "&")
}

// splitPath returns the segments of an escaped path.
func splitPath(path string) []*leaf {
	var leaves []*leaf
	before := ""
	for i, segment := range strings.Split(path, "/") {
		if i == 0 && segment == "" {
			continue
		}
		raw, err := url.PathUnescape(segment)
		if err != nil {
			raw = segment
		}
		leaves = append(leaves, &leaf{in: inPath, key: before, raw: raw, encoded: segment})
		before = raw
	}
	return leaves
}

// splitPairs returns the parameters of an escaped query or form, in order.
func splitPairs(in where, query string) []*leaf {
	var leaves []*leaf
	for pair := range strings.SplitSeq(query, "&") {
		if pair == "" {
			continue
		}
		key, value, valued := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(key)
		if err != nil {
			name = key
		}
		raw, err := url.QueryUnescape(value)
		if err != nil {
			raw = value
		}
		leaves = append(leaves, &leaf{in: in, key: name, raw: raw, encoded: value, noValue: !valued})
	}
	return leaves
}

// pathText returns path and query as they are written.
func (s *step) pathText() string {
	var out strings.Builder
	for _, segment := range s.path {
		out.WriteString("/" + segment.text())
	}
	if out.Len() == 0 {
		out.WriteString("/")
	}
	if len(s.query) > 0 {
		out.WriteString("?" + pairs(s.query))
	}
	return out.String()
}

// valueColumn matches the column of a feeder that holds values.
var valueColumn = regexp.MustCompile(`\.value(_\d+)?$`)

// route returns the path for people, with the names of what replaces its segments.
func (s *step) route() string { return strings.Join(s.routeWords(), "/") }

// routeWords returns the segments of a step's path, with the names of values for what they stand for.
func (s *step) routeWords() []string {
	words := make([]string, 0, len(s.path))
	for _, segment := range s.path {
		if segment.template != "" {
			name := valueColumn.ReplaceAllString(strings.Trim(segment.template, "${}"), "")
			words = append(words, name[strings.LastIndexByte(name, '.')+1:])
			continue
		}
		words = append(words, segment.raw)
	}
	return words
}

// header adds a header.
func (s *step) header(name, value string) *leaf {
	added := &leaf{in: inHeader, key: name, raw: value}
	s.headers = append(s.headers, added)
	return added
}

// headerLeaf returns the leaf of a header, or nil.
func (s *step) headerLeaf(name string) *leaf {
	for _, leaf := range s.headers {
		if strings.EqualFold(leaf.key, name) {
			return leaf
		}
	}
	return nil
}
