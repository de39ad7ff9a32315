package drill

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/scenarios"
)

// How near a prediction should come: relative for throughput, goodput, counts and times, absolute
// for utilization.
const (
	nearThroughput  = 0.10
	nearCount       = 0.05
	nearMedian      = 0.20
	nearTail        = 0.35
	nearUtilization = 0.05
	fewestCounted   = 20 // people below which a count is left to chance
)

// Prediction is one figure, predicted and measured.
type Prediction struct {
	Figure    string  `json:"figure"` // as in sign-up.passed or store.utilization
	Unit      string  `json:"unit,omitempty"`
	Predicted float64 `json:"predicted"`
	Measured  float64 `json:"measured"`
	Error     float64 `json:"error"`   // relative to the measured one; of utilization the difference
	Allowed   float64 `json:"allowed"` // of the size of the error
	Near      bool    `json:"near"`
}

// Validation is a simulation held against a live run.
type Validation struct {
	Scenario     string       `json:"scenario"`
	Plan         string       `json:"plan"`
	Replications int          `json:"replications"`
	Figures      []Prediction `json:"figures"`
	Wrong        []string     `json:"wrong"` // where the model was wrong, in words
	Warnings     []string     `json:"warnings,omitempty"`
}

// Validate simulates what a live report measured, with its plan and seed, and compares. The options
// say what a report does not hold: scale, window, or the rate of a level.
func Validate(ctx context.Context, scenario *scenarios.Scenario, measured report.Report, options Options, how Simulating) (Validation, error) {
	switch {
	case measured.Engine == report.Simulated:
		return Validation{}, refuse("the report is simulated; give one of a live run")
	case measured.Scenario.Name != scenario.Name:
		return Validation{}, refuse("the report is of scenario %s, not of %s", measured.Scenario.Name, scenario.Name)
	case len(measured.Funnel) == 0 || !(measured.DurationS > 0):
		return Validation{}, refuse("the report is empty: nobody came, or it took no time")
	}
	options.Plan, options.Seed = measured.Plan, &measured.Scenario.Seed
	run, err := NewSimulation(scenario, options)
	if err != nil {
		return Validation{}, err
	}
	step := scenario.Arrivals.Step
	here, there := run.Offered.ByStep[step].Scheduled, measured.Offered.ByStep[step].Scheduled
	if math.Abs(here-there) > 0.01*there+1 {
		return Validation{}, refuse("the report offered %.0f people at %s and the simulation would offer %.0f; give --scale, --window, or --rate and --for as the run had them", there, step, here)
	}
	simulated, err := Simulate(ctx, run, how)
	if err != nil {
		return Validation{}, err
	}
	v := Validation{Scenario: scenario.Name, Plan: measured.Plan, Replications: len(simulated.Replays)}
	if measured.Verdict == report.Invalid {
		v.Warnings = append(v.Warnings, "the measured run is invalid ("+strings.Join(measured.Invalid, "; ")+")")
	}
	v.compareSteps(simulated.Report, measured)
	v.compareStations(simulated.Report, measured)
	v.blame()
	return v, nil
}

func (v *Validation) add(figure, unit string, predicted, measured, allowed float64) {
	p := Prediction{Figure: figure, Unit: unit, Predicted: predicted, Measured: measured, Allowed: allowed}
	switch {
	case unit == "share":
		p.Error = predicted - measured
	case measured == 0:
		return // no relative error
	default:
		p.Error = predicted/measured - 1
	}
	p.Near = math.Abs(p.Error) <= allowed
	v.Figures = append(v.Figures, p)
}

func (v *Validation) compareSteps(predicted, measured report.Report) {
	for i, row := range predicted.Funnel {
		if i >= len(measured.Funnel) || measured.Funnel[i].Step != row.Step || i >= len(measured.Steps) {
			v.Warnings = append(v.Warnings, "the report's journey ends before step "+row.Step+", or differs from the scenario's")
			return
		}
		if measured.Funnel[i].Passed < fewestCounted {
			continue
		}
		// Counts of people scatter by chance: three standard deviations of a Poisson count are allowed at least.
		chance := 3 / math.Sqrt(measured.Funnel[i].Passed)
		v.add(row.Step+".passed", "people", row.Passed, measured.Funnel[i].Passed, max(nearCount, chance))
		p, m := predicted.Steps[i], measured.Steps[i]
		v.add(row.Step+".throughput", "per s", p.ThroughputPerS, m.ThroughputPerS, max(nearThroughput, chance))
		v.add(row.Step+".goodput", "per s", p.GoodputPerS, m.GoodputPerS, max(nearThroughput, chance))
		if p.ResponseTimePassedS != nil && m.ResponseTimePassedS != nil {
			v.add(row.Step+".p50", "s", p.ResponseTimePassedS.P50, m.ResponseTimePassedS.P50, nearMedian)
			v.add(row.Step+".p95", "s", p.ResponseTimePassedS.P95, m.ResponseTimePassedS.P95, nearTail)
			v.add(row.Step+".p99", "s", p.ResponseTimePassedS.P99, m.ResponseTimePassedS.P99, nearTail)
		}
	}
}

// compareStations compares utilization of stations of the same name, and web with the CPU of the
// backend.
func (v *Validation) compareStations(predicted, measured report.Report) {
	for _, row := range predicted.Stations {
		if row.Servers == 0 || predicted.DurationS == 0 {
			continue
		}
		here := row.BusyS / (row.Servers * predicted.DurationS)
		for _, there := range measured.Stations {
			if there.Name == row.Name && there.Servers > 0 && there.BusyS > 0 {
				v.add(row.Name+".utilization", "share", here, there.BusyS/(there.Servers*measured.DurationS), nearUtilization)
			}
		}
		for _, process := range measured.Processes {
			if row.Name == "web" && process.Name == "backend" && process.CPUS != nil && measured.Machine != nil {
				v.add("web.utilization", "share", here, *process.CPUS/(float64(measured.Machine.CPUs)*measured.DurationS), nearUtilization)
			}
		}
	}
}

// blame names the figures that the model missed.
func (v *Validation) blame() {
	for _, p := range v.Figures {
		if p.Near {
			continue
		}
		direction := "too high"
		if p.Error < 0 {
			direction = "too low"
		}
		v.Wrong = append(v.Wrong, fmt.Sprintf("%s is predicted %s by %s, beyond the allowed %s", p.Figure, direction, p.spellError(math.Abs(p.Error)), p.spellError(p.Allowed)))
	}
}

func (p Prediction) spellError(size float64) string {
	if p.Unit == "share" {
		return fmt.Sprintf("%.1f points", 100*size)
	}
	return fmt.Sprintf("%.0f %%", 100*size)
}

// Rows returns the table, its first row the titles.
func (v Validation) Rows() [][]string {
	rows := [][]string{{"figure", "predicted", "measured", "error", "allowed", ""}}
	for _, p := range v.Figures {
		spell := grouped
		switch p.Unit {
		case "s":
			spell = spellTime
		case "share":
			spell = func(share float64) string { return fmt.Sprintf("%.1f %%", 100*share) }
		}
		verdict := "wrong"
		if p.Near {
			verdict = "near"
		}
		sign := map[bool]string{true: "+", false: "-"}[p.Error >= 0]
		rows = append(rows, []string{p.Figure, spell(p.Predicted), spell(p.Measured), sign + p.spellError(math.Abs(p.Error)), p.spellError(p.Allowed), verdict})
	}
	return rows
}

// WriteValidation writes validation.json.
func WriteValidation(w io.Writer, v Validation) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", " ")
	return encoder.Encode(v)
}
