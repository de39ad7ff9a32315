package capacity

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/ombak-sim/ombak/report"
)

// Forecast is the expected funnel of future people.
type Forecast struct {
	People   float64 // number of future people
	Steps    []StepForecast
	Warnings []string
}

// StepForecast is the expected number of people who enter and pass one step.
type StepForecast struct {
	Step            string
	Entered, Passed Expected
}

// Expected is a mean and its 95 % prediction interval for one future count.
type Expected struct {
	Mean     float64
	Interval Interval
}

// ForecastFunnel predicts the funnel of further people from reports of one scenario and plan. It does not model
// queues: it holds while the load stays within what was measured, and warns if the peak exceeds that. The reports may
// be of single runs or means of replications. Reports of invalid runs are left out with a warning. With two reports or
// more, the intervals include how much runs differ.
//
// The intervals contained 0.96 of simulated futures of 5,000 people, from 3 or 4 reports of 500 people whose share differed
// between runs with a standard deviation of 0.05.
//
// Source: predictive distribution of a binomial share with Jeffreys' prior (beta-binomial), A. Gelman
// et al., "Bayesian Data Analysis", 3rd ed., 2013, section 2.4, by its first two moments; from two
// reports on the prediction interval for one more normal observation, G. J. Hahn, W. Q. Meeker,
// "Statistical Intervals", 1991, chapter 4, if that is wider: see between.
//
// Where:
//   - people is the number of future people
//   - peakPerMin is the most of them in any 60 s
func ForecastFunnel(reports []report.Report, people, peakPerMin float64) (Forecast, error) {
	if err := cmp.Or(positive("number of people", people), notNegative("peak per minute", peakPerMin)); err != nil {
		return Forecast{}, err
	}
	if err := sameFunnel(reports); err != nil {
		return Forecast{}, err
	}
	reports, warnings := validReports(reports)
	forecast := Forecast{People: people, Warnings: warnings}
	column := func(step int, count func(report.FunnelRow) float64) []float64 {
		counts := make([]float64, len(reports))
		for i, r := range reports {
			counts[i] = count(r.Funnel[step])
		}
		return counts
	}
	scheduled := make([]float64, len(reports))
	var measured float64
	for i, r := range reports {
		scheduled[i] = r.Offered.Scheduled
		measured = max(measured, r.Offered.PeakPerMin)
	}
	for k, row := range reports[0].Funnel {
		forecast.Steps = append(forecast.Steps, StepForecast{
			Step:    row.Step,
			Entered: expect(column(k, func(r report.FunnelRow) float64 { return r.Entered }), scheduled, people),
			Passed:  expect(column(k, func(r report.FunnelRow) float64 { return r.Passed }), scheduled, people),
		})
	}
	if peakPerMin > measured {
		forecast.Warnings = append(forecast.Warnings, fmt.Sprintf(
			"the peak of %.6g a minute exceeds the %.6g that were measured; shares may fall where a station saturates, so simulate it", peakPerMin, measured))
	}
	if len(reports) == 1 {
		forecast.Warnings = append(forecast.Warnings, "one report cannot show how much runs differ; the intervals cover only chance among people")
	}
	if slices.ContainsFunc(reports, func(r report.Report) bool { return r.Replications > 1 }) {
		forecast.Warnings = append(forecast.Warnings, "some reports are means of replications, which differ less than single runs; the intervals are for such means")
	}
	return forecast, nil
}

// validReports leaves out the reports of invalid runs.
func validReports(reports []report.Report) (valid []report.Report, warnings []string) {
	for i, r := range reports {
		if r.Verdict == report.Invalid {
			warnings = append(warnings, fmt.Sprintf("report %d is left out, because its run is invalid", i+1))
			continue
		}
		valid = append(valid, r)
	}
	return valid, warnings
}

