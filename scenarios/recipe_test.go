package scenarios_test

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/ombak-sim/ombak/scenarios"
)

const told = `schema: ombak.scenario/v1
name: told
opens: 2020-04-11T19:00:00+07:00
seed: 1
arrivals: {step: go, counts: counts.csv}
targets: {web: {}}
connections: {tls: {key: key.pem, cert: cert.pem}}
steps:
  - {name: go, route: [{station: web}], request: {target: web, path: /}}
  - {name: pay, route: [{station: web}], request: {target: web, path: /}}
journeys:
  - {name: look, share: 50%, steps: [go]}
  - {name: buy, share: 50%, steps: [go, pay]}
stations: {web: {servers: 1, service: exponential(20ms)}}
plans:
  - {name: one}
  - {name: two, set: {stations: {web: {servers: 2}}}}
`

// write writes the scenario and its files to a folder.
func write(t *testing.T, files map[string]string) string {
	t.Helper()
	folder := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// A scenario that is made of its recipe is the one that the recipe is of, whatever was done with it, and needs no file.
func TestARecipeMakesTheSame(t *testing.T) {
	t.Parallel()
	files := map[string]string{
		"told.yaml": told, "counts.csv": "minute,visits,signups\n0,900,900\n", "key.pem": "a secret", "cert.pem": "c", "others.csv": "minute,visits,signups\n0,5,5\n",
		"model.yaml": "stations: {web: {service: exponential(5ms)}}\n",
	}
	half := scenarios.Setting{Path: scenarios.ArrivalsScale, Value: "0.5"}
	servers := scenarios.Setting{Path: "stations.web.servers", Value: "7"}
	for _, test := range []struct {
		why  string
		make func(folder string) (*scenarios.Scenario, error)
	}{
		{"as it was read", func(folder string) (*scenarios.Scenario, error) {
			return scenarios.Load(filepath.Join(folder, "told.yaml"))
		}},
		{"bundled", func(string) (*scenarios.Scenario, error) { return scenarios.Load("prakerja-2020") }},
		{"with everything that can be done with it", func(folder string) (*scenarios.Scenario, error) {
			s, err := scenarios.LoadModelled(filepath.Join(folder, "told.yaml"), "model.yaml", []byte(files["model.yaml"]))
			if err == nil {
				s, err = s.WithArrivals(filepath.Join(folder, "others.csv"))
			}
			if err == nil {
				s, err = s.WithMix(map[string]scenarios.Share{"buy": 1})
			}
			if err == nil {
				s = s.With(half).With(servers)
			}
			return s, err
		}},
	} {
		folder := write(t, files)
		first, err := test.make(folder)
		if err != nil {
			t.Fatalf("%s: %v", test.why, err)
		}
		recipe, err := first.Recipe()
		if err != nil {
			t.Fatalf("%s: %v", test.why, err)
		}
		for name, text := range recipe.Beside {
			if strings.Contains(string(text), "secret") {
				t.Errorf("%s: %s travels", test.why, name)
			}
		}
		if err := os.RemoveAll(folder); err != nil {
			t.Fatal(err)
		}
		second, err := recipe.Make()
		if err != nil {
			t.Fatalf("%s: %v", test.why, err)
		}
		for _, plan := range []string{"", "two"} {
			if plan != "" && first.Name != "told" {
				continue
			}
			a, errA := first.WithPlan(plan)
			b, errB := second.WithPlan(plan)
			if errA != nil || errB != nil || a.SHA256() != b.SHA256() || !reflect.DeepEqual(a.Stations, b.Stations) || !reflect.DeepEqual(a.Journeys, b.Journeys) || !reflect.DeepEqual(a.Arrivals, b.Arrivals) {
				t.Errorf("%s, plan %q: %v, %v; %+v, want %+v", test.why, plan, errA, errB, b, a)
			}
			if _, err := a.Recipe(); err == nil && plan != "" {
				t.Errorf("%s: a recipe tells of a plan that was applied", test.why)
			}
		}
	}
}

// A recipe is refused if a file has changed since the scenario was read.
func TestARecipeOfChangedFiles(t *testing.T) {
	t.Parallel()
	folder := write(t, map[string]string{"told.yaml": told, "counts.csv": "minute,visits,signups\n0,900,900\n", "key.pem": "k", "cert.pem": "c"})
	s, err := scenarios.Load(filepath.Join(folder, "told.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "counts.csv"), []byte("minute,visits,signups\n0,1,1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	recipe, err := s.Recipe()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := recipe.Make(); err == nil || !strings.Contains(err.Error(), "have changed since they were read") {
		t.Errorf("%v", err)
	}
	recipe.Changes = []scenarios.Alteration{{Kind: "spell"}}
	if _, err := recipe.Make(); err == nil || !strings.Contains(err.Error(), `"spell" is no way to change a scenario`) {
		t.Errorf("%v", err)
	}
	delete(recipe.Beside, "counts.csv")
	if _, err := recipe.Make(); err == nil || !strings.Contains(err.Error(), `"counts.csv" cannot be read`) {
		t.Errorf("a file that does not travel: %v", err)
	}
}
