package simulation

import (
	"context"
	"fmt"
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/report/recorder"
	"github.com/ombak-sim/ombak/report/threshold"
	"github.com/ombak-sim/ombak/setup"
	"github.com/ombak-sim/ombak/sim"
	"github.com/ombak-sim/ombak/units"
)

const (
	steadyBatches  = 20   // batches of a steady run; Schmeiser recommends 10 to 30
	steadyReadings = 2000 // of each station while people arrive
)

// Steady plays one long run of a model with a constant load, cuts the warm-up, and reports the rest. The run is played
// twice: first to find the warm-up by MSER-5, and then to record what follows in batches, whose means give the intervals.
// If the run has not settled in its first half, the report is inconclusive.
func Steady(ctx context.Context, model *setup.Model, settings Settings) (Result, error) {
	if err := model.CheckSteady(); err != nil {
		return Result{}, err
	}
	config := settings.replication(model.Config, 0)
	config.ReadEvery = max(1, (model.People.Last-model.People.First)/steadyReadings)
	warming := newWarmUp(config.Journey.Funnel())
	first, err := sim.Run(ctx, config, func(int) funnel.Observer { return warming })
	if err != nil {
		return Result{}, err
	}
	found := warming.settles(first.Readings, model.People.Last)
	stretch := stretchOf(found.cut, config.ReadEvery, model.People.Last)
	if found.why != "" { // the second half is reported, for what it is worth
		stretch = stretchOf((model.People.First+model.People.Last)/2, config.ReadEvery, model.People.Last)
	}
	run := steadyRun{model: model, config: config, settings: settings, stretch: stretch}
	if err := run.play(ctx); err != nil {
		return Result{}, err
	}
	return run.result(found)
}

// stretch is the part of a run that is reported, in batches of equal length.
type stretch struct{ from, length time.Duration }

func (s stretch) to() time.Duration { return s.from + steadyBatches*s.length }

// stretchOf returns the longest stretch from about the given cut to the last arrival whose batches begin at readings.
func stretchOf(cut, every, last time.Duration) stretch {
	end := last / every
	batch := (end - (cut+every-1)/every) / steadyBatches
	return stretch{from: (end - steadyBatches*batch) * every, length: max(0, batch) * every}
}

// steadyRun is a run that is recorded in batches.
type steadyRun struct {
	model    *setup.Model
	config   sim.Config
	settings Settings
	stretch  stretch
	whole    *recorder.Recording
	batches  []*recorder.Recording
	played   sim.Result
	took     time.Duration
}

// play plays and records the run.
func (r *steadyRun) play(ctx context.Context) error {
	began, steps := time.Now(), r.config.Journey.Funnel()
	r.whole = recorder.NewRecording(steps)
	all := recorder.NewRecorder(steps, 1, r.whole.Add)
	var parts []*recorder.Recorder
	var observers []*recorder.ShardObserver
	for range steadyBatches {
		recording := recorder.NewRecording(steps).Brief()
		part := recorder.NewRecorder(steps, 1, recording.Add).Brief()
		r.batches, parts, observers = append(r.batches, recording), append(parts, part), append(observers, part.Observer(0))
	}
	divided := newCohorts(r.stretch.from, max(1, r.stretch.length), all.Observer(0), observers)
	var err error
	r.played, err = sim.Run(ctx, r.config, func(int) funnel.Observer { return divided })
	all.Close()
	for _, part := range parts {
		part.Close()
	}
	r.took = time.Since(began)
	return err
}

// result reports the run.
func (r *steadyRun) result(found settling) (Result, error) {
	whole := r.assemble(r.whole, r.stretch.from, r.stretch.to())
	var batches []report.Report
	for i, recording := range r.batches {
		from := r.stretch.from + time.Duration(i)*r.stretch.length
		batches = append(batches, r.assemble(recording, from, from+r.stretch.length))
	}
	means, err := recorder.Average(batches)
	if err != nil {
		return Result{}, err
	}
	whole.WithIntervals(means, steadyBatches)
	whole.Steady = &report.Steady{CutS: r.stretch.from.Seconds(), Batches: steadyBatches, BatchS: r.stretch.length.Seconds(), Settled: found.why == ""}
	whole.Steady.Sentence = sentenceOf(*whole.Steady, found.why, r.model.People.Last)
	conditions := threshold.Measured(r.model.Conditions, r.whole, r.config.Journey.Clock.Scenario)
	config := r.config
	config.Until = r.stretch.to() - r.stretch.from
	replication := figuresOf(r.model, whole, config)
	replication.Events, replication.Elapsed, replication.Margins = r.played.Events, r.took, marginsOf(conditions, whole)
	prices := r.model.Scenario.Prices()
	return Result{
		Report: threshold.Judge(whole, conditions, threshold.Validity{}), Replications: []Replication{replication},
		Gates: gatesOf(whole), Bottleneck: replication.Bottleneck,
		Priced: prices.Known(), Currency: prices.Currency, Noun: r.model.Scenario.Arrivals.Words(),
	}, nil
}

// assemble reports what was recorded from one instant to another.
func (r *steadyRun) assemble(recording *recorder.Recording, from, to time.Duration) report.Report {
	s := r.model.Scenario
	facts := recorder.Facts{
		Labels: r.model.Labels(),
		Ombak:  r.settings.Build, Engine: report.Simulated,
		Scenario: report.Scenario{Name: s.Name, Seed: s.Seed, SHA256: s.SHA256(), Opens: s.Opens},
		Plan:     s.Plan(), Duration: to - from, Speed: r.model.Options.Speed, Clock: r.config.Journey.Clock.Scenario,
		Readings: between(r.played.Readings, from, to), SeriesNote: "after the warm-up", Warnings: r.model.WarningsOf(r.played.Exhausted),
	}
	assembled := recorder.Assemble(recording, facts)
	if r.config.Closed.People == 0 {
		assembled.Offered.ByStep = r.model.OfferedWithin(r.config, from, to).ByStep
	}
	return assembled
}

// between returns the readings from one instant to another, with counts from the first instant on.
func between(readings []funnel.Reading, from, to time.Duration) []funnel.Reading {
	before := map[string]funnel.Reading{}
	var within []funnel.Reading
	for _, reading := range readings {
		if reading.At <= from {
			before[reading.Station] = reading
			continue
		}
		if reading.At > to {
			continue
		}
		within = append(within, reading.Since(before[reading.Station]))
	}
	return within
}

// sentenceOf says what was cut, and whether the run has settled.
func sentenceOf(s report.Steady, why string, last time.Duration) string {
	if why != "" {
		return fmt.Sprintf("the run has not settled within %s, because %s; lower the load below the capacity, or play it longer", units.Duration(last), why)
	}
	cut := fmt.Sprintf("the first %s are cut as warm-up (MSER-5)", units.Time(s.CutS))
	if s.CutS == 0 {
		cut = "there is no warm-up to cut (MSER-5)"
	}
	return fmt.Sprintf("the run has settled: %s, and intervals come from %d batches of %s each", cut, s.Batches, units.Time(s.BatchS))
}
