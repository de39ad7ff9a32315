package simulation

import (
	"bytes"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/setup"
)

func simulateNamed(t *testing.T, name string, options setup.Options, settings Settings) Result {
	t.Helper()
	return simulated(t, simulationOf(t, name, options), settings)
}

func simulationOf(t *testing.T, name string, options setup.Options) *setup.Model {
	t.Helper()
	scenario, err := scenarios.Load(name)
	if err != nil {
		t.Fatal(err)
	}
	run, err := setup.NewModel(scenario, options)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

func simulated(t *testing.T, model *setup.Model, settings Settings) Result {
	t.Helper()
	simulation, err := Simulate(t.Context(), model, settings)
	if err != nil {
		t.Fatal(err)
	}
	return simulation
}

func written(t *testing.T, s Result) []byte {
	t.Helper()
	var buffer bytes.Buffer
	if err := report.Write(&buffer, s.Report); err != nil {
		t.Fatal(err)
	}
	return buffer.Bytes()
}

// TestReportsAreTheSameOnAnyNumberOfWorkers: reports are equal byte for byte, and another seed gives another
// run.
func TestReportsAreTheSameOnAnyNumberOfWorkers(t *testing.T) {
	one := written(t, simulateNamed(t, "smoke", setup.Options{}, Settings{Replications: 5, Workers: 1}))
	four := written(t, simulateNamed(t, "smoke", setup.Options{}, Settings{Replications: 5, Workers: 4}))
	if !bytes.Equal(one, four) {
		t.Error("one worker and four write different reports")
	}
	other := uint64(2)
	if bytes.Equal(one, written(t, simulateNamed(t, "smoke", setup.Options{Seed: &other}, Settings{Replications: 5}))) {
		t.Error("another seed gives the same report")
	}
}

// TestSimulatedReport: a simulated report has the right engine, intervals and balanced books.
func TestSimulatedReport(t *testing.T) {
	r := simulateNamed(t, "smoke", setup.Options{}, Settings{Replications: 3}).Report
	if r.Engine != report.Simulated || r.Started != nil || r.Generator != nil || len(r.Processes) > 0 || r.Replications != 3 {
		t.Errorf("engine %q, started %v, generator %v, %d processes, %d replications", r.Engine, r.Started, r.Generator, len(r.Processes), r.Replications)
	}
	if faults := report.Check(r); len(faults) > 0 {
		t.Errorf("the books do not add up: %v", faults)
	}
	if _, known := r.Funnel[4].CI95["passed"]; !known {
		t.Error("passed identity has no confidence interval")
	}
	if r.Series.Note == "" || len(r.Series.Steps) == 0 || len(r.Series.Stations) == 0 {
		t.Error("series of replication 0 are missing")
	}
}

// surgeCounts are the published counts of 12 April 2020, 16:00 WIB.
var surgeCounts = map[string]float64{"sign-up": 1_432_133, "email-verify": 1_063_028, "identity": 624_090, "join": 77_834}

// TestComparedPlansAreSimulatedOnes: plans that share their people, and of whose runs less is kept, come to
// the very figures of simulations each on its own.
func TestComparedPlansAreSimulatedOnes(t *testing.T) {
	scenario, err := scenarios.Load("prakerja-2020")
	if err != nil {
		t.Fatal(err)
	}
	options := setup.Options{To: 30 * time.Minute, Scale: 0.01, ScaleSystem: 0.05, Thresholds: []string{"identity.response_time.p97 < 5s", "sign-up.passed >= 90% of entered over 5m"}}
	runs, _, err := setup.NewModels(scenario, options, []string{"as-was", "autoscale", "stagger"})
	if err != nil {
		t.Fatal(err)
	}
	compared, err := Study{Models: runs, Settings: Settings{Replications: 2, Workers: 2}}.Play(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i, run := range runs {
		alone := simulated(t, run, Settings{Replications: 2, Workers: 1})
		for k := range alone.Replications {
			alone.Replications[k].Elapsed, compared[i].Replications[k].Elapsed = 0, 0
		}
		for part, pair := range map[string][2]any{
			"replications": {alone.Replications, compared[i].Replications},
			"thresholds":   {alone.Report.Thresholds, compared[i].Report.Thresholds},
			"funnel":       {alone.Report.Funnel, compared[i].Report.Funnel},
			"steps":        {alone.Report.Steps, compared[i].Report.Steps},
			"offered":      {alone.Report.Offered, compared[i].Report.Offered},
		} {
			if !reflect.DeepEqual(pair[0], pair[1]) {
				t.Errorf("%s, %s: alone %+v, compared %+v", run.Scenario.Plan(), part, pair[0], pair[1])
			}
		}
	}
}

func TestNewSimulationRefuses(t *testing.T) {
	scenario, err := scenarios.Load("smoke")
	if err != nil {
		t.Fatal(err)
	}
	text := string(scenario.Source())
	for why, change := range map[string][2]string{
		"a step without a route": {"    route: [{station: web}]\n  - name: sign-up", "  - name: sign-up"},
	} {
		changed, err := scenarios.Parse("changed.yaml", []byte(strings.Replace(text, change[0], change[1], 1)), nil)
		if err != nil {
			t.Errorf("%s: %v", why, err)
			continue
		}
		if _, err := setup.NewModel(changed, setup.Options{}); !errors.Is(err, setup.ErrRefused) {
			t.Errorf("%s: %v, want a refusal", why, err)
		}
	}
}

// TestPasswordsBoundWhatTheyStandAt: with one core that hashes for 23 ms, 43.5 people a second get
// past the step that asks for a password, and everybody past the others.
func TestPasswordsBoundWhatTheyStandAt(t *testing.T) {
	const signUp, password, hashed = 0, 3, 1 / 0.023
	for _, test := range []struct {
		plan                string
		signedUp, protected float64 // per second
	}{{"no-password", 100, 0}, {"password-at-signup", hashed, 0}, {"password-after-verify", 100, hashed}} {
		r := simulateNamed(t, "passwords", setup.Options{Plan: test.plan}, Settings{}).Report
		signedUp, protected := stepPerSecond(r, signUp, 8, 20), stepPerSecond(r, password, 8, 20)
		if math.Abs(signedUp-test.signedUp) > 0.08*test.signedUp || math.Abs(protected-test.protected) > 0.02*test.protected {
			t.Errorf("%s: %.1f signed up and %.1f set a password per second, want %.1f and %.1f", test.plan, signedUp, protected, test.signedUp, test.protected)
		}
	}
}

// passedPerSecond returns the goodput of the first step between two seconds.
func passedPerSecond(r report.Report, from, to int64) float64 { return stepPerSecond(r, 0, from, to) }

func stepPerSecond(r report.Report, step int, from, to int64) float64 {
	sum := int64(0)
	for i, second := range r.Series.TS {
		if second >= from && second < to {
			sum += r.Series.Steps[step].Passed[i]
		}
	}
	return float64(sum) / float64(to-from)
}

// TestRandomTotalsAreCounted: if each replication has its own number of people, the books of each balance.
func TestRandomTotalsAreCounted(t *testing.T) {
	run, err := setup.NewModel(parseScenario(t, strings.Replace(shop, "arrivals: {step: go, mode: even", "drain: 2s\narrivals: {step: go, totals: random", 1)), setup.Options{})
	if err != nil {
		t.Fatal(err)
	}
	simulation, err := Simulate(t.Context(), run, Settings{Replications: 3})
	if err != nil {
		t.Fatal(err)
	}
	if simulation.Report.Verdict != report.Pass || len(simulation.Report.Invalid) > 0 {
		t.Errorf("%s: %v", simulation.Report.Verdict, simulation.Report.Invalid)
	}
	for _, replication := range simulation.Replications {
		if replication.Lost != 0 {
			t.Errorf("%v people are lost, though all pass", replication.Lost)
		}
	}
}

// TestStudyMeansTheSameAsSimulate: playing plans together changes no figure.
func TestStudyMeansTheSameAsSimulate(t *testing.T) {
	scenario, err := scenarios.Load("metastable")
	if err != nil {
		t.Fatal(err)
	}
	options := setup.Options{To: 5 * time.Minute}
	runs, _, err := setup.NewModels(scenario, options, []string{"as-is", "lifo"})
	if err != nil {
		t.Fatal(err)
	}
	told := 0
	together, err := Study{runs, Settings{Replications: 2}, func(_, _ time.Duration) { told++ }}.Play(t.Context())
	if err != nil || told != 1 {
		t.Fatal(err, told)
	}
	for i, plan := range []string{"as-is", "lifo"} {
		alone := simulateNamed(t, "metastable", setup.Options{Plan: plan, To: 5 * time.Minute}, Settings{Replications: 2})
		for k := range alone.Replications {
			a, b := alone.Replications[k], together[i].Replications[k]
			a.Elapsed, b.Elapsed = 0, 0
			if !reflect.DeepEqual(a, b) {
				t.Errorf("%s, replication %d: alone %+v, together %+v", plan, k, a, b)
			}
		}
	}
	if b := together[0].Bottleneck; b.Name != "service" || !(b.Utilization > 0.5) {
		t.Errorf("busiest is %+v", b)
	}
}
