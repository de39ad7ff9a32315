package scenarios

import (
	"encoding/json"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/invopop/jsonschema"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/resilience"
	"github.com/ombak-sim/ombak/workload"
)

// SchemaURL is where the JSON Schema is published. Editors complete keys by it.
const SchemaURL = "https://raw.githubusercontent.com/ombak-sim/ombak/main/docs/reference/scenario.schema.json"

// Schema returns the JSON Schema (2020-12) of a scenario file, generated from the Go types.
func Schema() ([]byte, error) {
	reflector := jsonschema.Reflector{
		FieldNameTag:   "yaml",
		ExpandedStruct: true,
		Mapper:         schemaOf,
	}
	schema := reflector.Reflect(&Scenario{})
	schema.ID = ""
	schema.Title = "ombak scenario"
	restrictPolicies(schema.Definitions["Policy"])
	describe(schema, reflect.TypeFor[Scenario](), map[reflect.Type]bool{})
	restrictWords(schema)
	schema.OneOf = []*jsonschema.Schema{{Required: []string{"journey"}}, {Required: []string{"steps", "journeys"}}}
	schema.Definitions["Vary"].OneOf = []*jsonschema.Schema{{Required: []string{"max"}}, {Required: []string{"values"}}}
	return json.MarshalIndent(schema, "", "  ")
}

// describe gives every key its meaning, its default and an example.
func describe(schema *jsonschema.Schema, at reflect.Type, seen map[reflect.Type]bool) {
	known := meanings()
	var walk func(t reflect.Type)
	walk = func(t reflect.Type) {
		t = elementOf(t)
		if t.Kind() != reflect.Struct || seen[t] || isLeaf(t) || t == rawType || t == quotaType {
			return
		}
		seen[t] = true
		properties := schema.Properties
		if t != at {
			properties = schema.Definitions[t.Name()].Properties
		}
		for _, key := range keysOf(t) {
			field, holder, _ := fieldOf(t, key)
			if property, listed := properties.Get(key); listed {
				properties.Set(key, described(property, known[holder+"."+key]))
			}
			walk(field.Type)
		}
	}
	walk(at)
}

// described returns a property with its meaning. A reference to a definition is wrapped, because that has a description of
// its own.
func described(property *jsonschema.Schema, meaning Meaning) *jsonschema.Schema {
	text := strings.ToUpper(meaning.Text[:1]) + meaning.Text[1:] + "."
	if standard := defaultOf(meaning.Text); standard != "" {
		text += " Default: " + standard + "."
	}
	if property.Description != "" && property.Description != meaning.Text {
		text += " Write " + property.Description + "."
	}
	own := *property
	own.Description = text
	if meaning.Example != "" {
		own.Examples = []any{meaning.Example}
	}
	return &own
}

// restrictWords allows only the words that the decoder accepts.
func restrictWords(schema *jsonschema.Schema) {
	for _, place := range []struct {
		in, property string
		words        []any
	}{
		{"Retry", "jitter", []any{"full", "none"}},
		{"Step", "leave", []any{"close", "silent"}},
		{"Step", "once", []any{perPerson}},
		{"Extract", "pick", []any{"first", "last", "random"}},
		{"Connections", "per", []any{"all", "person"}},
		{"Threshold", "severity", []any{"fail", "warn"}},
		{"Population", "locale", []any{"id", "en", "in"}},
		{"Backend", "proof", []any{"mail", proofBySMS}},
		{"Published", "use", []any{UseInput, UseHoldOut, UseContext}},
		{"Story", "outcome", []any{"fell", "held", "staggered", "unknown"}},
		{"Story", "sector", []any{"health", "voting", "welfare", "tickets", "statistics"}},
	} {
		if property, known := schema.Definitions[place.in].Properties.Get(place.property); known {
			property.Enum = place.words
		}
	}
	for property, pattern := range map[string]string{"method": `^[A-Z]+$`, "path": `^(/|\$\{(got|run)\.)`} {
		if text, known := schema.Definitions["Request"].Properties.Get(property); known {
			text.Pattern = pattern
		}
	}
	if people, known := schema.Definitions["Arrivals"].Properties.Get("people"); known {
		former := *people
		former.Deprecated, former.Description = true, "another name of people"
		schema.Definitions["Arrivals"].Properties.Set("signups", &former)
	}
	if name, known := schema.Properties.Get("schema"); known {
		name.Const = SchemaName
	}
}

// restrictPolicies allows each policy only its own settings.
func restrictPolicies(policy *jsonschema.Schema) {
	var names []any
	for _, descriptor := range resilience.Policies() {
		own := []any{descriptor.Name}
		if descriptor.Formerly != "" {
			own = append(own, descriptor.Formerly)
		}
		names = append(names, own...)
		is := jsonschema.NewProperties()
		is.Set("policy", &jsonschema.Schema{Enum: own})
		allowed := []any{"policy", "at"}
		for _, setting := range descriptor.Keys() {
			allowed = append(allowed, setting)
		}
		policy.AllOf = append(policy.AllOf, &jsonschema.Schema{
			If:   &jsonschema.Schema{Properties: is},
			Then: &jsonschema.Schema{Required: descriptor.Needs, PropertyNames: &jsonschema.Schema{Enum: allowed}},
		})
	}
	if name, known := policy.Properties.Get("policy"); known {
		name.Enum = names
	}
}

