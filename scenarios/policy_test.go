package scenarios_test

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/ombak-sim/ombak/resilience"
	"github.com/ombak-sim/ombak/scenarios"
)

// protected returns the tiny scenario with one more plan of one policy.
func protected(policy string) string {
	return strings.Replace(minimal, "dependencies:", "  - {name: photo, request: {target: web, path: /photo}}\n  - {name: end, request: {target: web, path: /end}}\ndependencies:", 1) + "  - {name: safe, policies: [{" + policy + "}]}\n" + "stations: {web: {servers: 1, service: 1ms}}\n"
}

// good has a valid line for every policy at every place where it may be.
var good = []string{
	"policy: static-limit, at: entry, limit: 3",
	"policy: bounded-fifo, at: step:go, limit: 3, queue: 4, deadline: 1s",
	"policy: bulkhead, at: call:registry, limit: 3, queue: 4, deadline: 1s",
	"policy: codel, at: entry, limit: 3, queue: 4",
	"policy: codel, at: call:registry, limit: 3, queue: 4, target: 1s, interval: 2s",
	"policy: adaptive-concurrency, at: entry, min: 1, max: 9",
	"policy: adaptive-concurrency, at: call:registry, min: 1, max: 9, limit: 4, algorithm: aimd, target: 1s, queue: 2, deadline: 1s",
	"policy: priority-shed, at: entry, limit: 3, queue: 4, deadline: 1s",
	"policy: token-bucket, at: step:go, rate: 1/s, burst: 3",
	"policy: shared-token-bucket, at: entry, rate: 100/s, burst: 20",
	"policy: waiting-room, at: step:go, rate: 1/s, burst: 3",
	"policy: waiting-room, at: step:go, rate: 1/s, order: lottery, round: 1m",
	"policy: waiting-room, at: step:go, rate: 1/s, order: serving-number, grace: 1m",
	"policy: stagger, at: entry, every: 1h, group: 3, first: 4",
	"policy: circuit-breaker, at: call:registry, calls: 3, share: 50%, cooldown: 1s, probes: 2",
	"policy: circuit-breaker, at: call:registry",
	"policy: retry-budget, at: entry, ratio: 10%, burst: 3",
	"policy: retry-budget, at: call:registry, attempts: 2, pause: 1s, longest: 2s",
	"policy: cache, at: call:registry, ttl: 1h, size: 10",
	"policy: station-cache, at: station:web, hit_rate: 80%, time: 1ms",
	"policy: station-cache, at: station:web, hit_rate: 0.8",
	"policy: async-verify, at: call:registry, workers: 2, queue: 10, pause: 1s, longest: 1m",
	"policy: autoscale, at: station:web, per_server: 0.6, max: 4, min: 2, every: 5s, boot: 1s, cooldown: 1m",
	"policy: autoscale, at: station:web, rule: kpa, metric: queue, per_server: 10, max: 4",
	"policy: deferred-photo, at: step:photo",
}

// Former names stay, and mean the policy of today.
func TestFormerNames(t *testing.T) {
	for former, now := range map[string]string{
		"policy: registry-cache, at: call:registry, ttl: 1h": "cache", "policy: stagger-by-birth-month, at: entry, every: 1h": "stagger",
	} {
		s, err := parse(protected(former))
		if err != nil {
			t.Fatal(err)
		}
		if policies := s.Plans[len(s.Plans)-1].Policies; policies[0].Policy != now {
			t.Errorf("%s is called %q, want %q", former, policies[0].Policy, now)
		}
	}
	for _, key := range []string{"people", "signups"} {
		s, err := parse(strings.Replace(minimal, "signups:", key+":", 1))
		if err != nil || len(s.Arrivals.Signups) == 0 {
			t.Errorf("arrivals.%s: %v", key, err)
		}
	}
	if _, err := parse(strings.Replace(minimal, "signups:", "people: [], signups:", 1)); err == nil || !strings.Contains(err.Error(), "the same key") {
		t.Errorf("both names: %v", err)
	}
}

