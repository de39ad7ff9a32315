package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/ombak-sim/ombak/live"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/setup"
	"github.com/ombak-sim/ombak/study/simulation"
	"github.com/ombak-sim/ombak/workload/fault"
)

func paceFlag() cli.Flag {
	return &cli.StringFlag{Name: "pace", Value: "1x", Usage: "with --live: play virtual time at the pace `X`, for example 10x, or max", EnvVars: envVar("pace")}
}

// readPace reads 10x, or max, which is 0.
func readPace(c *cli.Context) (float64, error) {
	pace, err := parsePace(c.String("pace"))
	if err != nil {
		return 0, usageError{fmt.Errorf("--pace: %w", err)}
	}
	return pace, nil
}

func parsePace(text string) (float64, error) {
	if text == "max" {
		return 0, nil
	}
	number, is := strings.CutSuffix(text, "x")
	pace, err := strconv.ParseFloat(number, 64)
	if !is || err != nil || !(pace > 0 && pace <= 1e6) {
		return 0, fmt.Errorf("%q is no pace; give a pace such as 1x, 10x or 120x, or max", text)
	}
	return pace, nil
}

// checkRehearsal refuses flags that do not go with --live.
func checkRehearsal(c *cli.Context) error {
	if err := checkLive(c); err != nil {
		return err
	}
	if _, err := readPace(c); err != nil {
		return err
	}
	if c.String("live") == "" {
		for _, flag := range []string{"metrics", "remote-write", "otlp"} {
			if c.IsSet(flag) {
				return usageError{fmt.Errorf("--%s is about a simulation that is watched; give --live too", flag)}
			}
		}
		if c.IsSet("pace") {
			return usageError{errors.New("--pace is about a simulation that is watched; give --live too")}
		}
		return nil
	}
	switch {
	case len(c.StringSlice("plan")) > 1:
		return usageError{errors.New("--live plays one plan; give one --plan")}
	case c.Bool("steady"):
		return usageError{errors.New("--live plays the run that the scenario describes, and --steady another; leave one out")}
	case c.Bool("trace"):
		return usageError{errors.New("--live plays a run on which somebody may act; leave out --trace, and give it to the simulation of replay.yaml")}
	case c.Int("replications") > 1 || c.String("precision") != "" || c.Bool("antithetic"):
		return usageError{errors.New("--live plays one replication; leave out --replications, --precision and --antithetic")}
	}
	return nil
}

// rehearse simulates at a pace of the wall clock under the page.
func rehearse(c *cli.Context, s streams, run *setup.Model, how simulation.Settings, folder string) (simulation.Result, error) {
	pace, err := readPace(c)
	if err != nil {
		return simulation.Result{}, err
	}
	var page *room
	var meter *meter
	controls := &hall{offering: offeringOf(run), began: run.Scenario, coming: run.Settings()}
	paced, err := simulation.NewPaced(run, how, func(row report.Second) {
		controls.reached(time.Duration(row.ScenarioS * float64(time.Second)))
		page.post(row)
		meter.post(row)
	})
	if err != nil {
		return simulation.Result{}, err
	}
	described := describeRun(&run.Planned, "simulate", string(report.Simulated))
	controls.act = paced.Act
	if page, err = openRoom(c, s, described, live.Config{Controls: controls, Turn: turning(paced)}, folder); err != nil {
		return simulation.Result{}, err
	}
	defer page.close()
	paced.Tell(func(clock simulation.Clock) { page.board.Clock(clockOf(clock)) })
	controls.renewed = page.board.Offer
	if meter, err = openMeter(c, s.err, &run.Planned, folder); err != nil {
		return simulation.Result{}, err
	}
	defer meter.close()
	if meter != nil {
		paced.KeepTimes()
	}
	own := startTwin(c, page, 0, atShares(c, run))
	controls.twin.Store(own)
	defer own.stop()
	if err := page.await(c); err != nil {
		return simulation.Result{}, err
	}
	if err := paced.Play(c.Context, pace); err != nil {
		return simulation.Result{}, fmt.Errorf("the simulation did not come to its end, so nothing is written: %w", err)
	}
	meter.close()
	result, err := paced.End()
	if err != nil {
		return result, err
	}
	again, err := makeReplay(c, &run.Planned, paced.Actions(), folder)
	if err != nil {
		return result, err
	}
	result.Report.Command, result.Report.Replay = commandLine(s.arguments), again.command(c, s.arguments)
	result.Report.HadWeNot = own.hadWeNot(c.Context, page)
	if err := finish(c, s, run, result, folder); err != nil {
		return result, err
	}
	if err := again.write(); err != nil {
		return result, err
	}
	page.conclude(&run.Planned, result.Report, again.names)
	page.linger(c.Context)
	return result, nil
}

