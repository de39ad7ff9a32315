package calibration

import (
	"errors"
	"fmt"
	"slices"

	"github.com/ombak-sim/ombak/capacity"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/units"
)

// FittedTogether is work that requests share which come within a window. The zero value means that they share none.
type FittedTogether struct {
	Within float64       // seconds
	Work   *FittedDemand // of each window; nil if requests are spared work instead
	Saved  float64       // share of their work that those after the first are spared
}

// FittedOpening is what connections cost. A nil demand means that the runs show none.
type FittedOpening struct {
	Connection *FittedDemand
	Handshake  *FittedDemand // full, over TLS, in addition
}

// processFit is what a process was fitted to.
type processFit struct {
	name string
	form form
	work capacity.Work // of the steps, then of the form
	runs []runRows
}

// fitProcesses fits every process: first to constant demands of steps, and again in the form that the runs ask for.
//
// Note: requests of a station that works in batches share their work already, so no window is looked for there.
func fitProcesses(names []string, steps []reportStep, ordered []report.Report, scenario *scenarios.Scenario) ([]processFit, error) {
	fits, runs, forms := make([]processFit, len(names)), make([][]runRows, len(names)), make([]form, len(names))
	for i, name := range names {
		runs[i] = workRows(name, steps, ordered)
	}
	works, err := worksOf(stepNames(steps), runs, forms)
	if err != nil {
		return nil, named(names, err)
	}
	again := false
	for i := range names {
		batched := scenario != nil && scenario.Stations[names[i]].Batch != nil
		forms[i] = formOf(works[i], stepNames(steps), runs[i], connectionsOf(ordered), batched)
		again = again || len(forms[i].kinds()) > 0 || forms[i].within > 0
	}
	if again {
		if works, err = worksOf(stepNames(steps), runs, forms); err != nil {
			return nil, named(names, err)
		}
	}
	for i, name := range names {
		fits[i] = processFit{name, forms[i], works[i], runs[i]}
	}
	return fits, nil
}

// named puts the name of the process before its error.
func named(names []string, err error) error {
	var of processError
	if errors.As(err, &of) {
		return fmt.Errorf("process %s: %w", names[of.process], err)
	}
	return err
}

// formOf returns the form that the runs ask for, after a fit of constant demands.
func formOf(constant capacity.Work, steps []string, runs []runRows, c connecting, batched bool) form {
	f := form{}
	for _, kind := range constant.Kinds {
		f.uses = append(f.uses, kind.Seconds > 0)
	}
	if f = withConnections(f, steps, runs, c); batched {
		return f
	}
	return withWindows(f, steps, runs)
}

// ofSteps returns the work of the steps alone.
func (p processFit) ofSteps() capacity.Work {
	work := p.work
	work.Kinds = work.Kinds[:len(work.Kinds)-len(p.form.kinds())]
	return work
}

// requests returns how many requests came in all runs.
func (p processFit) requests() (count float64) {
	for _, run := range p.runs {
		for _, row := range run.rows {
			for _, n := range row.Counts {
				count += n
			}
		}
	}
	return count
}

// demand returns the fitted demand of a kind of work of the form, or nil if there is none.
func (p processFit) demand(name string) *FittedDemand {
	kinds := p.form.kinds()
	k := slices.Index(kinds, name)
	if k < 0 {
		return nil
	}
	kind := p.work.Kinds[len(p.work.Kinds)-len(kinds)+k]
	if !(kind.Seconds > 0) {
		return nil
	}
	interval := kind.Interval
	return &FittedDemand{kind.Seconds, &interval}
}

func (p processFit) together() FittedTogether {
	if work := p.demand(windowKind); work != nil || p.form.saved > 0 {
		return FittedTogether{Within: p.form.within, Work: work, Saved: rounded(p.form.saved, 4)}
	}
	return FittedTogether{}
}

func (p processFit) opening() FittedOpening {
	return FittedOpening{p.demand(connectionKind), p.demand(handshakeKind)}
}

// in returns what a scenario says of it.
func (t FittedTogether) in() scenarios.Together {
	together := scenarios.Together{Within: seconds(t.Within), Saved: scenarios.Share(t.Saved)}
	if t.Work != nil {
		together.Time = seconds(t.Work.Seconds)
	}
	return together
}

func (o FittedOpening) in() (opening scenarios.Opening) {
	if o.Connection != nil {
		opening.Connection = seconds(o.Connection.Seconds)
	}
	if o.Handshake != nil {
		opening.Handshake = seconds(o.Handshake.Seconds)
	}
	return opening
}

// describe returns the cost of connections in words, or "".
func (o FittedOpening) describe() (text string) {
	for _, cost := range []struct {
		demand *FittedDemand
		unit   string
	}{{o.Connection, "connection"}, {o.Handshake, "full TLS handshake"}} {
		if cost.demand != nil {
			text += ", " + cost.demand.summary(cost.unit)
		}
	}
	return text
}

// yaml returns the key of a station, or "" if connections cost nothing.
func (o FittedOpening) yaml() string {
	text := ""
	if o.Connection != nil {
		text = fmt.Sprintf("connection: %v", seconds(o.Connection.Seconds))
	}
	if o.Handshake != nil {
		if text != "" {
			text += ", "
		}
		text += fmt.Sprintf("handshake: %v", seconds(o.Handshake.Seconds))
	}
	if text == "" {
		return ""
	}
	return ", opening: {" + text + "}"
}

// describe returns what requests share in words, or "".
func (t FittedTogether) describe() string {
	switch {
	case t.Within == 0:
		return ""
	case t.Work != nil:
		return fmt.Sprintf(", %s of %s that requests share", t.Work.summary("window"), units.Time(t.Within))
	}
	return fmt.Sprintf(", after the first of %s requests are spared %s of their work", units.Time(t.Within), units.Percent(t.Saved))
}

// yaml returns the key of a station, or "" if requests share nothing.
func (t FittedTogether) yaml() string {
	switch {
	case t.Within == 0:
		return ""
	case t.Work != nil:
		return fmt.Sprintf(", together: {within: %v, time: %v}", seconds(t.Within), seconds(t.Work.Seconds))
	}
	return fmt.Sprintf(", together: {within: %v, saved: %.4g}", seconds(t.Within), t.Saved)
}
