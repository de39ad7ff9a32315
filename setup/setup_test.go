package setup_test

import (
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/setup"
	"github.com/ombak-sim/ombak/workload/fault"
)

func load(t testing.TB, name string) *scenarios.Scenario {
	t.Helper()
	scenario, err := scenarios.Load(name)
	if err != nil {
		t.Fatal(err)
	}
	return scenario
}

func ExampleNewLive() {
	scenario, err := scenarios.Load("prakerja-2020-peak")
	if err != nil {
		panic(err)
	}
	run, err := setup.NewLive(scenario, setup.Options{})
	if err != nil {
		panic(err)
	}
	offered := run.Offered.ByStep["sign-up"]
	fmt.Println("plan", run.Scenario.Plan(), "offers", offered.Scheduled, "sign-ups, at least 81000 in a minute:", offered.PeakPerMin >= 81000)
	fmt.Println("calls of Dukcapil at once:", run.Service.Backend.Dukcapil.Policies[0].Limit)
	// Output:
	// plan as-was offers 114750 sign-ups, at least 81000 in a minute: true
	// calls of Dukcapil at once: 10
}

// replayable reports whether every step has a request.
func replayable(scenario *scenarios.Scenario) bool {
	return !slices.ContainsFunc(scenario.Journey, func(step scenarios.Step) bool { return step.Request == nil })
}

// TestBundledScenariosRun: every plan can be replayed or simulated; a scenario for the simulator alone can be
// simulated.
func TestBundledScenariosRun(t *testing.T) {
	for _, name := range scenarios.Bundled() {
		scenario := load(t, name)
		if err := setup.Check(scenario); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for _, plan := range scenario.Plans {
			var err error
			if options := (setup.Options{Plan: plan.Name, To: 10 * time.Minute}); replayable(scenario) && runsLive(scenario, plan) {
				_, err = setup.NewLive(scenario, options)
				if err != nil && strings.Contains(err.Error(), "or simulate it") { // a policy at a place where a service cannot tell people apart
					_, err = setup.NewModel(scenario, options)
				}
			} else {
				_, err = setup.NewModel(scenario, options)
			}
			if err != nil {
				t.Errorf("%s, plan %s: %v", name, plan.Name, err)
			}
		}
	}
}

// runsLive reports whether everything in a plan runs live.
func runsLive(scenario *scenarios.Scenario, plan scenarios.Plan) bool {
	_, policies := scenario.Effective(plan.Name)
	return len(plan.Schedule) == 0 && !slices.ContainsFunc(policies, func(p scenarios.Policy) bool { return !p.RunsLive() })
}

func TestOptionsAreRefused(t *testing.T) {
	for _, test := range []struct {
		options setup.Options
		want    string
	}{
		{setup.Options{Plan: "none"}, `has no plan "none"`},
		{setup.Options{Scale: 1001}, "give a factor above 0 and up to 1000"},
		{setup.Options{Speed: -1}, "above 0"},
		{setup.Options{Speed: 2, MaxRate: 10}, "exclude each other"},
		{setup.Options{MaxWork: 10}, "give max-rate too"},
		{setup.Options{From: time.Hour}, "the arrivals of scenario smoke end at 8s"},
		{setup.Options{From: 5 * time.Second, To: 4 * time.Second}, "is empty"},
		{setup.Options{Part: 3, Parts: 2}, "does not exist"},
		{setup.Options{Thresholds: []string{"nonsense"}}, "column"},
		{setup.Options{Thresholds: []string{"sign-in.passed > 0"}}, `names the step "sign-in"`},
	} {
		_, err := setup.NewLive(load(t, "smoke"), test.options)
		if !errors.Is(err, setup.ErrRefused) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%+v: %v; want a refusal with %q", test.options, err, test.want)
		}
	}
}

// Policies that cannot run live are refused by name, never ignored.
func TestPlansThatCannotRunLiveAreRefused(t *testing.T) {
	text := string(load(t, "smoke").Source())
	for _, test := range []struct{ plan, want string }{
		{"  - name: x\n    policies: [{policy: async-verify, at: call:dukcapil, workers: 9}]\n", "set journey.identity to kind: poll, every, patience, expect.pending: [202] and request.look.path: /v1/identity"},
		{"  - name: x\n    policies: [{policy: waiting-room, at: step:sign-up, rate: 9/s}]\n", "cannot tell people apart"},
		{"  - name: x\n    policies: [{policy: token-bucket, at: step:sign-up, rate: 9/s}]\n", "cannot tell people apart"},
		{"  - name: x\n    policies: [{policy: stagger, at: step:sign-up, every: 1h}]\n", "does not know birth dates"},
		{"  - name: x\n    schedule: [{at: 5s, set: {backend: {quota: 5}}}]\n", "at 5s it changes settings of the backend"},
		{"  - name: x\n    set: {dependencies: {dtks: {kind: dapodik}}}\n", "dependencies dapodik and dtks are both of kind dapodik"},
		{"  - name: x\n    set: {dependencies: {dtks: {discipline: priority}}}\n", "dependency dtks has the discipline priority, but a mock"},
		{"  - name: x\n    set: {dependencies: {dtks: {discipline: sharing, deadline: 0}}}\n", "dependency dtks has the discipline sharing, but a mock"},
		{"  - name: x\n    set: {dependencies: {dtks: {balk: 0.5}}}\n", "dependency dtks has balk, which only a simulation plays"},
		{"  - name: x\n    set: {dependencies: {dtks: {pauses: {rate: 1/s, time: 1ms}}}}\n", "dependency dtks has pauses, which only a simulation plays"},
		{"  - name: x\n    set: {dependencies: {dtks: {setup: 1ms}}}\n", "dependency dtks has setup, which only a simulation plays"},
		{"  - name: x\n    policies: [{policy: bounded-fifo, at: call:mail, limit: 3}]\n", "limits calls of mail, which has no gate"},
	} {
		scenario, err := scenarios.Parse("x.yaml", []byte(strings.Replace(text, "plans:\n", "plans:\n"+test.plan, 1)), os.DirFS("."))
		if err != nil {
			t.Fatal(err)
		}
		_, err = setup.NewLive(scenario, setup.Options{Plan: "x"})
		if !errors.Is(err, setup.ErrRefused) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%v; want a refusal with %q", err, test.want)
		}
	}
}

