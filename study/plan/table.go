package plan

import (
	"fmt"
	"math"

	"github.com/ombak-sim/ombak/study/simulation"
	"github.com/ombak-sim/ombak/units"
)

// PlanFigure is a figure by which plans are compared.
type PlanFigure struct {
	Name  string // its key in plans.json
	Title string // its title in tables
	Spell func(float64) string
	Of    func(PlanOutcome) *Estimate // nil if it is not known

	replay func(simulation.Replication) float64
	set    func(*PlanOutcome, Estimate)
}

// PlanFigures returns all of them.
func PlanFigures() []PlanFigure {
	return []PlanFigure{
		{
			"cost", "cost", units.Amount, func(o PlanOutcome) *Estimate { return o.Cost },
			func(r simulation.Replication) float64 { return r.Cost }, func(o *PlanOutcome, e Estimate) { o.Cost = &e },
		},
		{
			"signups", "passed", units.Amount, func(o PlanOutcome) *Estimate { return &o.SignUps },
			func(r simulation.Replication) float64 { return r.SignUps }, func(o *PlanOutcome, e Estimate) { o.SignUps = e },
		},
		{
			"lost", "lost people", units.Amount, func(o PlanOutcome) *Estimate { return &o.Lost },
			func(r simulation.Replication) float64 { return r.Lost }, func(o *PlanOutcome, e Estimate) { o.Lost = e },
		},
		{
			"finished", "finished", units.Amount, func(o PlanOutcome) *Estimate { return &o.Finished },
			func(r simulation.Replication) float64 { return r.Finished }, func(o *PlanOutcome, e Estimate) { o.Finished = e },
		},
		{
			"gave_up", "gave up", units.Amount, func(o PlanOutcome) *Estimate { return &o.GaveUp },
			func(r simulation.Replication) float64 { return r.GaveUp }, func(o *PlanOutcome, e Estimate) { o.GaveUp = e },
		},
		{
			"goodput_per_s", "goodput/s", units.Rate, func(o PlanOutcome) *Estimate { return &o.GoodputPerS },
			func(r simulation.Replication) float64 { return r.GoodputPerS }, func(o *PlanOutcome, e Estimate) { o.GoodputPerS = e },
		},
		{
			"response_p99_s", "p99", units.Time, func(o PlanOutcome) *Estimate { return &o.ResponseP99S },
			func(r simulation.Replication) float64 { return r.P99S }, func(o *PlanOutcome, e Estimate) { o.ResponseP99S = e },
		},
		{
			"worst_p99_s", "worst p99", units.Time, func(o PlanOutcome) *Estimate { return &o.WorstP99S },
			func(r simulation.Replication) float64 { return r.WorstP99S }, func(o *PlanOutcome, e Estimate) { o.WorstP99S = e },
		},
		{
			"waited_min", "person-minutes", units.Amount, func(o PlanOutcome) *Estimate { return &o.WaitedMin },
			func(r simulation.Replication) float64 { return r.WaitedMin }, func(o *PlanOutcome, e Estimate) { o.WaitedMin = e },
		},
		{
			"recovery_s", "recovery", units.Time, func(o PlanOutcome) *Estimate { return &o.RecoveryS },
			func(r simulation.Replication) float64 { return r.RecoveryS }, func(o *PlanOutcome, e Estimate) { o.RecoveryS = e },
		},
	}
}

// Cell returns an estimate as a table cell, as in 1,234 ±56, or a dash if it is not known. An interval of too few runs,
// and one of a recovery that is wider than the recovery itself, says nothing; the number of runs stands in its place.
func (f PlanFigure) Cell(e *Estimate) string {
	if e == nil {
		return "-"
	}
	text := f.Spell(e.Mean)
	if e.CI95 == nil || !(e.CI95[1] > e.CI95[0]) {
		return text
	}
	half := (e.CI95[1] - e.CI95[0]) / 2
	if e.runs < fewestRuns || f.Name == "recovery_s" && half > math.Abs(e.Mean) {
		return fmt.Sprintf("%s (%d runs)", text, e.runs)
	}
	return text + " ±" + f.Spell(half)
}

// Rows returns a table of the figures. Its first row holds the titles. With differences, it holds the
// differences of every plan from the first.
func (c Comparison) Rows(differences bool, names ...string) [][]string {
	rows := [][]string{{"plan"}}
	for _, plan := range c.Plans {
		rows = append(rows, []string{plan.Plan})
	}
	for _, figure := range PlanFigures() {
		if !chosen(names, figure.Name) || figure.Name == "cost" && len(c.Plans) > 0 && c.Plans[0].Cost == nil {
			continue
		}
		title := figure.Title
		if figure.Name == "signups" && c.noun != "" {
			title = c.noun
		}
		if figure.Name == "cost" && c.Currency != "" {
			title += " " + c.Currency
		}
		rows[0] = append(rows[0], title)
		for i, plan := range c.Plans {
			cell := figure.Cell(figure.Of(plan))
			if difference, known := plan.Differences[figure.Name]; differences && known {
				cell = signed(figure, difference)
			} else if figure.Name == "recovery_s" && plan.Recovered < 1 {
				cell = "not before the end"
			}
			rows[i+1] = append(rows[i+1], cell)
		}
	}
	if c.Decision != nil && !differences {
		rows[0] = append(rows[0], "runs")
		for i, plan := range c.Plans {
			rows[i+1] = append(rows[i+1], fmt.Sprint(plan.Replications))
		}
	}
	if differences && len(rows) > 1 {
		rows = append(rows[:1], rows[2:]...)
	}
	return rows
}

func chosen(names []string, name string) bool {
	for _, wanted := range names {
		if wanted == name {
			return true
		}
	}
	return len(names) == 0
}

func signed(figure PlanFigure, e Estimate) string {
	text := figure.Cell(&e)
	if e.Mean > 0 {
		text = "+" + text
	}
	return text
}
