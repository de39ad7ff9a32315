package scenarios_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/workload"
)

const minimal = `schema: ombak.scenario/v1
name: tiny
opens: 2020-04-11T19:00:00+07:00
seed: 1
arrivals: {step: go, signups: [{for: 10s, rate: 5/s}]}
targets: {web: {url: "http://127.0.0.1:8080"}}
journey:
  - name: go
    request: {target: web, path: /}
    route: [{call: registry}]
dependencies:
  registry: {kind: generic, servers: 2, service: 10ms}
plans:
  - {name: as-is}
  - {name: wider, set: {dependencies: {registry: {servers: 8}}}}
  - {name: patient, extends: [wider], set: {journey: {go: {timeout: 1m}}}}
`

func parse(text string) (*scenarios.Scenario, error) {
	return scenarios.Parse("tiny.yaml", []byte(text), fstest.MapFS{"gaps.csv": {Data: []byte("minute,visits,signups\n1,2,1\n")}, "even.csv": {Data: []byte("minute,visits,signups\n0,2,1\n")}})
}

func ExampleParse() {
	_, err := parse(strings.Replace(minimal, "seed: 1", "sed: 1", 1))
	fmt.Println(err)
	// Output: tiny.yaml:4:1: sed: unknown key "sed"; did you mean "seed"?
}

func ExampleScenario_WithPlan() {
	scenario, err := parse(minimal)
	if err != nil {
		panic(err)
	}
	wider, err := scenario.WithPlan("patient")
	fmt.Println(scenario.Dependencies["registry"].Servers, wider.Dependencies["registry"].Servers, wider.Journey[0].Timeout, err)
	// Output: 2 8 1m0s <nil>
}

