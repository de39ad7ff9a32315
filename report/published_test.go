package report_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"reflect"
	"testing"

	reflection "github.com/invopop/jsonschema"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/report/internal/surge"
	"github.com/ombak-sim/ombak/report/recorder"
	"github.com/ombak-sim/ombak/report/threshold"
)

var update = flag.Bool("update", false, "rewrite the published schema")

const published = "../docs/reference/report.schema.json"

// The schema in docs is that of the Go types. Reports conform to it, including reports of older versions,
// which lack newer fields.
func TestPublishedSchema(t *testing.T) {
	text := schemaText(t)
	if *update {
		if err := os.WriteFile(published, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want, err := os.ReadFile(published); err != nil || !bytes.Equal(text, want) {
		t.Fatalf("%s differs from the types (%v); rewrite it with -update", published, err)
	}
	schema := compiled(t, text)
	for why, r := range map[string]report.Report{
		"a full report": played(t), "an empty report": threshold.Judge(recorder.Assemble(recorder.NewRecording(surge.Journey()), recorder.Facts{}), nil, threshold.Validity{}),
	} {
		var written bytes.Buffer
		if err := report.Write(&written, r); err != nil {
			t.Fatal(err)
		}
		document, err := jsonschema.UnmarshalJSON(&written)
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(document); err != nil {
			t.Errorf("%s: %v", why, err)
		}
	}
	if schema.Validate(map[string]any{"schema": "ombak.report/v1", "engine": "imagined"}) == nil {
		t.Error("an unknown engine is accepted")
	}
}

func played(t *testing.T) report.Report {
	t.Helper()
	recording, facts := surge.Recorded()
	condition, err := threshold.Parse("sign-up.passed > 1")
	if err != nil {
		t.Fatal(err)
	}
	return threshold.Rules{Conditions: []threshold.Condition{condition}}.Judge(recorder.Assemble(recording, facts), recording, nil)
}

func schemaText(t *testing.T) []byte {
	t.Helper()
	reflector := reflection.Reflector{ExpandedStruct: true, AllowAdditionalProperties: true, Mapper: plainTypes}
	if err := reflector.AddGoComments("github.com/ombak-sim/ombak/report", "./"); err != nil {
		t.Fatal(err)
	}
	schema := reflector.Reflect(&report.Report{})
	schema.ID, schema.Title = "", "ombak report, "+report.Schema
	text, err := json.MarshalIndent(schema, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return append(text, '\n')
}

// plainTypes maps the types whose JSON form reflection cannot see.
func plainTypes(t reflect.Type) *reflection.Schema {
	word := func(words ...any) *reflection.Schema { return &reflection.Schema{Type: "string", Enum: words} }
	switch t {
	case reflect.TypeFor[report.Column]():
		return &reflection.Schema{Type: "array", Description: "null for an unknown value", Items: &reflection.Schema{OneOf: []*reflection.Schema{{Type: "number"}, {Type: "null"}}}}
	case reflect.TypeFor[report.Verdict]():
		return word("pass", "fail", "inconclusive", "invalid")
	case reflect.TypeFor[report.Engine]():
		return word("live", "simulated")
	case reflect.TypeFor[funnel.Severity]():
		return word("fail", "warn")
	case reflect.TypeFor[funnel.Deed]():
		var deeds []any
		for _, deed := range funnel.Deeds() {
			deeds = append(deeds, deed)
		}
		return word(deeds...)
	}
	return nil
}

func compiled(t *testing.T, text []byte) *jsonschema.Schema {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("report.schema.json", document); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("report.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}
