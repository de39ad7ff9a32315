package draft

import (
	"mime"
	"net/url"
	"slices"
	"strings"

	v3 "github.com/pb33f/libopenapi/datamodel/high/v3"
	"github.com/pb33f/libopenapi/orderedmap"
)

// parameters puts values for the parameters where they belong, and returns those of the path by name. Those of
// the operation override those of the path.
func (o *description) parameters(made *step, path string, shared, own []*v3.Parameter) map[string]*leaf {
	inPathValues := map[string]*leaf{}
	for _, parameter := range slices.Concat(shared, own) {
		if parameter == nil || parameter.Name == "" {
			o.notes.at(made.place, "one of its parameters has no name or refers to nothing; left out")
			continue
		}
		if slices.Contains(shared, parameter) && slices.ContainsFunc(own, func(p *v3.Parameter) bool {
			return p != nil && p.Name == parameter.Name && p.In == parameter.In
		}) {
			continue
		}
		o.parameter(made, path, parameter, inPathValues)
	}
	return inPathValues
}

func (o *description) parameter(made *step, path string, parameter *v3.Parameter, inPathValues map[string]*leaf) {
	required := parameter.Required != nil && *parameter.Required
	if parameter.In != "path" && !required && parameter.Example == nil && orderedmap.Len(parameter.Examples) == 0 {
		o.optional++
		return
	}
	value := o.parameterValue(parameter)
	switch parameter.In {
	case "path":
		inPathValues[parameter.Name] = o.pathValue(made, path, parameter, value)
	case "query":
		made.query = append(made.query, queryValues(parameter, value)...)
	case "header":
		if isToken(parameter.Name) && !ownHeaders.MatchString(parameter.Name) && !slices.Contains([]string{"accept", "content-type", "authorization"}, strings.ToLower(parameter.Name)) {
			made.headers = append(made.headers, &leaf{in: inHeader, key: parameter.Name, raw: listed(value, ","), template: templateOf(value)})
		}
	case "cookie":
		cookie := made.headerLeaf("Cookie")
		if cookie == nil {
			made.header("Cookie", parameter.Name+"="+listed(value, ","))
			return
		}
		cookie.raw += "; " + parameter.Name + "=" + listed(value, ",")
	default:
		o.notes.at(made.place, "its parameter %s is in %q, which does not exist; left out", parameter.Name, parameter.In)
	}
}

// parameterValue returns an example of a parameter's value.
func (o *description) parameterValue(parameter *v3.Parameter) *node {
	if value := exampleOf(parameter.Example, parameter.Examples); value != nil {
		return value
	}
	if parameter.Schema != nil {
		return o.sample(parameter.Schema, parameter.Name, 0)
	}
	if parameter.Content != nil {
		for _, content := range parameter.Content.FromOldest() {
			value := exampleOf(content.Example, content.Examples)
			if value == nil && content.Schema != nil {
				value = o.sample(content.Schema, parameter.Name, 0)
			}
			if value != nil { // such a parameter is one text of JSON
				return &node{leaf: &leaf{in: inJSON, key: parameter.Name, raw: value.text()}}
			}
		}
	}
	return &node{leaf: &leaf{in: inJSON, key: parameter.Name, raw: "text"}}
}

// pathValue returns the leaf of a path parameter: the id of an object that an earlier operation made, or an
// example.
func (o *description) pathValue(made *step, path string, parameter *v3.Parameter, value *node) *leaf {
	raw := listed(value, ",")
	switch parameter.Style {
	case "label":
		raw = "." + listed(value, ".")
	case "matrix":
		raw = ";" + parameter.Name + "=" + raw
	}
	if raw == "" {
		raw = "1"
	}
	given := &leaf{in: inPath, raw: raw, encoded: url.PathEscape(raw), template: templateOf(value)}
	before, _, _ := strings.Cut(path, "/{"+parameter.Name+"}")
	if name := o.objects[before]; name != "" {
		given.refer("", "${got."+name+"}")
		for _, value := range o.carried {
			if value.name == name {
				value.into = append(value.into, made)
			}
		}
	}
	return given
}

