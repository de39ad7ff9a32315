package setup

import (
	"fmt"
	"slices"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/report/threshold"
	"github.com/ombak-sim/ombak/scenarios"
)

// HoldOut is a published figure that is no input of the model, with its expression and its value parsed.
type HoldOut struct {
	Figure threshold.Figure
	Range  threshold.Range
	row    scenarios.Published
}

// A relative error says nothing about a count that chance alone moves by a fifth or more.
const (
	fewest = 30 // people in the run
	// tooFew is the reason why such a count has a prediction and no error.
	tooFew = "too few to compare"
)

// publishedFault is a fault in one of the published figures.
type publishedFault struct {
	path string
	err  error
}

func (f publishedFault) Error() string { return f.err.Error() }
func (f publishedFault) Unwrap() error { return f.err }

// holdOuts parses the published figures that are compared, and checks that their steps exist.
func holdOuts(scenario *scenarios.Scenario) (parsed []HoldOut, err error) {
	for i, row := range scenario.Published {
		if row.Use != scenarios.UseHoldOut {
			continue
		}
		held := HoldOut{row: row}
		if held.Figure, err = threshold.ParseFigure(row.Figure); err == nil {
			held.Figure = held.Figure.About(scenario.Arrivals.Step)
			held.Range, err = held.Figure.ParseRange(row.Value)
		}
		step := held.Figure.Step()
		if err == nil && step != "" && !slices.ContainsFunc(scenario.Journey, func(s scenarios.Step) bool { return s.Name == step }) {
			err = fmt.Errorf("figure %q names the step %q, which scenario %s does not have", row.Figure, step, scenario.Name)
		}
		if err != nil {
			return nil, Refused(publishedFault{fmt.Sprintf("published[%d]", i), fmt.Errorf("published figure %d: %w", i+1, err)})
		}
		parsed = append(parsed, held)
	}
	return parsed, nil
}

// Published returns the hold-outs beside what a report gives, at the scale of the event. Plans other than the first
// are what did not happen; under them there is nothing to compare.
func (m *Model) Published(r report.Report) []report.Published {
	if plans := m.Scenario.Plans; len(plans) > 0 && m.Scenario.Plan() != plans[0].Name {
		return nil
	}
	reason := m.notTheEvent()
	if reason == "" && deeds(m.Actions) > m.deeds {
		reason = "somebody acted while it was played"
	}
	var rows []report.Published
	for _, held := range m.holdOuts {
		rows = append(rows, held.beside(r, m.Options.Scale, reason))
	}
	return rows
}

// notTheEvent says why the run is not of the event as it happened, or "".
func (p *Planned) notTheEvent() string {
	switch o := p.Options; {
	case o.From > 0 || o.To > 0:
		return "only a part of the scenario was played"
	case o.Rate > 0 || o.Closed > 0 && o.Closed != p.goRound():
		return "other people came than those of the scenario"
	case p.Scenario.Replaced():
		return "the arrivals are those of --arrivals"
	case o.Scale != o.ScaleSystem:
		return fmt.Sprintf("the people are scaled by %v and the system by %v; give --scale and --scale-system the same factor", o.Scale, o.ScaleSystem)
	}
	return ""
}

// beside returns the hold-out beside what a report gives.
func (h HoldOut) beside(r report.Report, scale float64, reason string) report.Published {
	row := report.Published{Figure: h.row.Figure, Value: h.row.Value, Source: h.row.Source, At: h.row.At, Reason: reason}
	if reason != "" {
		return row
	}
	value, err := h.Figure.Value(r)
	if err != nil {
		row.Reason = err.Error()
		return row
	}
	if h.Figure.Grows() {
		value /= scale
	}
	row.Predicted, row.Spelt = &value, h.Figure.Spell(value)
	if h.Figure.Grows() && h.Range.High*scale < fewest {
		row.Reason = tooFew
		return row
	}
	if miss, known := h.Range.Error(value); known {
		row.Error = &miss
	}
	return row
}
