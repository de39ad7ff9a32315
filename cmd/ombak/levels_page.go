package main

import (
	"errors"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/ombak-sim/ombak/drill"
	"github.com/ombak-sim/ombak/drill/host"
	"github.com/ombak-sim/ombak/live"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/report/render"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/setup"
)

// next shows another run of several on the page.
func (r *room) next(run *setup.Live, name string) {
	if r == nil {
		return
	}
	r.hall.enter(run)
	run.Generator.Acted = run.Generator.Acted || run.MayTurn() == nil
	described := describeRun(&run.Planned, name, string(report.Live))
	described.CPUs = host.Machine().CPUs
	r.board.Begin(described)
}

// level returns what the conductor of one run of several does with the page.
func (r *room) level() *drill.Room {
	if r == nil {
		return nil
	}
	return &drill.Room{Post: func(row report.Second) {
		r.post(row)
		r.hall.twin.Load().seen(row)
	}, Acts: r.hall.begins, Did: r.hall.scheduled}
}

// foretellLevel simulates one run of several beside it.
func (r *room) foretellLevel(c *cli.Context, scenario *scenarios.Scenario, run *setup.Live) *twin {
	if r == nil {
		return nil
	}
	options := run.Options
	options.Watch, options.Targets, options.Vars = nil, nil, nil
	own := startTwin(c, r, run.Validity.MaxScheduleLagP99, func(share float64) (*setup.Model, error) {
		if options.Closed > 0 {
			return nil, errors.New("the closed loop of --closed is not simulated")
		}
		scaled := options
		scaled.Scale, scaled.ScaleSystem = scaled.Scale*share, scaled.ScaleSystem*share
		return setup.NewModel(scenario, scaled)
	})
	r.hall.twin.Store(own)
	return own
}

// measured returns the report of a level, which is no measurement of its rate if somebody acted while it played.
func (r *room) measured(result report.Report) report.Report {
	if r == nil || result.Schema == "" {
		return result
	}
	if deed := r.hall.touched(); deed != "" {
		result.Verdict = report.Invalid
		result.Invalid = slices.Concat([]string{"somebody acted while it played (" + deed + "), so it does not measure its rate"}, result.Invalid)
	}
	return result
}

// over shows how one run of several ended.
func (r *room) over(result report.Report, next string) {
	if r == nil {
		return
	}
	r.board.End(live.Ending{Verdict: result.Verdict, Sentence: render.Conclusion(result, ""), Reasons: result.Invalid, Thresholds: result.Thresholds, Next: next})
}

// sentence shows the end of several runs.
func (r *room) sentence(text string) {
	if r != nil {
		r.board.End(live.Ending{Sentence: text})
	}
}
