package draft

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/pb33f/go-yaml"
	"github.com/pb33f/libopenapi/datamodel/high/base"
	"github.com/pb33f/libopenapi/orderedmap"
)

// maxSample is the deepest nesting of a made-up value. Optional parts end earlier, at optionalSample.
const maxSample, optionalSample = 8, 4

// exampleOf returns an example, or nil if there is none.
func exampleOf(example *yaml.Node, examples *orderedmap.Map[string, *base.Example]) *node {
	if example != nil {
		return fromYAML(example, "", 0)
	}
	if examples != nil {
		for _, named := range examples.FromOldest() {
			if named != nil && named.Value != nil {
				return fromYAML(named.Value, "", 0)
			}
		}
	}
	return nil
}

// fromYAML turns a value of YAML into one of JSON.
func fromYAML(value *yaml.Node, key string, depth int) *node {
	if value == nil || depth > maxNesting {
		return word0(key, "null", true)
	}
	switch value.Kind {
	case yaml.DocumentNode:
		if len(value.Content) > 0 {
			return fromYAML(value.Content[0], key, depth+1)
		}
	case yaml.AliasNode:
		return fromYAML(value.Alias, key, depth+8) // aliases may be nested to exhaust a reader
	case yaml.SequenceNode:
		made := &node{isArray: true}
		for _, item := range value.Content {
			made.items = append(made.items, fromYAML(item, key, depth+1))
		}
		return made
	case yaml.MappingNode:
		made := &node{}
		for i := 0; i+1 < len(value.Content); i += 2 {
			name := value.Content[i].Value
			if slices.Contains(made.keys, name) {
				continue
			}
			made.keys = append(made.keys, name)
			made.items = append(made.items, fromYAML(value.Content[i+1], name, depth+1))
		}
		return made
	case yaml.ScalarNode:
		return fromScalar(value, key)
	}
	return word0(key, "null", true)
}

func fromScalar(value *yaml.Node, key string) *node {
	switch value.ShortTag() {
	case "!!null":
		return word0(key, "null", true)
	case "!!bool":
		return word0(key, strconv.FormatBool(strings.EqualFold(value.Value, "true")), true)
	case "!!int":
		if number, err := strconv.ParseInt(value.Value, 0, 64); err == nil {
			return word0(key, strconv.FormatInt(number, 10), true)
		}
	case "!!float":
		if number, err := strconv.ParseFloat(value.Value, 64); err == nil && !math.IsInf(number, 0) && !math.IsNaN(number) {
			return word0(key, strconv.FormatFloat(number, 'f', -1, 64), true)
		}
	}
	return word0(key, value.Value, false)
}

func word0(key, raw string, bare bool) *node {
	return &node{leaf: &leaf{in: inJSON, key: key, raw: raw, bare: bare}}
}

// mergedSchema returns a schema with the properties of all that it is composed of: all of allOf, and the first
// of oneOf and anyOf.
func mergedSchema(proxy *base.SchemaProxy, depth int) *base.Schema {
	if proxy == nil || depth > maxSample {
		return nil
	}
	schema := proxy.Schema()
	if schema == nil || len(schema.AllOf)+len(schema.OneOf)+len(schema.AnyOf) == 0 {
		return schema
	}
	merged := *schema
	merged.Properties = orderedmap.New[string, *base.SchemaProxy]()
	merged.Required = slices.Clone(schema.Required)
	add := func(part *base.Schema) {
		if part == nil {
			return
		}
		merged.Required = append(merged.Required, part.Required...)
		if part.Properties != nil {
			for name, property := range part.Properties.FromOldest() {
				merged.Properties.Set(name, property)
			}
		}
		fill(&merged, part)
	}
	for _, part := range schema.AllOf {
		add(mergedSchema(part, depth+1))
	}
	for _, alternatives := range [][]*base.SchemaProxy{schema.OneOf, schema.AnyOf} {
		for _, part := range alternatives {
			if one := mergedSchema(part, depth+1); one != nil && !slices.Equal(one.Type, []string{"null"}) {
				add(one)
				break
			}
		}
	}
	if schema.Properties != nil {
		for name, property := range schema.Properties.FromOldest() {
			merged.Properties.Set(name, property)
		}
	}
	return &merged
}

// fill takes over what a part says and the whole does not.
func fill(merged *base.Schema, part *base.Schema) {
	if len(merged.Type) == 0 {
		merged.Type = part.Type
	}
	if merged.Format == "" {
		merged.Format = part.Format
	}
	if merged.Example == nil {
		merged.Example = part.Example
	}
	if len(merged.Examples) == 0 {
		merged.Examples = part.Examples
	}
	if len(merged.Enum) == 0 {
		merged.Enum = part.Enum
	}
	if merged.Items == nil {
		merged.Items = part.Items
	}
	if merged.Const == nil {
		merged.Const = part.Const
	}
	if merged.Default == nil {
		merged.Default = part.Default
	}
	if merged.Minimum == nil {
		merged.Minimum = part.Minimum
	}
	if merged.MinLength == nil {
		merged.MinLength = part.MinLength
	}
}

