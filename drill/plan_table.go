package drill

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// PlanFigure is one figure that plans are compared by.
type PlanFigure struct {
	Name  string // in plans.json
	Title string // in tables
	Spell func(float64) string
	Of    func(PlanOutcome) *Estimate // nil where it is not known

	replay func(Replay) float64
	set    func(*PlanOutcome, Estimate)
}

// PlanFigures are all of them.
func PlanFigures() []PlanFigure {
	return []PlanFigure{
		{
			"cost", "cost", grouped, func(o PlanOutcome) *Estimate { return o.Cost },
			func(r Replay) float64 { return r.Cost }, func(o *PlanOutcome, e Estimate) { o.Cost = &e },
		},
		{
			"signups", "sign-ups", grouped, func(o PlanOutcome) *Estimate { return &o.SignUps },
			func(r Replay) float64 { return r.SignUps }, func(o *PlanOutcome, e Estimate) { o.SignUps = e },
		},
		{
			"lost", "lost sign-ups", grouped, func(o PlanOutcome) *Estimate { return &o.Lost },
			func(r Replay) float64 { return r.Lost }, func(o *PlanOutcome, e Estimate) { o.Lost = e },
		},
		{
			"finished", "finished", grouped, func(o PlanOutcome) *Estimate { return &o.Finished },
			func(r Replay) float64 { return r.Finished }, func(o *PlanOutcome, e Estimate) { o.Finished = e },
		},
		{
			"gave_up", "gave up", grouped, func(o PlanOutcome) *Estimate { return &o.GaveUp },
			func(r Replay) float64 { return r.GaveUp }, func(o *PlanOutcome, e Estimate) { o.GaveUp = e },
		},
		{
			"goodput_per_s", "goodput/s", three, func(o PlanOutcome) *Estimate { return &o.GoodputPerS },
			func(r Replay) float64 { return r.GoodputPerS }, func(o *PlanOutcome, e Estimate) { o.GoodputPerS = e },
		},
		{
			"response_p99_s", "p99", spellTime, func(o PlanOutcome) *Estimate { return &o.ResponseP99S },
			func(r Replay) float64 { return r.P99S }, func(o *PlanOutcome, e Estimate) { o.ResponseP99S = e },
		},
		{
			"worst_p99_s", "worst p99", spellTime, func(o PlanOutcome) *Estimate { return &o.WorstP99S },
			func(r Replay) float64 { return r.WorstP99S }, func(o *PlanOutcome, e Estimate) { o.WorstP99S = e },
		},
		{
			"waited_min", "person-minutes", grouped, func(o PlanOutcome) *Estimate { return &o.WaitedMin },
			func(r Replay) float64 { return r.WaitedMin }, func(o *PlanOutcome, e Estimate) { o.WaitedMin = e },
		},
		{
			"recovery_s", "recovery", spellTime, func(o PlanOutcome) *Estimate { return &o.RecoveryS },
			func(r Replay) float64 { return r.RecoveryS }, func(o *PlanOutcome, e Estimate) { o.RecoveryS = e },
		},
	}
}

// Cell writes an estimate for a table, as in 1,234 ±56; a figure that is not known is a dash.
func (f PlanFigure) Cell(e *Estimate) string {
	if e == nil {
		return "-"
	}
	text := f.Spell(e.Mean)
	if e.CI95 != nil && e.CI95[1] > e.CI95[0] {
		text += " ±" + f.Spell((e.CI95[1]-e.CI95[0])/2)
	}
	return text
}

// Rows returns a table of the figures, its first row the titles. With differences, it holds those of
// every plan from the first.
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

// grouped writes a number with commas, below 100 with up to two decimals.
func grouped(value float64) string {
	if math.Abs(value) < 100 {
		return strconv.FormatFloat(math.Round(100*value)/100, 'f', -1, 64)
	}
	digits := strconv.FormatFloat(math.Abs(math.Round(value)), 'f', 0, 64)
	var b strings.Builder
	if value < 0 {
		b.WriteByte('-')
	}
	for i, digit := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(digit)
	}
	return b.String()
}

func three(value float64) string { return fmt.Sprintf("%.3g", value) }

// spellTime writes seconds to three digits or whole seconds.
func spellTime(seconds float64) string {
	d := time.Duration(seconds * float64(time.Second))
	unit := time.Second
	for _, finer := range []time.Duration{100 * time.Second, 10 * time.Second, time.Second, 100 * time.Millisecond, 10 * time.Millisecond, time.Millisecond, 100 * time.Microsecond, 10 * time.Microsecond} {
		if d.Abs() < finer {
			unit = finer / 1000
		}
	}
	if d.Abs() < 10*time.Microsecond {
		unit = time.Nanosecond
	}
	return d.Round(max(1, unit)).String()
}
