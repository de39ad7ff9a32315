package main

import (
	"context"
	"encoding/json"
	"maps"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/ombak-sim/ombak/drill"
	"github.com/ombak-sim/ombak/drill/host"
	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/live"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/setup"
	"github.com/ombak-sim/ombak/workload/fault"
)

// hallOf returns the controls of a live run.
func hallOf(run *setup.Live) *hall {
	h := &hall{hide: run.Mask(), began: run.Scenario, offering: offering{
		scenario: run.Scenario, refused: unturnable(run.MayTurn()),
		suits: func(fault.Kind) bool { return true }, settable: slices.Sorted(maps.Keys(run.Scenario.Dependencies)), fixed: run.CannotChange,
	}}
	if run.Service == nil {
		if !run.Options.Gated {
			h.outside = "the service has its policies itself"
		}
		for _, deed := range []funnel.Deed{funnel.StartFault, funnel.EndFault, funnel.SetService} {
			if !run.Options.Mocked {
				h.refused[deed] = "the dependencies are not mocks of this run"
			}
		}
	}
	if len(h.settable) == 0 {
		h.refused[funnel.SetService] = "the scenario has no dependency, and the service is not a model"
	}
	return h
}

// openLiveRoom serves the page of a live run if --live is given. The generator is then ready for changes of who comes.
func openLiveRoom(c *cli.Context, s streams, run *setup.Live, folder string) (*room, error) {
	controls := hallOf(run)
	described := describeRun(&run.Planned, c.Command.Name, string(report.Live))
	described.CPUs = host.Machine().CPUs
	page, err := openRoom(c, s, described, live.Config{Controls: controls}, folder)
	if page == nil || err != nil {
		return page, err
	}
	page.hall, controls.renewed = controls, page.board.Offer
	run.Generator.Acted = run.Generator.Acted || run.MayTurn() == nil
	return page, nil
}

// conducted returns what a conductor does with the page, and with the rows of --json.
func (r *room) conducted(c *cli.Context, s streams) *drill.Room {
	rows := json.NewEncoder(s.err)
	asJSON := func(row report.Second) { _ = rows.Encode(row) } // a closed standard error is not an error
	switch {
	case r == nil && c.Bool("json") && !c.Bool("quiet"):
		return &drill.Room{Post: asJSON}
	case r == nil:
		return nil
	}
	return &drill.Room{
		Post: func(row report.Second) {
			r.post(row)
			r.hall.twin.Load().seen(row)
			if c.Bool("json") && !c.Bool("quiet") {
				asJSON(row)
			}
		},
		Await: func(context.Context) error { return r.await(c) },
		Acts:  r.hall.begins,
		Did:   r.hall.scheduled,
		Ended: func(actions []funnel.Action) { r.actions = actions },
	}
}

// replay makes what repeats a live run, if anybody acted.
func (r *room) replay(c *cli.Context, run *setup.Planned, folder string) (replay, error) {
	if r == nil {
		return replay{folder: folder}, nil
	}
	return makeReplay(c, run, r.actions, folder)
}

// foretell simulates a live run beside it, if its scenario can be simulated.
func (r *room) foretell(c *cli.Context, run *setup.Live) *twin {
	if r == nil {
		return nil
	}
	options := run.Options
	options.Watch, options.Targets, options.Vars = nil, nil, nil
	own := startTwin(c, r, run.Validity.MaxScheduleLagP99, func(share float64) (*setup.Model, error) { return scaledModel(c, options, share) })
	r.hall.twin.Store(own)
	return own
}
