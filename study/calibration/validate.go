package calibration

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/setup"
	"github.com/ombak-sim/ombak/study/simulation"
	"github.com/ombak-sim/ombak/units"
	"github.com/ombak-sim/ombak/workload"
)

// Prediction is one figure, predicted and measured.
type Prediction struct {
	Figure    string     `json:"figure"` // as in sign-up.passed or store.utilization
	Unit      string     `json:"unit,omitempty"`
	Predicted float64    `json:"predicted"`
	Measured  float64    `json:"measured"`        // the mean of the runs
	Spread    [2]float64 `json:"spread"`          // the least and the greatest of the runs
	Values    []float64  `json:"values"`          // of each run that has the figure; empty for published figures
	Error     float64    `json:"error"`           // relative to the measured value; for utilization the difference
	Allowed   float64    `json:"allowed"`         // the largest acceptable size of the error
	Near      bool       `json:"near"`            // within the allowed error
	Cause     string     `json:"cause,omitempty"` // what is likely wrong, and what to do; of figures that are not near
}

// Validation compares a simulation with live runs of one load.
type Validation struct {
	Scenario     string       `json:"scenario"`
	Plan         string       `json:"plan"`
	Runs         int          `json:"runs"` // number of measured runs
	Replications int          `json:"replications"`
	Figures      []Prediction `json:"figures"`
	Wrong        []string     `json:"wrong"` // sentences about the figures that the model missed
	Warnings     []string     `json:"warnings,omitempty"`
}

// Validating holds the options of [Validate].
type Validating struct {
	simulation.Settings
	Shared bool // the model counts the CPU of all processes as the service's; see [Calibrating]
}

// Validate simulates the load that live reports measured, with their plan and seed, and compares. If there are several
// reports, they must be of one load; they show how much the measurement itself varies. The options replace what the reports
// say of their load, and give it for reports of older versions. A simulated report is compared with the hold-outs of its
// scenario.
func Validate(ctx context.Context, scenario *scenarios.Scenario, measured []report.Report, options setup.Options, how Validating) (Validation, error) {
	if len(measured) == 1 && measured[0].Engine == report.Simulated {
		return validatePublished(scenario, measured[0])
	}
	if err := checkMeasured(scenario, measured); err != nil {
		return Validation{}, err
	}
	if err := checkValid(measured); err != nil {
		return Validation{}, err
	}
	simulated, err := simulateMeasured(ctx, scenario, measured, optionsOf(measured[0], options), how.Settings)
	if err != nil {
		return Validation{}, err
	}
	v := Validation{Scenario: scenario.Name, Plan: measured[0].Plan, Runs: len(measured), Replications: simulated.Replications}
	v.Warnings = slices.Clone(simulated.Warnings)
	var runs [][]figure
	judging := judging{scenario, plateauOf(measured[0]), how.Shared, meanDuration(measured), serversIn(simulated)}
	for _, r := range measured {
		runs = append(runs, judging.figuresOf(r))
	}
	if names := stepsOf(simulated); !slices.Equal(names, stepsOf(measured[0])) {
		v.Warnings = append(v.Warnings, "the journey of the report differs from that of the scenario; only steps of the same name are compared")
	}
	for _, predicted := range judging.withIdling(judging.figuresOf(simulated)) {
		v.compare(predicted, runs)
	}
	v.noteMisses(evidence{scenario, measured})
	v.addPublished(simulated.Published)
	return v, nil
}

func checkMeasured(scenario *scenarios.Scenario, measured []report.Report) error {
	if len(measured) == 0 {
		return setup.Refuse("there is no report to compare with; give one of a live run")
	}
	for i, r := range measured {
		switch {
		case r.Engine == report.Simulated:
			return setup.Refuse("the report is simulated; give one of a live run")
		case r.Scenario.Name != scenario.Name:
			return setup.Refuse("the report is of scenario %s, not of %s", r.Scenario.Name, scenario.Name)
		case len(r.Funnel) == 0 || !(r.DurationS > 0):
			return setup.Refuse("the report is empty: nobody came, or the run took no time")
		case len(r.Offered.ByStep) > 0 && !scheduledAt(r, scenario.Arrivals.Step):
			return setup.Refuse("the people of report %d are scheduled at %s, and those of the scenario at %s; give the scenario that was run", i+1, strings.Join(slices.Sorted(maps.Keys(r.Offered.ByStep)), ", "), scenario.Arrivals.Step)
		case r.Plan != measured[0].Plan || r.Scenario.Seed != measured[0].Scenario.Seed || r.Offered.Scheduled != measured[0].Offered.Scheduled:
			return setup.Refuse("report %d has another plan, seed or load than the first; give runs of one load", i+1)
		}
	}
	return nil
}

