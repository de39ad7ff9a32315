package drill

import (
	"encoding/json"
	"fmt"
	"io"
	"math"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"

	"github.com/ombak-sim/ombak/report"
)

// Estimate is a mean over replications with its 95 % confidence interval (Student's t), which one
// replication alone does not give.
type Estimate struct {
	Mean float64     `json:"mean"`
	CI95 *[2]float64 `json:"ci95,omitempty"`
}

// PlanOutcome is one plan in plans.json.
type PlanOutcome struct {
	Plan         string         `json:"plan"`
	Replications int            `json:"replications"`
	SignUps      Estimate       `json:"signups"`       // people
	Finished     Estimate       `json:"finished"`      // people who passed the last step
	GoodputPerS  Estimate       `json:"goodput_per_s"` // people who passed the last step, per second
	ResponseP99S Estimate       `json:"response_p99_s"`
	Gain         *Estimate      `json:"finished_gain,omitempty"` // over the first plan, paired: the same people under both
	Verdict      report.Verdict `json:"verdict"`
}

// Comparison is plans.json.
type Comparison struct {
	Scenario string        `json:"scenario"`
	Plans    []PlanOutcome `json:"plans"`
	Best     string        `json:"best"`
	Why      []string      `json:"why"`
}

// ComparePlans sums up simulations of one scenario under several plans. Replication k of every plan
// has the same people, so that differences are taken pair by pair (common random numbers; Law,
// "Simulation Modeling and Analysis", sec. 11.2).
func ComparePlans(simulations []Simulation) Comparison {
	var c Comparison
	best := -1
	for i, s := range simulations {
		c.Scenario = s.Report.Scenario.Name
		outcome := PlanOutcome{
			Plan: s.Report.Plan, Replications: len(s.Replays), Verdict: s.Report.Verdict,
			SignUps:      estimate(s.Replays, func(r Replay) float64 { return r.SignUps }),
			Finished:     estimate(s.Replays, func(r Replay) float64 { return r.Finished }),
			GoodputPerS:  estimate(s.Replays, func(r Replay) float64 { return r.GoodputPerS }),
			ResponseP99S: estimate(s.Replays, func(r Replay) float64 { return r.P99S }),
		}
		if i > 0 {
			gain := Paired(simulations[0].Replays, s.Replays, func(r Replay) float64 { return r.Finished })
			outcome.Gain = &gain
		}
		c.Plans = append(c.Plans, outcome)
		if best < 0 || outcome.Finished.Mean > c.Plans[best].Finished.Mean {
			best = i
		}
	}
	if best >= 0 {
		c.Best = c.Plans[best].Plan
		c.Why = []string{fmt.Sprintf("most people came through: %.0f passed the last step", c.Plans[best].Finished.Mean)}
	}
	return c
}

// Paired estimates the mean difference of a figure between two plans, replication by replication.
func Paired(base, other []Replay, figure func(Replay) float64) Estimate {
	var differences []float64
	for i := range min(len(base), len(other)) {
		differences = append(differences, figure(other[i])-figure(base[i]))
	}
	return estimateOf(differences)
}

func estimate(replays []Replay, figure func(Replay) float64) Estimate {
	var values []float64
	for _, replay := range replays {
		values = append(values, figure(replay))
	}
	return estimateOf(values)
}

func estimateOf(values []float64) Estimate {
	mean, deviation := stat.MeanStdDev(values, nil)
	e := Estimate{Mean: mean}
	if n := float64(len(values)); n > 1 {
		half := distuv.StudentsT{Sigma: 1, Nu: n - 1}.Quantile(0.975) * deviation / math.Sqrt(n)
		e.CI95 = &[2]float64{mean - half, mean + half}
	}
	return e
}

// WriteComparison writes plans.json.
func WriteComparison(w io.Writer, c Comparison) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", " ")
	return encoder.Encode(c)
}
