package scenarios

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// meaningsText holds what every key means, and an example of it. It is made from the comments of the Go types and from the
// bundled scenarios: go test ./scenarios -run Meanings -update.
//
//go:embed meanings.json
var meaningsText []byte

// Meaning is what a key of a scenario file means.
type Meaning struct {
	Text    string `json:"text"`
	Example string `json:"example,omitempty"` // as in a bundled scenario
	From    string `json:"from,omitempty"`    // the scenario of the example
}

// meanings returns the meaning of every key, by the Go type that has it and the key, as in Step.timeout.
func meanings() map[string]Meaning {
	var all map[string]Meaning
	if err := json.Unmarshal(meaningsText, &all); err != nil {
		panic("scenarios: meanings.json: " + err.Error()) // it is part of the program
	}
	return all
}

// Explanation says all about one key.
type Explanation struct {
	Path    string
	Type    string
	Default string // as the meaning states it; empty if there is none
	Meaning
	Keys []string // of a key that holds others
}

// Explain says what a key means, given by its path, as in journey.retry.attempts. Names in the path, such as those of steps
// and stations, may be left out.
func Explain(path string) (Explanation, error) {
	at, owner, known := reflect.TypeFor[Scenario](), "", meanings()
	explained := Explanation{Path: path}
	pieces := strings.Split(path, ".")
	for i, key := range pieces {
		key, _, _ = strings.Cut(key, "[")
		field, holder, found := fieldOf(elementOf(at), key)
		hint := hintWord(key, keysOf(elementOf(at)))
		misspelt := at.Kind() == reflect.Slice && i == len(pieces)-1 && strings.HasPrefix(hint, "did you mean")
		if !found && i > 0 && hasNames(at) && !misspelt {
			at = elementOf(at) // the name of a step, a station or the like
			continue
		}
		if !found {
			return explained, fmt.Errorf("unknown key %q in %s; %s", key, path, hint)
		}
		owner, at = holder+"."+key, field.Type
	}
	if owner == "" {
		return explained, fmt.Errorf("%s names no key; write for example journey.retry.attempts", path)
	}
	explained.Meaning, explained.Type = known[owner], typeText(at)
	if explained.Default = defaultOf(explained.Text); explained.Default == "" && at.Kind() == reflect.Bool {
		explained.Default = "false"
	}
	if inner := elementOf(at); inner.Kind() == reflect.Struct && !isLeaf(inner) {
		explained.Keys = keysOf(inner)
	}
	return explained, nil
}

// hasNames reports whether the elements of a type have names, which a path may hold.
func hasNames(t reflect.Type) bool {
	return t.Kind() == reflect.Map || t.Kind() == reflect.Slice
}

// elementOf returns what lists, mappings and pointers hold in the end.
func elementOf(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Map || t.Kind() == reflect.Slice || t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t
}

// isLeaf reports whether a struct is written as one value.
func isLeaf(t reflect.Type) bool {
	return t != quotaType && schemaOf(t) != nil || isText(reflect.New(t)) && t != quotaType
}

// fieldOf returns the field of a key and the name of the type that declares it, which may be an inlined one.
func fieldOf(t reflect.Type, key string) (field reflect.StructField, holder string, found bool) {
	if t.Kind() != reflect.Struct {
		return field, "", false
	}
	for i := range t.NumField() {
		field = t.Field(i)
		name, options, _ := strings.Cut(field.Tag.Get("yaml"), ",")
		if options == "inline" {
			if inner, holder, found := fieldOf(field.Type, key); found {
				return inner, holder, true
			}
			continue
		}
		if name == key && name != "-" && name != "" {
			return field, t.Name(), true
		}
	}
	return field, "", false
}

// keysOf returns the keys of a struct, in order.
func keysOf(t reflect.Type) []string {
	var keys []string
	if t.Kind() != reflect.Struct {
		return nil
	}
	for i := range t.NumField() {
		field := t.Field(i)
		name, options, _ := strings.Cut(field.Tag.Get("yaml"), ",")
		switch {
		case options == "inline":
			keys = append(keys, keysOf(field.Type)...)
		case name != "" && name != "-":
			keys = append(keys, name)
		}
	}
	slices.Sort(keys)
	return keys
}

// typeText names a type in words.
func typeText(t reflect.Type) string {
	if schema := schemaOf(t); schema != nil {
		switch {
		case schema.Description != "":
			return schema.Description
		case len(schema.Enum) > 0:
			var words []string
			for _, word := range schema.Enum {
				words = append(words, fmt.Sprint(word))
			}
			return strings.Join(words, " or ")
		case len(schema.OneOf) > 0 && schema.OneOf[0].Description != "":
			return schema.OneOf[0].Description
		}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return typeText(t.Elem())
	case reflect.Slice:
		return "list of " + typeText(t.Elem())
	case reflect.Map:
		return "mapping from names to " + typeText(t.Elem())
	case reflect.Struct, reflect.Interface:
		return map[bool]string{true: "mapping", false: "any value"}[t.Kind() == reflect.Struct]
	case reflect.Bool:
		return "true or false"
	case reflect.Float64:
		return "number"
	case reflect.String:
		return "text"
	}
	return "whole number"
}

var (
	marked = regexp.MustCompile(`([^ ,;:()]+) \(default`)
	meant  = regexp.MustCompile(`(?:^|[;,] ?)(?:0|zero|empty|absent|nil|the zero value) means ([^;]+)`)
)

// defaultOf returns the default that a meaning states.
func defaultOf(text string) string {
	if found := marked.FindStringSubmatch(text); found != nil {
		return found[1]
	}
	if found := meant.FindStringSubmatch(text); found != nil {
		return found[1]
	}
	return ""
}
