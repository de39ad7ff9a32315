package scenarios

import (
	"encoding/json"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

var update = flag.Bool("update", false, "rewrite meanings.json from the comments of the types and the bundled scenarios")

// TestMeanings holds the meanings against the comments of the types, and requires one of every key.
func TestMeanings(t *testing.T) {
	comments := map[string]string{}
	for _, folder := range []string{".", "../workload", "../resilience", "../journey/funnel"} {
		readComments(t, folder, comments)
	}
	made := map[string]Meaning{}
	collect(t, reflect.TypeFor[Scenario](), comments, made, map[reflect.Type]bool{})
	addExamples(t, made)
	text, err := json.MarshalIndent(made, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("meanings.json", append(text, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if string(meaningsText) != string(text)+"\n" {
		t.Error("meanings.json is out of date; run: go test ./scenarios -run Meanings -update")
	}
}

// readComments adds the comment of every field of every struct, as in Step.timeout.
func readComments(t *testing.T, folder string, comments map[string]string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(node ast.Node) bool {
			spec, isType := node.(*ast.TypeSpec)
			if !isType {
				return true
			}
			if structure, isStruct := spec.Type.(*ast.StructType); isStruct {
				for _, field := range structure.Fields.List {
					comment := field.Comment
					if comment == nil {
						comment = field.Doc
					}
					if field.Tag != nil && comment != nil {
						key, _, _ := strings.Cut(reflect.StructTag(strings.Trim(field.Tag.Value, "`")).Get("yaml"), ",")
						comments[spec.Name.Name+"."+key] = strings.Join(strings.Fields(comment.Text()), " ")
					}
				}
			}
			return true
		})
	}
}

// collect adds the meaning of every key that a scenario may hold.
func collect(t *testing.T, at reflect.Type, comments map[string]string, made map[string]Meaning, seen map[reflect.Type]bool) {
	t.Helper()
	at = elementOf(at)
	if at.Kind() != reflect.Struct || seen[at] || isLeaf(at) || at == rawType {
		return
	}
	seen[at] = true
	for _, key := range keysOf(at) {
		field, holder, _ := fieldOf(at, key)
		name := holder + "." + key
		if made[name] = (Meaning{Text: comments[name]}); comments[name] == "" {
			t.Errorf("the key %s has no comment that says what it means", name)
		}
		collect(t, field.Type, comments, made, seen)
	}
}

// addExamples takes the first use of each key in a bundled scenario.
func addExamples(t *testing.T, made map[string]Meaning) {
	t.Helper()
	for _, name := range Bundled() {
		scenario, err := Load(name)
		if err != nil {
			t.Fatal(err)
		}
		var content yaml.MapSlice
		if err := yaml.UnmarshalWithOptions(scenario.Source(), &content, yaml.UseOrderedMap()); err != nil {
			t.Fatal(err)
		}
		exemplify(content, reflect.TypeFor[Scenario](), name, made)
	}
}

func exemplify(value any, at reflect.Type, from string, made map[string]Meaning) {
	for at.Kind() == reflect.Pointer {
		at = at.Elem()
	}
	switch value := value.(type) {
	case []any:
		if at.Kind() == reflect.Slice {
			for _, element := range value {
				exemplify(element, at.Elem(), from, made)
			}
		}
	case yaml.MapSlice:
		for _, item := range value {
			key := fmt.Sprint(item.Key)
			if at.Kind() == reflect.Map {
				exemplify(item.Value, at.Elem(), from, made)
				continue
			}
			if at.Kind() != reflect.Struct {
				continue
			}
			field, holder, found := fieldOf(at, key)
			if !found {
				continue
			}
			if meaning := made[holder+"."+key]; meaning.Example == "" {
				if example := flow(item.Value); len(example) <= 90 && !slices.Contains([]string{"[]", "{}", ""}, example) {
					meaning.Example, meaning.From = key+": "+example, from
					made[holder+"."+key] = meaning
				}
			}
			exemplify(item.Value, field.Type, from, made)
		}
	}
}

// flow writes a value on one line.
func flow(value any) string {
	text, err := yaml.MarshalWithOptions(value, yaml.Flow(true))
	if err != nil || strings.Count(string(text), "\n") > 1 {
		return ""
	}
	return strings.TrimSpace(string(text))
}

func TestExplain(t *testing.T) {
	for _, test := range []struct{ why, path, kind, standard, meaning, fault string }{
		{"a key of every step", "journey.retry.attempts", "whole number", "1", "most attempts in one visit", ""},
		{"of a step by name", "journey.sign-up.retry.attempts", "whole number", "1", "most attempts", ""},
		{"of a step by number", "journey[2].timeout", "a duration", "10 s", "real time", ""},
		{"of a station by name", "stations.store.servers", "whole number", "1", "requests that are served at once", ""},
		{"of any station", "stations.servers", "whole number", "1", "requests that are served at once", ""},
		{"a mapping", "arrivals", "mapping", "", "when they come", ""},
		{"a choice", "journey.leave", "text", "close", "how a person leaves", ""},
		{"a misspelt key", "journey.retry.atempts", "", "", "", `unknown key "atempts" in journey.retry.atempts; did you mean "attempts"?`},
		{"nothing", "", "", "", "", "unknown key"},
	} {
		got, err := Explain(test.path)
		if test.fault != "" {
			if err == nil || !strings.Contains(err.Error(), test.fault) {
				t.Errorf("%s: %v; want %q", test.why, err, test.fault)
			}
			continue
		}
		if err != nil || !strings.Contains(got.Type, test.kind) || got.Default != test.standard || !strings.Contains(got.Text, test.meaning) {
			t.Errorf("%s: %+v, %v", test.why, got, err)
		}
	}
}
