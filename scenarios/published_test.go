package scenarios_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ombak-sim/ombak/scenarios"
)

func TestStoriesAndPublishedFigures(t *testing.T) {
	const story = "story: {sector: health, outcome: held, date: \"2021-04-28\"}\n"
	for _, test := range []struct{ why, keys, want string }{
		{"a complete row", story + "published: [{figure: go.passed, value: 5, source: s, at: then, use: input}]\n", ""},
		{"nobody said it", "published: [{figure: go.passed, value: 5, at: then, use: input}]\n", "source is missing"},
		{"nobody knows when", "published: [{figure: go.passed, value: 5, source: s, use: input}]\n", "at is missing"},
		{"an unknown use", "published: [{figure: go.passed, value: 5, source: s, at: then, use: holdout}]\n", `did you mean "hold-out"`},
		{"an unknown outcome", strings.Replace(story, "held", "hold", 1), `did you mean "held"`},
		{"an unknown sector", strings.Replace(story, "health", "sports", 1), `the value "sports" is unknown`},
		{"a day that is none", strings.Replace(story, "2021-04-28", "April", 1), "is not a day"},
		{"a scale that plays more people than came", strings.Replace(story, "held,", "held, scale: 2,", 1), "the scale is 2"},
	} {
		_, err := parse(test.keys + minimal)
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s: %v; want %q", test.why, err, test.want)
		}
	}
}

// Every surge of the library says who said each figure and when, and nothing about Kartu Prakerja was said after 12 April 2020.
func TestLibraryOfSurges(t *testing.T) {
	count := 0
	for _, name := range scenarios.Bundled() {
		s, err := scenarios.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		if !s.Story.Known() {
			continue
		}
		count++
		if len(s.Published) < 2 || len(s.Plans) < 3 || len(s.Thresholds) == 0 {
			t.Errorf("%s has %d published figures, %d plans and %d thresholds", name, len(s.Published), len(s.Plans), len(s.Thresholds))
		}
		for _, row := range s.Published {
			if strings.HasPrefix(name, "prakerja") && row.At != "2020-04-12" {
				t.Errorf("%s: %s was said at %s", name, row.Figure, row.At)
			}
		}
		if _, uses := s.Dependencies["dukcapil"]; uses != (s.Story.Place == "Indonesia") {
			t.Errorf("%s, %s: asks the Indonesian registry: %v", name, s.Story.Place, uses)
		}
	}
	if count < 10 {
		t.Errorf("the library has %d surges", count)
	}
}

// Replaced arrivals stay under every plan and setting, change the hash, and leave the original as it was.
func TestWithArrivals(t *testing.T) {
	original, err := scenarios.Load("voter-2016")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "few.csv")
	if err := os.WriteFile(file, []byte("time,count\n0,30\n60,12\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	replaced, err := original.WithArrivals(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, plan := range []string{"", "short-queue"} {
		planned, err := replaced.WithPlan(plan)
		if err != nil {
			t.Fatal(err)
		}
		if signups, visitors := planned.Arrivals.Bins(); signups.Total() != 42 || visitors.Total() != 0 || !planned.Replaced() {
			t.Errorf("plan %q: %d people and %d visitors arrive, replaced: %v", plan, signups.Total(), visitors.Total(), planned.Replaced())
		}
	}
	const rest = "schema: ombak.scenario/v1\nname: r\nopens: 2020-04-11T19:00:00+07:00\nseed: 1\njourney: [{name: go, route: [{station: s}]}]\nstations: {s: {servers: 1, service: 1ms}}\narrivals: {step: go, "
	for why, arrivals := range map[string]string{"a closed population": "closed: {people: 5, for: 10s}}", "gaps": "renewal: exponential(1s), people: [{for: 5s, rate: 9/s}]}", "a scale": "scale: 3, people: [{for: 5s, rate: 9/s}]}"} {
		own, err := scenarios.Parse("r.yaml", []byte(rest+arrivals), nil)
		if err == nil {
			own, err = own.WithArrivals(file)
		}
		if err != nil {
			t.Fatal(why, err)
		}
		if signups, _ := own.Arrivals.Bins(); signups.Total() != 42 || own.Arrivals.Closed != nil || !own.Arrivals.Renewal.IsZero() {
			t.Errorf("the file's arrivals do not replace %s: %+v", why, own.Arrivals)
		}
	}
	if original.Replaced() || original.Arrivals.People() < 800_000 || original.SHA256() == replaced.SHA256() {
		t.Error("the original has changed, or has the hash of the other")
	}
	if _, err := original.WithArrivals(file + ".none"); err == nil {
		t.Error("a file that does not exist is read")
	}
}