// sample returns the example of a schema, or makes a value up. Key is the name under which it stands.
func (o *description) sample(proxy *base.SchemaProxy, key string, depth int) *node {
	schema := mergedSchema(proxy, 0)
	if schema == nil {
		if proxy != nil && proxy.IsReference() {
			o.notes.say("%s refers to nothing that is in the file; its value is null", proxy.GetReference())
		}
		return word0(key, "null", true)
	}
	for _, given := range slices.Concat([]*yaml.Node{schema.Const, schema.Example}, schema.Examples, []*yaml.Node{schema.Default}, schema.Enum) {
		if given != nil && given.ShortTag() != "!!null" {
			return fromYAML(given, key, 0)
		}
	}
	kind := ""
	for _, named := range schema.Type { // 3.1: a list, such as [string, "null"]
		if kind == "" || kind == "null" {
			kind = named
		}
	}
	if kind == "" {
		switch {
		case schema.Items != nil:
			kind = "array"
		case orderedmap.Len(schema.Properties) > 0 || schema.AdditionalProperties != nil || depth == 0 && key == "":
			kind = "object"
		case schema.Minimum != nil || schema.Maximum != nil:
			kind = "number"
		default:
			kind = "string"
		}
	}
	return o.madeUp(schema, kind, key, depth)
}

// madeUp returns a value of a type.
func (o *description) madeUp(schema *base.Schema, kind, key string, depth int) *node {
	switch kind {
	case "object":
		return o.madeUpObject(schema, depth)
	case "array":
		made := &node{isArray: true}
		if schema.Items != nil && schema.Items.IsA() && depth < maxSample {
			n := 1
			if schema.MinItems != nil {
				n = int(min(max(*schema.MinItems, 1), 10))
			}
			for range n {
				made.items = append(made.items, o.sample(schema.Items.A, key, depth+1))
			}
		}
		return made
	case "integer", "number":
		return word0(key, madeUpNumber(schema), true)
	case "boolean":
		return word0(key, "true", true)
	case "null":
		return word0(key, "null", true)
	}
	made := word0(key, madeUpText(schema), false)
	switch {
	case schema.Format == "email":
		made.leaf.raw = "someone@example.com"
	case schema.Format == "" && mailKey.MatchString(key):
		made.leaf.raw = "someone@example.com"
	case schema.Format == "" && phoneKey.MatchString(key):
		made.leaf.raw = "+6281234567890"
	}
	return made
}

// madeUpObject returns an object with its properties; those that are optional only near the root.
func (o *description) madeUpObject(schema *base.Schema, depth int) *node {
	made := &node{}
	if schema.Properties == nil || depth >= maxSample {
		return made
	}
	for name, property := range schema.Properties.FromOldest() {
		required := slices.Contains(schema.Required, name)
		if depth >= optionalSample && !required {
			continue
		}
		if described := property.Schema(); described != nil && described.ReadOnly != nil && *described.ReadOnly {
			continue // the service sets it
		}
		made.keys = append(made.keys, name)
		made.items = append(made.items, o.sample(property, name, depth+1))
	}
	return made
}

func madeUpNumber(schema *base.Schema) string {
	value := 1.0
	switch {
	case schema.Minimum != nil:
		value = *schema.Minimum
		if schema.ExclusiveMinimum != nil && schema.ExclusiveMinimum.IsA() && schema.ExclusiveMinimum.A {
			value++
		}
	case schema.ExclusiveMinimum != nil && schema.ExclusiveMinimum.IsB():
		value = schema.ExclusiveMinimum.B + 1
	case schema.Maximum != nil && *schema.Maximum < 1:
		value = *schema.Maximum
	}
	if step := schema.MultipleOf; step != nil && *step > 0 {
		value = math.Ceil(value / *step) * *step
	}
	if math.IsNaN(value) || math.IsInf(value, 0) {
		value = 1
	}
	return strconv.FormatFloat(value, 'f', -1, 64)
}

func madeUpText(schema *base.Schema) string {
	text := map[string]string{
		"date": "2030-01-01", "date-time": "2030-01-01T09:00:00Z", "time": "09:00:00Z", "duration": "PT1H",
		"uuid": "00000000-0000-4000-8000-000000000001", "email": "someone@example.com", "uri": "https://example.com/",
		"url": "https://example.com/", "hostname": "example.com", "ipv4": "192.0.2.1", "ipv6": "2001:db8::1",
		"byte": "dGV4dA==", "binary": "content",
	}[schema.Format]
	if text == "" {
		text = "text"
		if schema.MinLength != nil && *schema.MinLength > int64(len(text)) {
			text = strings.Repeat("text", int(min(*schema.MinLength, 4096))/4+1)[:min(*schema.MinLength, 4096)]
		}
		if schema.MaxLength != nil && *schema.MaxLength >= 0 && *schema.MaxLength < int64(len(text)) {
			text = text[:*schema.MaxLength]
		}
	}
	return text
}