func TestMistakesSayWhereAndWhatToDo(t *testing.T) {
	for _, test := range []struct{ why, old, new, want string }{
		{"an unknown key far from any other", "seed: 1", "colour: red", `unknown key "colour"; use one of: after, arrivals, backend,`},
		{"a negative rate", "5/s", "-5/s", `arrivals.people[0].rate: rate "-5/s" is negative; a rate must be 0 or more`},
		{"a rate without unit", "5/s", "5", "write for example 1350/s or 80000/m"},
		{"a bad duration", "10s, rate", "ten, rate", `"ten" is not a duration; write for example 250ms, 10s or 21h`},
		{"a bad distribution", "service: 10ms", "service: sometimes", `"sometimes" is not a duration`},
		{"a step that does not exist", "step: go", "step: gone", `no step is called "gone"; did you mean "go"?`},
		{"a target that does not exist", "target: web", "target: wbe", `no target is called "wbe"; did you mean "web"?`},
		{"a dependency that does not exist", "call: registry", "call: register", `no dependency is called "register"; did you mean "registry"?`},
		{"a list where a mapping belongs", "{kind: generic, servers: 2, service: 10ms}", "[1]", "dependencies.registry: expected a mapping, found a list"},
		{"a text where a number belongs", "servers: 2", "servers: two", `"two" is not a whole number`},
		{"a counts file that is missing", "signups: [{for: 10s, rate: 5/s}]", "counts: none.csv", `the file "none.csv" cannot be read; put the file next to the scenario`},
		{"a counts file with a gap", "signups: [{for: 10s, rate: 5/s}]", "counts: gaps.csv", "gaps.csv: line 2: minute is 1 where 0 was expected"},
		{"an unknown fault", "service: 10ms", "service: 10ms, faults: [{fault: outag, at: 1s, for: 1s}]", `fault "outag" is unknown`},
		{"an upload that is missing", "targets:", "files: {scan: {file: none.pdf}}\ntargets:", `files.scan.file: the file "none.pdf" cannot be read; put the file next to the scenario`},
		{"an upload with an invalid type", "targets:", "files: {scan: {file: gaps.csv, type: a b}}\ntargets:", `files.scan.type: "a b" is not a media type`},
		{"nobody", "rate: 5/s", "rate: 0/s", "nobody arrives; raise a rate or a count"},
		{"a plan that patches a missing part", "{registry: {servers: 8}}", "{register: {servers: 8}}", `dependencies has no "register"; did you mean "registry"?`},
		{"a plan that patches an unknown key", "{servers: 8}", "{server: 8}", `unknown key "server"; did you mean "servers"?`},
		{"a plan that extends a missing plan", "extends: [wider]", "extends: [wide]", `has no plan "wide"; did you mean "wider"?`},
		{"a plan that extends itself", "{name: wider,", "{name: wider, extends: [patient],", "extends itself"},
		{"two plans of a chain that set one value", "go: {timeout: 1m}}", "go: {timeout: 1m}}, dependencies: {registry: {servers: 9}}", "set dependencies.registry.servers differently"},
		{"YAML that cannot be read", "journey:", "journey: [", "the YAML cannot be read"},
		{"an alias", "seed: 1", "seed: *x", ""},
		{"no schema", "schema: ombak.scenario/v1", "schema: v0", "write schema: ombak.scenario/v1"},
		{"a huge population of arrivals", "rate: 5/s", "rate: 99999999/s", "999999990 people arrive, but the population has only 270000000; "},
		{"arrivals beyond whole numbers", "rate: 5/s", "rate: 1e300/s", "1e+301 people arrive, but the population has"},
		{"arrivals beyond all numbers", "{for: 10s, rate: 5/s}", "{for: 100000s, rate: 1.7e308/s}", "more than countable people arrive, but the population has"},
		{"arrivals beyond whole numbers by their factor", "arrivals: {", "arrivals: {scale: 1e300, ", "e+301 people arrive, but the population has"},
		{"arrivals for years", "for: 10s", "for: 2000000h", "the arrivals last longer than 31 days"},
		{"arrivals for years in pieces", "signups: [{for: 10s, rate: 5/s}]", "signups: [{for: 720h, rate: 5/s}, {for: 2560000h, rate: 5/s}]", "the arrivals last longer than 31 days"},
	} {
		_, err := parse(strings.Replace(minimal, test.old, test.new, 1))
		var mistakes scenarios.Mistakes
		if !errors.As(err, &mistakes) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v; want %q", test.why, err, test.want)
			continue
		}
		for _, mistake := range mistakes {
			if mistake.File != "tiny.yaml" || mistake.Line < 1 || mistake.Column < 1 {
				t.Errorf("%s: no place in %+v", test.why, mistake)
			}
		}
	}
}

func TestEveryMistakeIsReportedAtOnce(t *testing.T) {
	text := strings.NewReplacer("seed: 1", "sed: 1", "5/s", "-5/s", "servers: 2", "servers: two").Replace(minimal)
	_, err := parse(text)
	var mistakes scenarios.Mistakes
	if !errors.As(err, &mistakes) || len(mistakes) < 3 {
		t.Fatalf("%v; want three mistakes at least", err)
	}
	for i := 1; i < len(mistakes); i++ {
		if mistakes[i].Line < mistakes[i-1].Line {
			t.Errorf("mistakes are not in the order of the file: %v", err)
		}
	}
}

// The plan's copy shares nothing with the scenario.
func TestPlansLeaveTheScenarioAlone(t *testing.T) {
	scenario, err := parse(minimal)
	if err != nil {
		t.Fatal(err)
	}
	wider, err := scenario.WithPlan("wider")
	if err != nil {
		t.Fatal(err)
	}
	wider.Dependencies["registry"] = scenarios.Dependency{}
	wider.Journey[0].Name = "changed"
	if scenario.Dependencies["registry"].Servers != 2 || scenario.Journey[0].Name != "go" || scenario.Plan() != "" || wider.Plan() != "wider" {
		t.Error("a change of the plan's copy reached the scenario")
	}
}