// turning turns the clock of a simulation as the page asks.
func turning(paced *simulation.Paced) func(ctx context.Context, turn live.Turn) (live.Clock, error) {
	return func(ctx context.Context, turn live.Turn) (live.Clock, error) {
		var pace float64
		if turn.Pace != "" {
			var err error
			if pace, err = parsePace(turn.Pace); err != nil {
				return live.Clock{}, err
			}
		}
		clock, err := paced.Turn(ctx, func(clock *simulation.Clock) {
			if turn.Pace != "" {
				clock.Pace = pace
			}
			switch {
			case turn.Until > 0:
				clock.Paused, clock.Until = false, turn.Until
			case turn.Paused != nil:
				clock.Paused, clock.Until = *turn.Paused, 0
			}
		})
		return clockOf(clock), err
	}
}

// clockOf returns what the page shows of a clock.
func clockOf(clock simulation.Clock) live.Clock {
	pace := "max"
	if clock.Pace > 0 {
		pace = strconv.FormatFloat(clock.Pace, 'f', -1, 64) + "x"
	}
	return live.Clock{Pace: pace, Paused: clock.Paused, AtS: clock.At.Seconds(), UntilS: clock.Until.Seconds()}
}

// atShares returns what makes a model of a share of the people and of the system.
func atShares(c *cli.Context, run *setup.Model) func(share float64) (*setup.Model, error) {
	return func(share float64) (*setup.Model, error) {
		if share == 1 {
			return run, nil
		}
		return scaledModel(c, run.Options, share)
	}
}

func offeringOf(run *setup.Model) offering {
	scenario := run.Scenario
	return offering{
		scenario: scenario, refused: unturnable(run.MayTurn()), suits: fault.Kind.Simulated,
		fixed:    func(policy scenarios.Policy) string { return setup.CannotChange(policy, false) },
		settable: append(slices.Sorted(maps.Keys(scenario.Dependencies)), slices.Sorted(maps.Keys(scenario.Stations))...),
	}
}

// describeRun returns what the page says about a run.
func describeRun(run *setup.Planned, command, engine string) live.Run {
	s := run.Scenario
	described := live.Run{
		Command: command, Engine: engine, Scenario: s.Name, Title: s.Title, Plan: s.Plan(), Noun: s.Arrivals.Words(), Step: s.Arrivals.Step,
		FirstS: run.People.First.Seconds(), LastS: run.People.Last.Seconds(), UntilS: run.People.Until.Seconds(), Scheduled: run.Offered.Scheduled,
		Thresholds: []string{},
	}
	clock := run.People.Clock()
	described.BeginsS, described.EndsS = clock.Scenario(0).Seconds(), clock.Scenario(run.People.Until).Seconds()
	if !s.Opens.IsZero() {
		described.Opens = s.Opens.Format(time.RFC3339)
	}
	for _, step := range s.Journey {
		described.Steps = append(described.Steps, live.RunStep{Name: step.Name, Kind: string(step.Kind)})
		described.Last = step.Name
	}
	for _, condition := range run.Conditions {
		described.Thresholds = append(described.Thresholds, condition.Source)
	}
	return described
}