func scheduledAt(r report.Report, step string) bool {
	_, is := r.Offered.ByStep[step]
	return is
}

// checkValid refuses runs from which no conclusion may be drawn.
func checkValid(measured []report.Report) error {
	for i, r := range measured {
		switch {
		case r.Verdict == report.Invalid:
			return setup.Refuse("report %d is of an invalid run (%s); repeat the run first, because its load is not the one that would be simulated", i+1, strings.Join(r.Invalid, "; "))
		case r.Played != nil && r.Played.Closed > 0:
			return setup.Refuse("report %d is of a closed loop, in which the service decides who comes; give a run that follows the arrivals, or a rate", i+1)
		}
	}
	return nil
}

// optionsOf returns the options with which a simulation offers the load of a live report. Those given win over those
// that the report holds.
func optionsOf(r report.Report, given setup.Options) setup.Options {
	played := r.Played
	if played == nil {
		return given
	}
	if given.Rate == 0 && played.ConstantPerS > 0 {
		given.Rate, given.For = workload.Rate(played.ConstantPerS), seconds(played.ConstantForS)
	}
	if given.Scale == 0 {
		given.Scale = played.Scale
	}
	if given.ScaleSystem == 0 {
		given.ScaleSystem = played.ScaleSystem
	}
	if given.From == 0 && given.To == 0 {
		given.From, given.To = seconds(played.WindowFromS), seconds(played.WindowToS)
	}
	return given
}

func meanDuration(reports []report.Report) (mean float64) {
	for _, r := range reports {
		mean += r.DurationS / float64(len(reports))
	}
	return mean
}

// simulateMeasured simulates the load of the reports. If the scenario's arrivals are not those of the run, as in another
// file of the same scenario with another rate, the mean rate that the report knows is offered instead.
func simulateMeasured(ctx context.Context, scenario *scenarios.Scenario, measured []report.Report, options setup.Options, how simulation.Settings) (report.Report, error) {
	options.Plan, options.Seed = measured[0].Plan, &measured[0].Scenario.Seed
	scenario, err := asMixed(scenario, measured[0].Played)
	if err != nil {
		return report.Report{}, err
	}
	run, err := setup.NewModel(scenario, options)
	if err != nil {
		return report.Report{}, err
	}
	step := scenario.Arrivals.Step
	here, there := run.Offered.ByStep[step].Scheduled, measured[0].Offered.ByStep[step].Scheduled
	warning := ""
	if math.Abs(here-there) > 0.01*there+1 {
		played := measured[0].Played
		length := there / max(rateOf(played), math.SmallestNonzeroFloat64)
		if played == nil || options.Rate > 0 || !(length > setup.LevelRamp.Seconds()) || !(length < longestMeasured) {
			return report.Report{}, setup.Refuse("the report offered %.0f people at %s, but the simulation would offer %.0f; give the scenario as it was, and --scale, --window, or --rate and --for if the report is of an older version", there, step, here)
		}
		options.Rate, options.For = workload.Rate(played.RatePerS), seconds(length)-setup.LevelRamp/2
		if run, err = setup.NewModel(scenario, options); err != nil {
			return report.Report{}, err
		}
		warning = fmt.Sprintf("the scenario's arrivals are not those of the report (%.0f people at %s instead of %.0f); its rate of %.4g/s over %s is simulated", here, step, there, played.RatePerS, units.Time(length))
	}
	simulated, err := simulation.Simulate(ctx, run, how)
	if warning != "" {
		simulated.Report.Warnings = append(simulated.Report.Warnings, warning)
	}
	return simulated.Report, err
}

// asMixed returns the scenario with the mix of journeys that a run had, if it was not the scenario's.
func asMixed(scenario *scenarios.Scenario, played *report.Played) (*scenarios.Scenario, error) {
	if played == nil || played.Mix == "" {
		return scenario, nil
	}
	mix, err := scenarios.ParseMix(played.Mix)
	if err != nil {
		return nil, setup.Refused(err)
	}
	mixed, err := scenario.WithMix(mix)
	if err != nil {
		return nil, setup.Refused(err)
	}
	return mixed, nil
}

// longestMeasured is the longest run whose mean rate stands in for its arrivals, in seconds.
const longestMeasured = 7 * 24 * 3600