// A scheduled fault reaches the mock, and its simulated counterpart, with the scenario's settings.
func TestFaultsReachTheMocks(t *testing.T) {
	text := strings.Replace(string(load(t, "smoke").Source()), "plans:\n", "plans:\n"+`  - name: x
    set: {dependencies: {dukcapil: {warm_up: {for: 4s, from: 20%}, faults: [{fault: dukcapil-outage, at: 1s, for: 2s, probability: 50%, with: {status: 500}}]}}}
`, 1)
	scenario, err := scenarios.Parse("x.yaml", []byte(text), os.DirFS("."))
	if err != nil {
		t.Fatal(err)
	}
	live, err := setup.NewLive(scenario, setup.Options{Plan: "x"})
	if err != nil {
		t.Fatal(err)
	}
	want := fault.Fault{Kind: fault.Outage, Name: "dukcapil-outage", At: time.Second, For: 2 * time.Second, Probability: 0.5, Status: 500}
	if trouble := live.Service.Mocks.Dukcapil.Trouble; len(trouble.Faults) != 1 || trouble.Faults[0] != want || trouble.WarmUp != (fault.WarmUp{For: 4 * time.Second, From: 0.2}) {
		t.Errorf("the mock gets %+v", trouble)
	}
	simulated, err := setup.NewModel(scenario, setup.Options{Plan: "x"})
	if err != nil {
		t.Fatal(err)
	}
	for _, call := range simulated.Config.Calls {
		if call.Name == "dukcapil" && (len(call.Faults) != 2 || math.Abs(call.Faults.At(3*time.Second).Capacity-0.2) > 1e-9) {
			t.Errorf("the simulator gets %+v", call.Faults)
		}
	}
}

func TestScaleSystemScalesServersAndLimits(t *testing.T) {
	run, err := setup.NewLive(load(t, "prakerja-2020-peak"), setup.Options{ScaleSystem: 2, Scale: 0.5})
	if err != nil {
		t.Fatal(err)
	}
	if run.Service.Mocks.Dukcapil.Service.Servers != 20 || *run.Service.Mocks.Dukcapil.Service.Queue != 40 || run.Service.Backend.Dukcapil.Policies[0].Limit != 20 || run.Service.Backend.Dukcapil.Policies[0].Queue != 80 {
		t.Errorf("servers %d, gate %+v; want them doubled", run.Service.Mocks.Dukcapil.Service.Servers, run.Service.Backend.Dukcapil.Policies)
	}
	if share := run.Offered.ByStep["sign-up"].Scheduled / 114_750; share < 0.49 || share > 0.51 {
		t.Errorf("the share %v of the people comes, want one half", share)
	}
}

// A part offers its own people, and the parts together the whole.
func TestPartsOfferTheWhole(t *testing.T) {
	total := 0
	for part := range 3 {
		run, err := setup.NewLive(load(t, "smoke"), setup.Options{Part: part, Parts: 3})
		if err != nil {
			t.Fatal(err)
		}
		total += run.Offered.Scheduled
	}
	if total != 640 {
		t.Errorf("three parts offer %d people, want 640", total)
	}
}

func TestAdviceNamesThePlanThatRelieves(t *testing.T) {
	run, err := setup.NewLive(load(t, "prakerja-2020-peak"), setup.Options{})
	if err != nil {
		t.Fatal(err)
	}
	result := report.Report{Thresholds: make([]report.Judgement, len(run.Conditions))}
	if advice := run.TryNext(result); advice != "" {
		t.Errorf("all holds, and yet the advice is %q", advice)
	}
	result.Thresholds[5].Verdict = report.Fail // identity
	if advice := run.TryNext(result); advice != "--plan as-published" {
		t.Errorf("the advice is %q", advice)
	}
	result.Verdict = report.Invalid
	if advice := run.TryNext(result); advice != "" {
		t.Errorf("an invalid run says nothing, and yet the advice is %q", advice)
	}
}

func TestConstantRateKeepsTheProportions(t *testing.T) {
	run, err := setup.NewLive(load(t, "prakerja-2020-peak"), setup.Options{Rate: 100, For: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	signups := run.Offered.ByStep["sign-up"].Scheduled
	if signups != 1150 || math.Abs(float64(run.Offered.Scheduled)/signups-5.0/3) > .01 {
		t.Errorf("%v sign-ups of %v people; want 1150, with two visitors for three", signups, run.Offered.Scheduled)
	}
	for _, condition := range run.Conditions {
		if condition.Source == "sign-up.peak_passed_per_min >= 80000" {
			t.Error("the threshold on the scenario's own minute is still there")
		}
	}
}
