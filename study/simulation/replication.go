package simulation

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/report/recorder"
	"github.com/ombak-sim/ombak/report/threshold"
	"github.com/ombak-sim/ombak/setup"
	"github.com/ombak-sim/ombak/sim"
	"github.com/ombak-sim/ombak/units"
)

// Replication holds the figures of one replication by which plans are compared.
type Replication struct {
	SignUps     float64 // people who passed the step at which arrivals are scheduled
	Lost        float64 // people scheduled there who did not pass it
	Finished    float64 // people who passed the last step
	GaveUp      float64 // people whose last attempt at any step was rejected, failed, timed out or was abandoned
	GoodputPerS float64 // people per second who passed the last step
	P99S        float64 // response time of passed and timed-out attempts at the scheduled step, s
	WorstP99S   float64 // the same at the step where it is longest, without waits for mail and the like, s
	WaitedMin   float64 // minutes that all people together waited for answers to their requests
	RecoveryS   float64 // from the end of the busiest minute of arrivals until the last troubled minute ended, s; see [report.Recovery]
	Recovered   bool    // it recovered before the last arrival
	Cost        float64 // in the currency of the scenario's prices
	Bottleneck  report.Bottleneck
	Gates       []Gate   // of replication 0: the gates that turned requests away, the most first
	Margins     []Margin // of the thresholds that must hold
	Events      uint64
	Elapsed     time.Duration // real time on this computer; not in the report
}

// averaged returns the mean of the figures of two replications. Everything else is that of the first.
func (r Replication) averaged(other Replication) Replication {
	for _, figure := range []struct{ mine, theirs *float64 }{
		{&r.SignUps, &other.SignUps},
		{&r.Lost, &other.Lost},
		{&r.Finished, &other.Finished},
		{&r.GaveUp, &other.GaveUp},
		{&r.GoodputPerS, &other.GoodputPerS},
		{&r.P99S, &other.P99S},
		{&r.WorstP99S, &other.WorstP99S},
		{&r.WaitedMin, &other.WaitedMin},
		{&r.RecoveryS, &other.RecoveryS},
		{&r.Cost, &other.Cost},
	} {
		*figure.mine = (*figure.mine + *figure.theirs) / 2
	}
	r.Recovered = r.Recovered && other.Recovered
	r.Events, r.Elapsed = r.Events+other.Events, r.Elapsed+other.Elapsed
	return r
}

// replication returns the config with the random streams of a replication.
func (s Settings) replication(config sim.Config, number int) sim.Config {
	config.Seed.Replication = uint64(number)
	if s.Antithetic {
		config.Seed.Replication, config.Seed.Mirrored = uint64(number/2), number%2 == 1
	}
	config.Journey.Seed, config.Signups.Seed, config.Visitors.Seed = config.Seed, config.Seed, config.Seed
	return config
}

// played is the result of one replication.
type played struct {
	report     report.Report
	conditions []threshold.Condition // as it measured them
	figures    Replication
	ended      string // why it ended early; empty if it did not
}

// replicate plays one replication and returns its figures and report.
func replicate(ctx context.Context, model *setup.Model, player *sim.Player, config sim.Config, number int, settings Settings) (played, error) {
	began := time.Now()
	drawn := number == 0 && !settings.Lean // only replication 0 keeps what figures draw
	brief := (settings.Brief || !drawn) && !slices.ContainsFunc(model.Conditions, threshold.Condition.NeedsSeconds)
	recording, result, err := settings.record(ctx, player, config, brief)
	if err != nil {
		return played{}, fmt.Errorf("replication %d: %w", number, err)
	}
	outcome := outcomeOf(model, config, recording, result, settings, number)
	outcome.figures.Elapsed = time.Since(began)
	return outcome, nil
}

// outcomeOf assembles the report and the figures of a replication that has been played.
func outcomeOf(model *setup.Model, config sim.Config, recording *recorder.Recording, result sim.Result, settings Settings, number int) played {
	config.Changes = result.Changes // scheduled changes and those made by autoscalers
	s := model.Scenario
	facts := recorder.Facts{
		Labels: model.Labels(),
		Ombak:  settings.Build, Engine: report.Simulated,
		Scenario: scenarioOf(model),
		Plan:     s.Plan(), Duration: result.Duration, Speed: model.Options.Speed, Clock: config.Journey.Clock.Scenario,
		Offered: offeredTo(model, config, result), Readings: result.Readings, Marks: marks(model, config, result), SeriesNote: "of replication 0", Warnings: model.WarningsOf(result.Exhausted),
	}
	assembled := recorder.Assemble(recording, facts)
	conditions := threshold.Measured(model.Conditions, recording, config.Journey.Clock.Scenario)
	replication := figuresOf(model, assembled, config)
	replication.Events, replication.Margins = result.Events, marginsOf(conditions, assembled)
	if number == 0 {
		replication.Gates = gatesOf(assembled)
	}
	if !settings.keepsSeries(model, number) {
		assembled.Series, assembled.Histograms = report.Series{}, report.Histograms{}
	}
	outcome := played{report: assembled, conditions: conditions, figures: replication}
	if result.Stopped {
		outcome.ended = fmt.Sprintf("the run was stopped after %s, before its time", units.Duration(result.Duration))
	}
	return outcome
}