func TestPoliciesAreRead(t *testing.T) {
	named := map[string]bool{}
	for _, policy := range good {
		if _, err := parse(protected(policy)); err != nil {
			t.Errorf("%s: %v", policy, err)
		}
		name, _, _ := strings.Cut(strings.TrimPrefix(policy, "policy: "), ",")
		named[name] = true
	}
	for _, name := range scenarios.PolicyNames() {
		if !named[name] {
			t.Errorf("no policy %s is read here", name)
		}
	}
}

func TestPolicyMistakes(t *testing.T) {
	for _, test := range []struct{ why, policy, want string }{
		{"an unknown name", "policy: codl, at: entry", `the policy "codl" is unknown; did you mean "codel"?`},
		{"a place that does not exist", "policy: static-limit, at: step:gone, limit: 3", `there is no place "step:gone"; write entry, step:NAME, call:DEPENDENCY or station:NAME`},
		{"a place where it cannot be", "policy: circuit-breaker, at: entry", `the policy circuit-breaker cannot be at "entry"; put it at call:DEPENDENCY`},
		{"a cache at a station without its hit rate", "policy: station-cache, at: station:web", "the policy station-cache needs hit_rate"},
		{"a hit rate above all", "policy: station-cache, at: station:web, hit_rate: 120%", "hit_rate"},
		{"a negative time of a hit", "policy: station-cache, at: station:web, hit_rate: 80%, time: -1s", ""},
		{"a cache of hits at a call", "policy: station-cache, at: call:registry, hit_rate: 80%", `the policy station-cache cannot be at "call:registry"; put it at station:NAME`},
		{"a setting of another policy", "policy: static-limit, at: entry, limit: 3, queue: 4", "queue: the policy static-limit does not take queue; it takes limit"},
		{"a setting of another policy, though it is 0", "policy: static-limit, at: entry, limit: 3, ttl: 0s", "the policy static-limit does not take ttl"},
		{"a setting that is missing", "policy: cache, at: call:registry", "the policy cache needs ttl; add it"},
		{"a setting that applies only to calls", "policy: retry-budget, at: entry, attempts: 3", "takes attempts only at a call"},
		{"the step at which arrivals are scheduled", "policy: deferred-photo, at: step:go", "the step go cannot be put off, because the arrivals are scheduled at it; put it at a later step"},
		{"an unknown setting", "policy: codel, at: entry, limt: 3, queue: 4", `unknown key "limt"; did you mean "limit"?`},
		{"a limit that admits nothing", "policy: static-limit, at: entry, limit: 0", "static-limit: concurrency is 0; it must be 1 or more"},
		{"a target longer than its interval", "policy: codel, at: entry, limit: 1, queue: 1, target: 2s, interval: 1s", "the target must be above 0 and no longer than the interval"},
		{"an unknown order", "policy: waiting-room, at: step:go, rate: 1/s, order: alphabet", `the order "alphabet" is unknown; use fifo, lottery or serving-number`},
		{"a waiting room without a step", "policy: waiting-room, at: entry, rate: 1/s", "put it at step:NAME"},
		{"a maximum below the minimum", "policy: autoscale, at: station:web, per_server: 0.5, min: 3, max: 2", "servers range from 3 to 2"},
		{"two gates at one call", "policy: bulkhead, at: call:registry, limit: 3}, {policy: codel, at: call:registry, limit: 3, queue: 3", "both put a gate at call:registry; keep one of them"},
	} {
		_, err := parse(protected(test.policy))
		var mistakes scenarios.Mistakes
		if !errors.As(err, &mistakes) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v; want %q", test.why, err, test.want)
			continue
		}
		if place := mistakes[0]; place.File != "tiny.yaml" || place.Line < 10 {
			t.Errorf("%s: no place in %+v", test.why, place)
		}
	}
}