// schemaOf maps the types whose text form reflection cannot see.
func schemaOf(t reflect.Type) *jsonschema.Schema {
	text := func(description string) *jsonschema.Schema {
		return &jsonschema.Schema{Type: "string", Pattern: textForms[t].String(), Description: description}
	}
	orZero := func(description string) *jsonschema.Schema {
		return &jsonschema.Schema{OneOf: []*jsonschema.Schema{text(description), {Const: 0}}}
	}
	switch t {
	case reflect.TypeFor[string]():
		return &jsonschema.Schema{Extras: map[string]any{"type": []string{"string", "number", "boolean"}}}
	case reflect.TypeFor[time.Duration]():
		return orZero("a duration, as in 250ms, 10s or 21h")
	case reflect.TypeFor[time.Time]():
		return text("an instant, as in 2020-04-11T19:00:00+07:00")
	case reflect.TypeFor[uint64]():
		return &jsonschema.Schema{Type: "integer", Minimum: "0"}
	case reflect.TypeFor[workload.Rate](), reflect.TypeFor[resilience.Rate]():
		return text("a rate, as in 1350/s or 80000/m")
	case reflect.TypeFor[workload.Distribution]():
		return orZero("a distribution, as in 20ms, exponential(20ms), uniform(1s, 3s), lognormal(median=20ms, p95=60ms), gamma(mean=20ms, scv=0.5), empirical(10ms, 40ms)")
	case reflect.TypeFor[Think]():
		return orZero("a distribution, as in uniform(1s, 3s), or a column of durations, as in ${feeder.users.pause}")
	case reflect.TypeFor[Share](), reflect.TypeFor[resilience.Share]():
		return &jsonschema.Schema{OneOf: []*jsonschema.Schema{
			text("a share in percent, as in 74.23%"),
			{Type: "number", Minimum: "0", Maximum: "1", Description: "a share from 0 to 1"},
		}}
	case reflect.TypeFor[Times]():
		return &jsonschema.Schema{OneOf: []*jsonschema.Schema{
			text("a number of rounds, or a range, as in 3 or 3..5"), {Type: "integer", Minimum: "1", Maximum: json.Number(strconv.Itoa(mostRounds))},
		}}
	case reflect.TypeFor[Status]():
		return statusSchema()
	case reflect.TypeFor[Value]():
		return &jsonschema.Schema{Description: "a single value, as in 8, 1.5 or exponential(20ms)", OneOf: []*jsonschema.Schema{{Type: "string"}, {Type: "number"}, {Type: "boolean"}}}
	case reflect.TypeFor[Raw]():
		return &jsonschema.Schema{Type: "object", Description: "the keys to change, as they are written in the part that is changed"}
	case reflect.TypeFor[workload.QuotaTerms]():
		return quotaSchema()
	case reflect.TypeFor[workload.Mode]():
		return &jsonschema.Schema{Type: "string", Enum: []any{"poisson", "even", "burst"}}
	case reflect.TypeFor[workload.Discipline]():
		var names []any
		for _, discipline := range workload.Disciplines() {
			names = append(names, string(discipline))
		}
		return &jsonschema.Schema{Type: "string", Enum: names}
	}
	return nil
}

// statusSchema allows HTTP statuses, the names of gRPC codes, and close codes of WebSockets.
func statusSchema() *jsonschema.Schema {
	var names []any
	for _, name := range funnel.CodeNames() {
		names = append(names, name)
	}
	return &jsonschema.Schema{OneOf: []*jsonschema.Schema{{Type: "integer", Minimum: "101", Maximum: "599"}, {Enum: names}, {Type: "string", Pattern: closeForm.String()}}}
}

// quotaSchema allows a number of requests a day, or the terms in full.
func quotaSchema() *jsonschema.Schema {
	count := &jsonschema.Schema{Type: "integer", Minimum: "0", Description: "requests a day of UTC+7"}
	terms := jsonschema.NewProperties()
	terms.Set("most", &jsonschema.Schema{Type: "integer", Minimum: "0", Description: "requests in one period"})
	terms.Set("per", schemaOf(reflect.TypeFor[time.Duration]()))
	terms.Set("zone", &jsonschema.Schema{Type: "string", Description: "whose midnight: an offset as in +07:00, UTC, or a name as in Asia/Jakarta"})
	return &jsonschema.Schema{OneOf: []*jsonschema.Schema{count, {Type: "object", Properties: terms, Required: []string{"most"}, AdditionalProperties: jsonschema.FalseSchema}}}
}