// scenarioOf names the scenario of a model in a report.
func scenarioOf(model *setup.Model) report.Scenario {
	s := model.Scenario
	return report.Scenario{Name: s.Name, Seed: s.Seed, SHA256: s.SHA256(), Opens: s.Opens}
}

// keepsSeries reports whether the series and histograms of a replication are kept: those of replication 0, if they are
// drawn or a threshold is judged by them. They grow with the length of the run.
func (s Settings) keepsSeries(model *setup.Model, number int) bool {
	return number == 0 && !s.Lean && (!s.Brief || slices.ContainsFunc(model.Conditions, threshold.Condition.NeedsSeries))
}

// record plays one replication, recorded in full or briefly, and calls s.Passed as its time passes.
func (s Settings) record(ctx context.Context, player *sim.Player, config sim.Config, brief bool) (*recorder.Recording, sim.Result, error) {
	steps := config.Journey.Funnel()
	recording, told := recorder.NewRecording(steps), time.Duration(0)
	reach := func(at time.Duration) {
		if s.Passed != nil && at > told {
			s.Passed(at - told)
			told = at
		}
	}
	observers := recorder.NewRecorder(steps, 1, func(delta recorder.Delta) {
		recording.Add(delta)
		reach(time.Duration(delta.Second) * time.Second)
	})
	if brief {
		recording.Brief()
		observers.Brief()
	}
	result, err := player.Run(ctx, config, func(shard int) funnel.Observer { return observers.Observer(shard) })
	observers.Close()
	reach(config.Until)
	return recording, result, err
}

// offeredTo counts the people of a replication. The number differs between replications if arrivals are
// thinned, if people take turns by birth month, if totals are random, or if several journeys divide the people;
// otherwise it is the same. Interventions on arrivals change it; of a run that was stopped, the recording knows it.
func offeredTo(model *setup.Model, config sim.Config, result sim.Result) *recorder.OfferedFacts {
	switch {
	case config.Closed.People > 0: // who comes depends on the answers
		return nil
	case result.Stopped: // some of those who came had not begun
		return nil
	case result.Came != nil:
		offered := model.OfferedOf(*result.Came)
		return &offered
	}
	others := model.Options.Scale != 1 || config.Stagger != nil || model.Scenario.Arrivals.Totals == "random" || len(config.Journey.Journeys) > 1
	if !others || config.Seed == model.Config.Seed {
		return &model.Offered
	}
	offered := model.OfferedTo(config)
	return &offered
}

// marksOf returns the marks of actions, which say what has a fault.
func marksOf(model *setup.Model, actions []funnel.Action, realTime func(time.Duration) time.Duration) []funnel.Mark {
	return funnel.MarksOf(funnel.InOrder(actions), realTime, model.Scenario.Afflicted)
}

// marks returns the timeline marks of dependency faults and of the plan's changes.
func marks(model *setup.Model, config sim.Config, result sim.Result) []funnel.Mark {
	s := model.Scenario
	var marks []funnel.Mark
	for _, mark := range marksOf(model, slices.Concat(model.Actions, model.Scheduled), config.Journey.Clock.Real) {
		if mark.At <= result.Duration {
			marks = append(marks, mark)
		}
	}
	for _, change := range config.Changes {
		if change.Acted {
			continue // the action has its mark
		}
		name := ""
		if change.Kind == sim.AtStation {
			name = config.Stations[change.To].Name
		} else {
			name = config.Calls[change.To].Name
		}
		marks = append(marks, funnel.Mark{At: change.At, Kind: funnel.PlanMark, Text: fmt.Sprintf("%s: %d servers", name, change.Servers), Do: funnel.SetService, On: name, Planned: true})
	}
	for _, name := range slices.Sorted(maps.Keys(s.Dependencies)) {
		for _, f := range s.Dependencies[name].Faults {
			at := config.Journey.Clock.Real(f.At)
			marks = append(marks, funnel.Mark{
				At: at, For: config.Journey.Clock.Real(f.At+f.For) - at, Kind: funnel.FaultMark, Text: name + ": " + f.Fault,
				Do: funnel.StartFault, On: name, What: f.Fault, Planned: true,
			})
		}
	}
	return marks
}