func TestComparedPlansExist(t *testing.T) {
	_, err := parse(minimal + "compare: [as-is, widr]\n")
	if err == nil || !strings.Contains(err.Error(), `compare[1]: no plan is called "widr"; did you mean "wider"?`) {
		t.Error(err)
	}
}

// TestDeferredPhoto: the step comes after all others, and is not needed to join.
func TestDeferredPhoto(t *testing.T) {
	scenario, err := parse(protected("policy: deferred-photo, at: step:photo") + "backend: {required: [profile, photo]}\n")
	if err != nil {
		t.Fatal(err)
	}
	for plan, want := range map[string]string{"as-is": "go photo end, profile photo", "safe": "go end photo, profile"} {
		planned, err := scenario.WithPlan(plan)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, step := range planned.Journey {
			names = append(names, step.Name)
		}
		if got := strings.Join(names, " ") + ", " + strings.Join(planned.Backend.Required, " "); got != want {
			t.Errorf("under %s: %s, want %s", plan, got, want)
		}
	}
}

// TestDocumentedPolicies: the table in the documentation equals that of the code, row by row.
func TestDocumentedPolicies(t *testing.T) {
	text, err := os.ReadFile("../docs/reference/policies.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range resilience.Policies() {
		if row := documented(kind); !strings.Contains(string(text), row) {
			t.Errorf("docs/reference/policies.md lacks the row\n%s", row)
		}
		if row := changesRow(kind); !strings.Contains(string(text), row) {
			t.Errorf("docs/reference/policies.md lacks the row\n%s", row)
		}
	}
}

func documented(kind resilience.Descriptor) string {
	runs := "live and simulated"
	switch {
	case len(kind.Live) == 0:
		runs = "simulated"
	case !slices.Equal(kind.Live, kind.Places):
		runs = "simulated; live at " + sites(kind.Live)
	}
	settings := strings.Join(kind.Needs, ", ")
	if len(kind.Takes) > 0 {
		settings = strings.TrimPrefix(settings+"; "+strings.Join(kind.Takes, ", "), "; ")
		if len(kind.Needs) == 0 {
			settings = "; " + settings
		}
	}
	return "| " + strings.Join([]string{kind.Name, sites(kind.Places), settings, runs, kind.Source}, " | ") + " |"
}

func sites(all []resilience.Site) string {
	var names []string
	for _, site := range all {
		names = append(names, string(site))
	}
	return strings.Join(names, ", ")
}

// TestSchemaKnowsPolicies: the schema allows the same settings of a policy as the decoder.
func TestSchemaKnowsPolicies(t *testing.T) {
	text, err := scenarios.Schema()
	if err != nil {
		t.Fatal(err)
	}
	schema := compile(t, text)
	for _, policy := range good {
		if err := schema.Validate(plain(t, []byte(protected(policy)))); err != nil {
			t.Errorf("%s: %v", policy, err)
		}
	}
	for _, policy := range []string{
		"policy: codl, at: entry", "policy: static-limit, at: entry, limit: 3, queue: 4", "policy: cache, at: call:registry",
	} {
		if schema.Validate(plain(t, []byte(protected(policy)))) == nil {
			t.Errorf("the schema takes %s", policy)
		}
	}
}

// changesRow is the row of a policy in the table of what can change while a run plays.
func changesRow(descriptor resilience.Descriptor) string {
	changes := descriptor.Changes
	cells := []string{descriptor.Name, strings.Join(changes.Keys, ", "), changes.Waiting, ""}
	if len(changes.Keys) == 0 {
		cells[1] = "nothing"
	}
	fixed := strings.Join(descriptor.Fixed(), ", ")
	if changes.Always {
		fixed = "off and on"
	}
	if cells[3] = changes.WhyNot; fixed != "" && changes.WhyNot != "" {
		cells[3] = fixed + ": " + changes.WhyNot
	}
	if changes.Stays != "" {
		cells[3] += "; live nothing: " + changes.Stays
	}
	return "| " + strings.Join(cells, " | ") + " |"
}