// prakerja-2020 offers exactly the published number of people, and no more than the busiest minute in any 60
// s.
func TestPublishedCounts(t *testing.T) {
	scenario, err := scenarios.Load("prakerja-2020")
	if err != nil {
		t.Fatal(err)
	}
	signups, visitors := scenario.Arrivals.Bins()
	if signups.Total() != 1_432_133 || signups.Total()+visitors.Total() != 2_400_000 || signups.Duration() != 21*time.Hour {
		t.Errorf("%d sign-ups and %d visitors in %v", signups.Total(), visitors.Total(), signups.Duration())
	}
	arrivals := workload.Arrivals{Bins: signups, Mode: scenario.Arrivals.Mode}
	total, most := workload.Peak(func(yield func(time.Duration) bool) {
		for arrival := range arrivals.All() {
			if !yield(arrival.At) {
				return
			}
		}
	}, time.Minute)
	if total != 1_432_133 || most != 80_000 {
		t.Errorf("%d sign-ups, at most %d in any 60 s; want 1432133 and 80000", total, most)
	}
}

func TestPeakOffers1350ValidSignUpsInEverySecond(t *testing.T) {
	scenario, err := scenarios.Load("prakerja-2020-peak")
	if err != nil {
		t.Fatal(err)
	}
	signups, _ := scenario.Arrivals.Bins()
	for second := 10; second < 85; second++ {
		if signups.Counts[second] != 1350 {
			t.Errorf("second %d offers %d", second, signups.Counts[second])
		}
	}
}

// Every bundled file obeys the published JSON Schema, which refuses what the decoder refuses.
func TestSchemaMatchesTheFiles(t *testing.T) {
	text, err := scenarios.Schema()
	if err != nil {
		t.Fatal(err)
	}
	schema := compile(t, text)
	for _, name := range scenarios.Bundled() {
		scenario, err := scenarios.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(plain(t, scenario.Source())); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := schema.Validate(plain(t, scenarios.Template())); err != nil {
		t.Errorf("the template: %v", err)
	}
	for _, wrong := range []string{
		"seed: 1|sed: 1", "5/s|-5|", "10s, rate|ten, rate", "service: 10ms|service: sometimes", "seed: 1|seed: 1\nsearch: {vary: [{set: stations.web.servers}]}",
		"seed: 1|seed: -1", "5/s|-5/s", "scenario/v1|scenario/v2", "seed: 1|seed: 1\nthresholds: [{expr: dropped == 0, severity: hint}]",
	} {
		old, new, _ := strings.Cut(wrong, "|")
		if schema.Validate(plain(t, []byte(strings.Replace(minimal, old, new, 1)))) == nil {
			t.Errorf("the schema accepts %q", new)
		}
	}
}

func compile(t *testing.T, text []byte) *jsonschema.Schema {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("scenario.json", document); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("scenario.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// plain turns YAML into what encoding/json would have decoded.
func plain(t *testing.T, text []byte) any {
	t.Helper()
	var value any
	if err := yaml.Unmarshal(text, &value); err != nil {
		t.Fatal(err)
	}
	asJSON, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(string(asJSON)))
	if err != nil {
		t.Fatal(err)
	}
	return document
}

func TestLoadNamesWhatIsNear(t *testing.T) {
	_, err := scenarios.Load("smok")
	if err == nil || !strings.Contains(err.Error(), `did you mean "smoke"?`) {
		t.Errorf("%v", err)
	}
	if _, err := scenarios.Load(t.TempDir()); err == nil || !strings.Contains(err.Error(), "folder") {
		t.Errorf("a folder: %v", err)
	}
	name := t.TempDir() + "/x.yaml"
	if err := os.WriteFile(name, []byte(minimal), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := scenarios.Load(name); err != nil {
		t.Error(err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(minimal)
	f.Add("a: [b, {c: d}]\n? x\n: y\n")
	f.Add(shop)
	f.Add("&a b: *a\n<<: {x: 1}\n")
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 1<<12 {
			return
		}
		scenario, err := parse(text)
		var mistakes scenarios.Mistakes
		if err != nil && !errors.As(err, &mistakes) {
			t.Errorf("%q: %v is no list of mistakes", text, err)
		}
		if err == nil && scenario.Schema != scenarios.SchemaName {
			t.Errorf("%q passed as a scenario", text)
		}
	})
}
