package baseline_test

import (
	"math/rand/v2"
	"testing"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/report/baseline"
)

// TestDefaultsOfAForeignService: the step of the arrivals and the watched processes are judged, not a sign-up and a
// backend that the service does not have.
func TestDefaultsOfAForeignService(t *testing.T) {
	random := rand.New(rand.NewPCG(9, 1))
	foreign := func(slower float64) (all []report.Report) {
		for _, r := range runs(random, 8, .02, slower) {
			cpu := *r.Processes[0].CPUS * slower
			r.Processes = []report.Process{{Name: "api", CPUS: &cpu, Watched: true}}
			r.Funnel = []report.FunnelRow{{Step: "visit", Entered: 900, Passed: 900}, {Step: "order", Entered: 400, Passed: 400}}
			r.Steps = []report.StepRow{{Step: "visit"}, r.Steps[0]}
			r.Steps[1].Step = "order"
			r.Offered.ByStep = map[string]report.Scheduling{"order": {Scheduled: 400}}
			all = append(all, r)
		}
		return all
	}
	got, err := baseline.Compare(foreign(1), foreign(1.5), baseline.Comparing{})
	if err != nil || got.Step != "order" || got.Verdict != report.Fail {
		t.Fatalf("%v: %s is %s, want order to fail", err, got.Step, got.Verdict)
	}
	gates := map[string]bool{}
	for _, figure := range got.Figures {
		gates[figure.Figure] = figure.Gate
	}
	if !gates["cpu_s.api"] || !gates["response_time_passed.p95"] {
		t.Errorf("the gates are %v", gates)
	}
}