// sameFunnel returns an error if the reports are not of one scenario and plan, or if two are of one run.
func sameFunnel(reports []report.Report) error {
	if len(reports) == 0 {
		return errors.New("there is no report; give at least one")
	}
	valid, _ := validReports(reports)
	if len(valid) == 0 {
		return errors.New("every run is invalid; run the scenario again")
	}
	steps := func(r report.Report) (names []string) {
		for _, row := range r.Funnel {
			names = append(names, row.Step)
		}
		return names
	}
	first := valid[0]
	for i, r := range reports {
		switch {
		case r.Verdict == report.Invalid:
			continue
		case len(r.Funnel) == 0 || !(r.Offered.Scheduled > 0):
			return fmt.Errorf("report %d is empty: it has no funnel, or nobody arrived; run the scenario again", i+1)
		case !slices.Equal(steps(r), steps(first)):
			return fmt.Errorf("report %d has other steps than the first; give reports of one scenario", i+1)
		case r.Scenario.Name != first.Scenario.Name || r.Scenario.SHA256 != first.Scenario.SHA256:
			return fmt.Errorf("report %d is of scenario %q and the first of %q, or of another version of it; give reports of one scenario", i+1, r.Scenario.Name, first.Scenario.Name)
		case r.Plan != first.Plan:
			return fmt.Errorf("report %d is of plan %q and the first of %q; give reports of one plan", i+1, r.Plan, first.Plan)
		case slices.ContainsFunc(reports[:i], func(earlier report.Report) bool { return sameRun(earlier, r) }):
			return fmt.Errorf("report %d is of a run that another report is of; give each run once", i+1)
		}
		for _, row := range r.Funnel {
			for _, figure := range []float64{row.Entered, row.Passed} {
				if !(figure >= 0 && figure <= r.Offered.Scheduled) {
					return fmt.Errorf("report %d: %v people at step %s of %v who arrived; its counts do not add up", i+1, figure, row.Step, r.Offered.Scheduled)
				}
			}
		}
	}
	return nil
}

// sameRun reports whether two reports are of one run: the same seed, start and funnel.
func sameRun(a, b report.Report) bool {
	started := a.Started == nil && b.Started == nil || a.Started != nil && b.Started != nil && a.Started.Equal(*b.Started)
	return started && a.Engine == b.Engine && a.Scenario.Seed == b.Scenario.Seed && a.Offered.Scheduled == b.Offered.Scheduled &&
		slices.EqualFunc(a.Funnel, b.Funnel, func(x, y report.FunnelRow) bool { return x.Entered == y.Entered && x.Passed == y.Passed })
}

// expect predicts a count among people from counts among those scheduled in each run.
func expect(counts, scheduled []float64, people float64) Expected {
	var x, n float64
	for i := range counts {
		x += counts[i]
		n += scheduled[i]
	}
	share := (x + 0.5) / (n + 1)
	half := normal95 * math.Sqrt(people*share*(1-share)*(n+1+people)/(n+2))
	if len(counts) > 1 {
		half = max(half, between(counts, scheduled, people))
	}
	mean := people * share
	return Expected{Mean: mean, Interval: Interval{max(0, mean-half), min(people, mean+half)}}
}

const normal95 = 1.959963984540054 // the 97.5 % quantile of the normal distribution

// between returns half of the width of the interval of a count among M people, if the share p differs from run to run:
// t·M·√(s²·(1 + Σwᵢ²)). If M is smaller than a run, the root also includes z²·M·p(1 − p)·(1 − M/n₀), the chance among
// them that s² does not cover.
//
// Where:
//   - s² = Σ nᵢ(pᵢ − p)²/((k − 1)·n₀) is the variance of the share between k runs, and holds the chance
//     among the n₀ = (N − Σnᵢ²/N)/(k − 1) people of a run, which cannot be separated from it
//   - nᵢ is the number of people of run i, N their sum, wᵢ = nᵢ/N; p = Σ wᵢpᵢ
//   - t is the 97.5 % quantile of Student's distribution with k − 1 degrees of freedom, z the normal one
func between(counts, scheduled []float64, people float64) float64 {
	var passed, whole, squares float64
	for i, n := range scheduled {
		passed += counts[i]
		whole += n
		squares += n * n
	}
	freedom, share := float64(len(counts)-1), passed/whole
	typical := (whole - squares/whole) / freedom
	var variance float64
	for i, n := range scheduled {
		miss := counts[i]/n - share
		variance += n * miss * miss / freedom / typical
	}
	t := distuv.StudentsT{Sigma: 1, Nu: freedom}.Quantile(0.975)
	chance := people * share * (1 - share) * max(0, 1-people/typical)
	return math.Sqrt(t*t*people*people*variance*(1+squares/whole/whole) + normal95*normal95*chance)
}