// queryValues returns a query parameter in its style: by default each item of a list, and each key of an
// object, is a parameter of its own.
func queryValues(parameter *v3.Parameter, value *node) []*leaf {
	query := func(key, raw, template string) *leaf {
		return &leaf{in: inQuery, key: key, raw: raw, encoded: url.QueryEscape(raw), template: template}
	}
	explode := parameter.Explode == nil || *parameter.Explode
	separator := map[string]string{"spaceDelimited": " ", "pipeDelimited": "|"}[parameter.Style]
	if separator != "" && parameter.Explode == nil {
		explode = false
	}
	if separator == "" {
		separator = ","
	}
	if value.leaf != nil {
		return []*leaf{query(parameter.Name, value.leaf.raw, value.leaf.template)}
	}
	var made []*leaf
	switch {
	case value.isArray && explode:
		for _, item := range value.items {
			made = append(made, query(parameter.Name, listed(item, ","), templateOf(item)))
		}
	case parameter.Style == "deepObject":
		for i, item := range value.items {
			made = append(made, query(parameter.Name+"["+keyOf(value, i)+"]", listed(item, ","), templateOf(item)))
		}
	case explode:
		for i, item := range value.items {
			made = append(made, query(keyOf(value, i), listed(item, ","), templateOf(item)))
		}
	default:
		made = append(made, query(parameter.Name, listed(value, separator), ""))
		if separator == "," { // a comma between values stays as it is
			made[0].encoded = strings.ReplaceAll(made[0].encoded, "%2C", ",")
		}
	}
	return made
}

func keyOf(value *node, i int) string {
	if i < len(value.keys) {
		return value.keys[i]
	}
	return ""
}

// templateOf returns the template of a scalar, or nothing.
func templateOf(value *node) string {
	if value.leaf != nil {
		return value.leaf.template
	}
	return ""
}

// listed returns a value as one text: the items of a list, or the keys and values of an object, in a row.
func listed(value *node, separator string) string {
	if value.leaf != nil {
		return value.leaf.raw
	}
	var words []string
	for i, item := range value.items {
		if !value.isArray {
			words = append(words, keyOf(value, i))
		}
		words = append(words, listed(item, separator))
	}
	return strings.Join(words, separator)
}

// requestBody gives the step a body of the media type that is easiest to edit.
func (o *description) requestBody(made *step, described *v3.RequestBody) {
	if orderedmap.Len(described.Content) == 0 {
		o.notes.at(made.place, "its body has no content; the step sends none")
		return
	}
	rank := func(mediaType string) int {
		name, _, _ := mime.ParseMediaType(mediaType)
		switch {
		case name == "application/json":
			return 0
		case isJSON(mediaType):
			return 1
		case isForm(mediaType):
			return 2
		case isMultipart(mediaType):
			return 3
		case strings.HasPrefix(name, "text/"):
			return 4
		case strings.Contains(name, "*"):
			return 5
		}
		return 6
	}
	best, bestRank := "", 9
	for mediaType := range described.Content.FromOldest() {
		if at := rank(mediaType); at < bestRank {
			best, bestRank = mediaType, at
		}
	}
	content := described.Content.GetOrZero(best)
	if content == nil {
		return
	}
	value := exampleOf(content.Example, content.Examples)
	if value == nil && content.Schema != nil {
		value = o.sample(content.Schema, "", 0)
	}
	if value != nil && value.leaf != nil && value.leaf.bare && value.leaf.raw == "null" {
		value = nil
	}
	o.setContent(made, best, bestRank, value)
}

// setContent writes a value as a body of a media type.
func (o *description) setContent(made *step, mediaType string, rank int, value *node) {
	if value == nil {
		o.notes.at(made.place, "its body of %s has neither a schema nor an example; the step sends none", mediaType)
		return
	}
	if rank != 3 && rank < 5 && mediaType != "application/json" {
		made.header("Content-Type", mediaType)
	}
	switch {
	case rank <= 1 || rank == 5:
		made.body.json = value
	case rank <= 3 && value.leaf == nil && !value.isArray:
		for i, item := range value.items {
			field := &leaf{in: inForm, key: keyOf(value, i), raw: listed(item, ","), template: templateOf(item)}
			if rank == 2 {
				if item.isArray {
					for _, single := range item.items {
						made.body.form = append(made.body.form, &leaf{in: inForm, key: field.key, raw: listed(single, ","), template: templateOf(single)})
					}
					continue
				}
				made.body.form = append(made.body.form, field)
				continue
			}
			field.in = inPart
			if item.leaf == nil {
				field.raw = item.text()
			}
			made.body.parts = append(made.body.parts, field)
		}
	case value.leaf != nil:
		if rank >= 5 {
			made.header("Content-Type", mediaType)
		}
		made.body.text = &leaf{in: inText, raw: value.leaf.raw, template: value.leaf.template}
		if isBinary(mediaType) {
			o.notes.at(made.place, "its body is %s; the step sends a text in its place", mediaType)
		}
	default:
		o.notes.at(made.place, "a body of %s cannot be made up; the step sends none", mediaType)
	}
}

func isBinary(mediaType string) bool {
	return strings.HasPrefix(mediaType, "application/octet") || strings.HasPrefix(mediaType, "image/") || strings.HasPrefix(mediaType, "audio/") || strings.HasPrefix(mediaType, "video/") || strings.Contains(mediaType, "zip")
}
