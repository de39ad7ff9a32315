package capacity

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/ombak-sim/ombak/report"
)

// Forecast is the funnel that is to be expected of people who have not come yet.
type Forecast struct {
	People   float64 // who will come
	Steps    []StepForecast
	Warnings []string
}

// StepForecast is how many of them will enter and pass one step.
type StepForecast struct {
	Step            string
	Entered, Passed Expected
}

// Expected is a mean and the interval that one future count falls in with 95 %.
type Expected struct {
	Mean     float64
	Interval Interval
}

// ForecastFunnel predicts the funnel of further people from reports of the same scenario. It knows
// nothing of queues: it holds as long as the load stays within what was measured, and warns where the
// peak exceeds that. The reports may be of single runs or means of replications.
//
// Source: predictive distribution of a binomial share with Jeffreys' prior (beta-binomial), A. Gelman
// et al., "Bayesian Data Analysis", 3rd ed., 2013, section 2.4, by its first two moments; runs that
// differ by more than chance widen it by Pearson's φ, P. McCullagh, J. A. Nelder, "Generalized Linear
// Models", 2nd ed., 1989, section 4.5.
//
// Where:
//   - people is how many will come
//   - peakPerMin is most of them in any 60 s
func ForecastFunnel(reports []report.Report, people, peakPerMin float64) (Forecast, error) {
	if err := cmp.Or(positive("number of people", people), notNegative("peak per minute", peakPerMin), sameFunnel(reports)); err != nil {
		return Forecast{}, err
	}
	forecast := Forecast{People: people}
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
		forecast.Warnings = append(forecast.Warnings, "one report cannot show how much runs differ; the intervals hold chance among people only")
	}
	return forecast, nil
}

// sameFunnel says what keeps reports from being taken together.
func sameFunnel(reports []report.Report) error {
	if len(reports) == 0 {
		return errors.New("there is no report; give at least one")
	}
	steps := func(r report.Report) (names []string) {
		for _, row := range r.Funnel {
			names = append(names, row.Step)
		}
		return names
	}
	for i, r := range reports {
		switch {
		case len(r.Funnel) == 0 || !(r.Offered.Scheduled > 0):
			return fmt.Errorf("report %d is empty: it has no funnel or nobody came; run the scenario again", i+1)
		case !slices.Equal(steps(r), steps(reports[0])):
			return fmt.Errorf("report %d has other steps than the first; give reports of one scenario", i+1)
		}
		for _, row := range r.Funnel {
			for _, figure := range []float64{row.Entered, row.Passed} {
				if !(figure >= 0 && figure <= r.Offered.Scheduled) {
					return fmt.Errorf("report %d: %v people at step %s of %v who came; its books do not add up", i+1, figure, row.Step, r.Offered.Scheduled)
				}
			}
		}
	}
	return nil
}

// expect predicts a count among people from counts among those scheduled in each run.
func expect(counts, scheduled []float64, people float64) Expected {
	var x, n float64
	for i := range counts {
		x += counts[i]
		n += scheduled[i]
	}
	share := (x + 0.5) / (n + 1)
	variance := people * share * (1 - share) * (n + 1 + people) / (n + 2) * dispersion(counts, scheduled, share)
	half := 1.959963984540054 * math.Sqrt(variance)
	mean := people * share
	return Expected{Mean: mean, Interval: Interval{max(0, mean-half), min(people, mean+half)}}
}

// dispersion is Pearson's φ: how much more runs differ than chance among people explains; at least 1.
func dispersion(counts, scheduled []float64, share float64) float64 {
	if len(counts) < 2 {
		return 1
	}
	var sum float64
	for i, count := range counts {
		miss := count - scheduled[i]*share
		sum += miss * miss / (scheduled[i] * share * (1 - share))
	}
	return max(1, sum/float64(len(counts)-1))
}
