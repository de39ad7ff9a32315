package simulation

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/setup"
)

// The plan of the comparison, made before it: how often each simulator plays a scenario, how many figures there are at
// most, and with what probability any of them differs by chance alone.
const (
	naiveReplications = 30
	naiveFigures      = 300
	naiveError        = .01
)

// naiveCase is a scenario that both simulators play.
type naiveCase struct{ name, why, text string }

// figures names what is compared: at each step the people by outcome, their attempts beyond the first, and the mean
// response time of passed and timed-out attempts, and the busy time of each station and dependency.
func (c naiveCase) figures(s *scenarios.Scenario) (names []string) {
	for _, step := range s.Journey {
		for _, figure := range []string{"entered", "passed", "rejected", "failed", "timed out", "abandoned", "retries", "response"} {
			names = append(names, step.Name+" "+figure)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Stations)) {
		names = append(names, name+" busy")
	}
	for _, name := range slices.Sorted(maps.Keys(s.Dependencies)) {
		names = append(names, name+" busy")
	}
	return names
}

// measured returns the figures of one report.
func measured(r report.Report) map[string]float64 {
	figures := map[string]float64{}
	for i, row := range r.Funnel {
		for name, value := range map[string]float64{
			"entered": row.Entered, "passed": row.Passed, "rejected": row.Rejected, "failed": row.Failed, "timed out": row.TimedOut,
			"abandoned": row.Abandoned, "retries": row.Retries,
		} {
			figures[row.Step+" "+name] = value
		}
		if times := r.Steps[i].ResponseTimePassedS; times != nil {
			figures[row.Step+" response"] = times.Mean
		}
	}
	for _, row := range r.Stations {
		figures[row.Name+" busy"] = row.BusyS
	}
	return figures
}

// measured returns the same figures of the naive simulator.
func (n *naive) measured() map[string]float64 {
	figures := map[string]float64{}
	for i, row := range n.rows {
		for name, value := range map[string]float64{
			"entered": row.entered, "passed": row.people[naivePassed], "rejected": row.people[naiveRejected], "failed": row.people[naiveFailed],
			"timed out": row.people[naiveTimedOut], "abandoned": row.people[naiveAbandoned], "retries": row.retries, "response": row.waited / max(1, row.timed),
		} {
			figures[n.s.Journey[i].Name+" "+name] = value
		}
	}
	for name, p := range n.places {
		figures[name+" busy"] = p.busyS
	}
	return figures
}

// welch returns the probability that two samples of one mean differ as much as these (B. L. Welch, "The generalization of
// Student's problem when several different population variances are involved", Biometrika 34, 1947). Samples without any
// variance agree if they are equal within the given share, which is that of rounding.
func welch(a, b []float64, rounding float64) float64 {
	meanA, varianceA := stat.MeanVariance(a, nil)
	meanB, varianceB := stat.MeanVariance(b, nil)
	difference, sizeA, sizeB := math.Abs(meanA-meanB), float64(len(a)), float64(len(b))
	if equal := max(math.Abs(meanA), math.Abs(meanB)); math.Sqrt(max(varianceA, varianceB)) <= 1e-9*equal {
		if difference <= rounding*equal {
			return 1
		}
		return 0
	}
	errorA, errorB := varianceA/sizeA, varianceB/sizeB
	freedom := (errorA + errorB) * (errorA + errorB) / (errorA*errorA/(sizeA-1) + errorB*errorB/(sizeB-1))
	return 2 * distuv.StudentsT{Mu: 0, Sigma: 1, Nu: freedom}.CDF(-difference/math.Sqrt(errorA+errorB))
}

// compare plays a scenario with both simulators and returns the figures that differ, and how many there are.
func (c naiveCase) compare(t *testing.T, slower float64, without string) (differ []string, count int) {
	t.Helper()
	scenario := parseScenario(t, c.text)
	model, err := setup.NewModel(scenario, setup.Options{})
	if err != nil {
		t.Fatalf("%s: %v", c.name, err)
	}
	series := Series{Model: model}
	if err := series.Extend(t.Context(), Settings{Brief: true, Lean: true}, naiveReplications); err != nil {
		t.Fatalf("%s: %v", c.name, err)
	}
	planned, err := scenario.WithPlan("")
	if err != nil {
		t.Fatal(err)
	}
	names := c.figures(planned)
	ours, theirs := map[string][]float64{}, map[string][]float64{}
	for i, played := range series.reports {
		first, second := measured(played), naivePlay(planned, uint64(i), slower, without).measured()
		for _, name := range names {
			ours[name], theirs[name] = append(ours[name], first[name]), append(theirs[name], second[name])
		}
	}
	for _, name := range names {
		rounding := 1e-9
		if strings.HasSuffix(name, "response") {
			rounding = 1e-3 // reports keep three digits of each time
		}
		p := welch(ours[name], theirs[name], rounding)
		line := fmt.Sprintf("%-20s %-26s simulated %10.5g ± %-8.3g naive %10.5g ± %-8.3g p %.2g", c.name, name, stat.Mean(ours[name], nil),
			stat.StdDev(ours[name], nil), stat.Mean(theirs[name], nil), stat.StdDev(theirs[name], nil), p)
		t.Log(line)
		if p < naiveError/naiveFigures {
			differ = append(differ, line)
		}
	}
	return differ, len(names)
}

// TestNaive holds the simulator against a second one, which is plain and slow and was written from the documentation.
func TestNaive(t *testing.T) {
	figures := 0
	for _, c := range naiveCases {
		differ, count := c.compare(t, 1, "")
		if figures += count; len(differ) > 0 {
			t.Errorf("%s (%s) differs:\n%s", c.name, c.why, strings.Join(differ, "\n"))
		}
	}
	if figures > naiveFigures {
		t.Errorf("%d figures are compared, but the error is divided among %d", figures, naiveFigures)
	}
}