func rateOf(played *report.Played) float64 {
	if played == nil {
		return 0
	}
	return played.RatePerS
}

// compare adds a figure that both sides have. At least three standard deviations of a Poisson count are
// allowed.
func (v *Validation) compare(predicted figure, runs [][]figure) {
	var values []float64
	for _, run := range runs {
		for _, measured := range run {
			if measured.name == predicted.name {
				values = append(values, measured.value)
				predicted.allowed = max(predicted.allowed, measured.allowed)
			}
		}
	}
	if len(values) == 0 {
		return
	}
	p := Prediction{Figure: predicted.name, Unit: predicted.unit, Predicted: predicted.value, Allowed: predicted.allowed, Spread: [2]float64{slices.Min(values), slices.Max(values)}, Values: values}
	for _, value := range values {
		p.Measured += value / float64(len(values))
	}
	switch {
	case p.Unit == "share":
		p.Error = p.Predicted - p.Measured
	case p.Measured == 0:
		return // no relative error
	default:
		p.Error = p.Predicted/p.Measured - 1
	}
	p.Near = math.Abs(p.Error) <= p.Allowed
	v.Figures = append(v.Figures, p)
}

// noteMisses describes the figures that the model missed, and their likely causes.
func (v *Validation) noteMisses(seen evidence) {
	for i := range v.Figures {
		p := &v.Figures[i]
		if p.Near {
			continue
		}
		p.Cause = v.causeOf(*p, seen)
		v.Wrong = append(v.Wrong, fmt.Sprintf("%s is predicted %s by %s, beyond the allowed %s: %s", p.Figure, p.direction(), p.errorText(math.Abs(p.Error)), p.errorText(p.Allowed), p.Cause))
	}
}

// Findings returns the sentences of Wrong, those with the same cause as one.
func (v Validation) Findings() (findings []string) {
	var causes []string
	missed := map[string][]Prediction{}
	for _, p := range v.Figures {
		if p.Near {
			continue
		}
		if missed[p.Cause] == nil {
			causes = append(causes, p.Cause)
		}
		missed[p.Cause] = append(missed[p.Cause], p)
	}
	single := map[string]string{}
	for _, sentence := range v.Wrong {
		figure, _, _ := strings.Cut(sentence, " ")
		single[figure] = sentence
	}
	for _, cause := range causes {
		all := missed[cause]
		if len(all) == 1 {
			findings = append(findings, single[all[0].Figure])
			continue
		}
		worst, names := all[0], make([]string, len(all))
		for i, p := range all {
			if names[i] = p.Figure; math.Abs(p.Error) > math.Abs(worst.Error) {
				worst = p
			}
		}
		findings = append(findings, fmt.Sprintf("%d figures, %s most of all (%s by %s): %s; they are %s", len(all), worst.Figure, worst.direction(), worst.errorText(math.Abs(worst.Error)), cause, strings.Join(names, ", ")))
	}
	return findings
}

func (p Prediction) direction() string {
	if p.Error < 0 {
		return "too low"
	}
	return "too high"
}

func (p Prediction) errorText(size float64) string {
	if p.Unit == "share" {
		return fmt.Sprintf("%.1f points", 100*size)
	}
	return fmt.Sprintf("%.0f %%", 100*size)
}

// Rows returns the table. Its first row holds the titles.
func (v Validation) Rows() [][]string {
	rows := [][]string{{"figure", "predicted", "measured", "spread", "error", "allowed", ""}}
	for _, p := range v.Figures {
		spell := units.Amount
		switch p.Unit {
		case "s":
			spell = units.Time
		case "share":
			spell = units.Percent
		}
		verdict := "wrong"
		if p.Near {
			verdict = "near"
		}
		sign := map[bool]string{true: "+", false: "-"}[p.Error >= 0]
		spread := ""
		switch {
		case strings.HasPrefix(p.Figure, publishedPrefix), v.Runs == 0: // nothing was measured
		case v.Runs == 1:
			spread = "one run"
		default:
			spread = spell(p.Spread[0]) + " to " + spell(p.Spread[1])
		}
		rows = append(rows, []string{p.Figure, spell(p.Predicted), spell(p.Measured), spread, sign + p.errorText(math.Abs(p.Error)), p.errorText(p.Allowed), verdict})
	}
	return rows
}

// WriteValidation writes validation.json.
func WriteValidation(w io.Writer, v Validation) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", " ")
	return encoder.Encode(v)
}
