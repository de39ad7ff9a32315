package simulation

import (
	"fmt"
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

// The plan of the comparison, made before it: how often each simulator plays a scenario, how many scenarios are drawn at
// random, how many figures there are at most, and with what probability any of them differs by chance alone.
const (
	naiveReplications = 30
	naiveRandom       = 10
	naiveFigures      = 300
	naiveError        = .01
)

// naiveCase is a scenario that both simulators play, and the figures that are compared: of each step the people by
// outcome, the attempts beyond the first, and the mean response time of attempts that passed or timed out; of each
// station and dependency the busy time of its servers.
type naiveCase struct{ name, why, figures, text string }

// measured returns the figures of one report.
func measured(r report.Report) map[string]float64 {
	figures := map[string]float64{}
	for i, row := range r.Funnel {
		for name, value := range map[string]float64{
			"entered": row.Entered, "passed": row.Passed, "rejected": row.Rejected, "failed": row.Failed, "timed out": row.TimedOut,
			"abandoned": row.Abandoned, "unfinished": row.Unfinished, "retries": row.Retries,
		} {
			figures[row.Step+" "+name] = value
		}
		figures[row.Step+" response"] = 0 // of nobody
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
		entered, ended := row.attempts-row.retries, 0.0
		for _, people := range row.people {
			ended += people
		}
		for name, value := range map[string]float64{
			"entered": entered, "passed": row.people[naivePassed], "rejected": row.people[naiveRejected], "failed": row.people[3],
			"timed out": row.people[naiveTimedOut], "abandoned": row.people[naiveAbandoned], "unfinished": entered - ended,
			"retries": row.retries, "response": row.waited / max(1, row.timed),
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
// Student's problem when several different population variances are involved", Biometrika 34, 1947). Samples agree if
// their means are equal but for rounding, which is given as a share, and differ without any variance if they are not.
func welch(a, b []float64, rounding float64) float64 {
	meanA, varianceA := stat.MeanVariance(a, nil)
	meanB, varianceB := stat.MeanVariance(b, nil)
	difference, sizeA, sizeB := math.Abs(meanA-meanB), float64(len(a)), float64(len(b))
	if equal := max(math.Abs(meanA), math.Abs(meanB)); difference <= rounding*equal {
		return 1
	} else if math.Sqrt(max(varianceA, varianceB)) <= 1e-9*equal {
		return 0
	}
	errorA, errorB := varianceA/sizeA, varianceB/sizeB
	freedom := (errorA + errorB) * (errorA + errorB) / (errorA*errorA/(sizeA-1) + errorB*errorB/(sizeB-1))
	return 2 * distuv.StudentsT{Mu: 0, Sigma: 1, Nu: freedom}.CDF(-difference/math.Sqrt(errorA+errorB))
}

// naiveSamples holds figures by name, one value for each replication.
type naiveSamples map[string][]float64

func (s naiveSamples) add(figures map[string]float64) {
	for name, value := range figures {
		s[name] = append(s[name], value)
	}
}

// simulated plays a scenario with the simulator.
func (c naiveCase) simulated(t *testing.T) naiveSamples {
	t.Helper()
	model, err := setup.NewModel(parseScenario(t, c.text), setup.Options{})
	if err != nil {
		t.Fatalf("%s: %v", c.name, err)
	}
	series, samples := Series{Model: model}, naiveSamples{}
	if err := series.Extend(t.Context(), Settings{Brief: true, Lean: true}, naiveReplications); err != nil {
		t.Fatalf("%s: %v", c.name, err)
	}
	for _, r := range series.reports {
		samples.add(measured(r))
	}
	return samples
}

// policies returns those of the plan that is played.
func (c naiveCase) policies(t *testing.T) []scenarios.Policy {
	t.Helper()
	if plans := parseScenario(t, c.text).Plans; len(plans) > 0 {
		return plans[0].Policies
	}
	return nil
}

// naive plays a scenario under policies with the naive simulator, whose service times are stretched by a factor.
func (c naiveCase) naive(t *testing.T, policies []scenarios.Policy, slower float64) naiveSamples {
	t.Helper()
	scenario, samples := parseScenario(t, c.text), naiveSamples{}
	for i := range uint64(naiveReplications) {
		samples.add(naivePlay(scenario, policies, i, slower).measured())
	}
	return samples
}

// differ returns the figures that differ.
func (c naiveCase) differ(t *testing.T, first, second naiveSamples) (lines []string) {
	t.Helper()
	for name := range strings.SplitSeq(c.figures, ",") {
		if len(first[name]) != naiveReplications || len(second[name]) != naiveReplications {
			t.Errorf("%s: %q has %d and %d values, want %d", c.name, name, len(first[name]), len(second[name]), naiveReplications)
			continue
		}
		rounding := 1e-9
		if strings.HasSuffix(name, "response") {
			rounding = 1e-3 // reports keep three digits of each time
		}
		mean, deviation := stat.MeanStdDev(first[name], nil)
		naiveMean, naiveDeviation := stat.MeanStdDev(second[name], nil)
		p := welch(first[name], second[name], rounding)
		line := fmt.Sprintf("%-10s %-16s simulated %9.4g ± %-8.2g naive %9.4g ± %-8.2g p %.1g", c.name, name, mean, deviation, naiveMean, naiveDeviation, p)
		if t.Log(line); p < naiveError/naiveFigures {
			lines = append(lines, line)
		}
	}
	return lines
}

// TestNaive holds the simulator against a second one, which is plain and slow and was written from the documentation.
func TestNaive(t *testing.T) {
	cases, figures := slices.Clone(naiveCases), 0
	for number := range uint64(naiveRandom) {
		cases = append(cases, naiveDrawn(number))
	}
	if testing.Short() {
		cases = cases[:4]
	}
	for _, c := range cases {
		figures += strings.Count(c.figures, ",") + 1
		if differ := c.differ(t, c.simulated(t), c.naive(t, c.policies(t), 1)); len(differ) > 0 {
			t.Errorf("%s (%s) differs:\n%s\n%s", c.name, c.why, strings.Join(differ, "\n"), c.text)
		}
	}
	if t.Logf("%d figures of %d scenarios", figures, len(cases)); figures > naiveFigures {
		t.Errorf("%d figures are compared, but the error is divided among %d", figures, naiveFigures)
	}
}

// TestNaiveFindsFaults: a naive simulator whose servers are a tenth slower is found, and so is one that leaves out any of
// the policies of a scenario written by hand.
func TestNaiveFindsFaults(t *testing.T) {
	for i, c := range naiveCases {
		if i > 0 && testing.Short() {
			break
		}
		simulated, policies := c.simulated(t), c.policies(t)
		if len(c.differ(t, simulated, c.naive(t, policies, 1.1))) == 0 {
			t.Errorf("%s: servers that are a tenth slower are not found", c.name)
		}
		for i, policy := range policies {
			if len(c.differ(t, simulated, c.naive(t, slices.Delete(slices.Clone(policies), i, i+1), 1))) == 0 {
				t.Errorf("%s: that %s at %s is left out is not found", c.name, policy.Policy, policy.At)
			}
		}
	}
}
