package scenarios

import (
	"bytes"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/ombak-sim/ombak/units"
)

const keysPage = "../docs/reference/scenario-keys.md"

// TestKeysPage compares the page of all keys with the types. After a change of a type or of its comments, run:
// go test ./scenarios -run 'Meanings|KeysPage' -update
func TestKeysPage(t *testing.T) {
	page := []byte(keysText(t))
	if *update {
		if err := os.WriteFile(keysPage, page, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if stored, err := os.ReadFile(keysPage); err != nil || !bytes.Equal(stored, page) {
		t.Errorf("%s is out of date (%v); run: go test ./scenarios -run 'Meanings|KeysPage' -update", keysPage, err)
	}
}

// TestPublishedSchema compares the published JSON Schema with the types, and the template's line for editors with its address.
func TestPublishedSchema(t *testing.T) {
	const published = "../docs/reference/scenario.schema.json"
	schema, err := Schema()
	if err != nil {
		t.Fatal(err)
	}
	schema = append(schema, '\n')
	if *update {
		if err := os.WriteFile(published, schema, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if stored, err := os.ReadFile(published); err != nil || !bytes.Equal(stored, schema) {
		t.Errorf("%s is out of date (%v); run: go test ./scenarios -run PublishedSchema -update", published, err)
	}
	if first, _, _ := strings.Cut(string(Template()), "\n"); first != "# yaml-language-server: $schema="+SchemaURL || !strings.HasSuffix(SchemaURL, strings.TrimPrefix(published, "..")) {
		t.Errorf("the template begins with %q", first)
	}
}

// part is a mapping of the file and the path by which it is first found.
type part struct {
	path string
	of   reflect.Type
}

// keysText lists the keys of every mapping that a scenario may hold, each mapping once, the outer ones first.
func keysText(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("# Keys of a scenario\n\nThis page is generated from the program. It says of every key what it means, in one sentence that `ombak scenario explain PATH` and the " +
		"JSON Schema repeat. The page [Scenario file](scenario.md) explains them with examples. Where the default is empty, a key that is left out has no effect, or must be given, as [Scenario file](scenario.md) says. " +
		"The settings of a policy are on the page [Policies](policies.md). Scenario time follows the clock that `--speed` and `--max-rate` accelerate; real time does not.\n")
	seen := map[reflect.Type]bool{}
	for parts := []part{{"", reflect.TypeFor[Scenario]()}}; len(parts) > 0; {
		next := parts[0]
		parts = parts[1:]
		if seen[next.of] {
			continue
		}
		seen[next.of] = true
		parts = append(parts, writeKeys(t, &b, next)...)
	}
	return b.String()
}

// writeKeys writes the table of a mapping, and returns the mappings that it holds.
func writeKeys(t *testing.T, b *strings.Builder, of part) (inner []part) {
	t.Helper()
	title := "The file"
	if of.path != "" {
		title = "`" + of.path + "`"
	}
	fmt.Fprintf(b, "\n## %s\n\n| key | type | default | meaning | example |\n|---|---|---|---|---|\n", title)
	for _, key := range keysOf(of.of) {
		path := join(of.path, key)
		known, err := Explain(strings.ReplaceAll(path, "[]", ""))
		if err != nil {
			t.Errorf("%s: %v", path, err)
		}
		example := ""
		if known.Example != "" {
			example = units.Code(known.Example)
		}
		kind, _, _ := strings.Cut(known.Type, ", as in")
		fmt.Fprintf(b, "| `%s` | %s | %s | %s | %s |\n", key, units.Cell(kind), units.Cell(known.Default), units.Cell(known.Text), example)
		field, _, _ := fieldOf(of.of, key)
		held := elementOf(field.Type)
		if held.Kind() == reflect.Struct && (!isLeaf(held) || held == quotaType) && held != rawType {
			inner = append(inner, part{path + brackets(field.Type), held})
		}
	}
	return inner
}

// brackets marks the path of a list or of a mapping by names.
func brackets(t reflect.Type) string {
	if hasNames(t) {
		return "[]"
	}
	return ""
}
