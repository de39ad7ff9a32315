package drill

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/report/recorder"
	"github.com/ombak-sim/ombak/report/threshold"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/sim"
)

// Replay is one replication's figures that plans are compared by.
type Replay struct {
	SignUps     float64 // people who passed the step that people are scheduled at
	Lost        float64 // people scheduled there who did not pass it
	Finished    float64 // people who passed the last step
	GaveUp      float64 // people whose last attempt at any step was turned away, failed, timed out or abandoned
	GoodputPerS float64 // people passed per second at the last step
	P99S        float64 // of the response time of passed and timed-out attempts where people are scheduled, s
	WorstP99S   float64 // the same of the step where it is longest, waiting for mail and the like aside, s
	WaitedMin   float64 // minutes that people waited for answers to their requests, all together
	RecoveryS   float64 // from the end of the busiest minute of arrivals until the last troubled minute ended, s; see [troubled]
	Recovered   bool    // that was before the last arrivals
	Cost        float64 // in the currency of the scenario's catalogue of prices
	Bottleneck  report.Bottleneck
	Gates       []Gate   // of replication 0: what turned requests away, the most first
	Margins     []margin // of the thresholds that must hold
	Events      uint64
	Elapsed     time.Duration // of the computer, not in the report
}

// Simulation is what simulating a plan came to.
type Simulation struct {
	Report     report.Report
	Replays    []Replay          // by number
	Gates      []Gate            // of replication 0
	Bottleneck report.Bottleneck // of replication 0
	Priced     bool              // the catalogue of prices is not empty
	Money      string            // its currency
}

// Simulating says how to simulate.
type Simulating struct {
	Replications int     // 0 means 1
	Precision    float64 // go on until the people who finish are known within this share; 0 means no
	Antithetic   bool    // replications 2k and 2k + 1 draw u and 1 − u; their mean counts as one value. Replications must be even
	Workers      int     // replications at once; 0 means one for each core
	Build        report.Build
	Done         func() // called after each replication, by one goroutine at a time
	// Brief leaves out of the reports what only a drawing needs: how response times were spread in each second.
	Brief bool
	// Passed is called, likewise, as the time of replications passes: that much more of one was simulated.
	Passed func(by time.Duration)
}

// workers is how many replications are played at once.
func (s Simulating) workers() int {
	if s.Workers == 0 {
		return runtime.NumCPU()
	}
	return s.Workers
}

// NewSimulation maps a scenario and options to a run of the simulator. What cannot be simulated
// comes back as ErrRefused.
func NewSimulation(scenario *scenarios.Scenario, options Options) (*Run, error) {
	var offered *recorder.OfferedFacts
	return newSimulation(scenario, options, &offered)
}

// newSimulation does not count again the people that another plan has counted.
func newSimulation(scenario *scenarios.Scenario, options Options, counted **recorder.OfferedFacts) (*Run, error) {
	run, err := newRun(scenario, options)
	if err != nil {
		return nil, err
	}
	if err := run.peopleConfig(&run.Generator); err != nil {
		return nil, err
	}
	if run.Simulated, err = run.simConfig(); err != nil {
		return nil, err
	}
	run.Conditions = slices.DeleteFunc(run.Conditions, ofTheStore)
	if run.Simulated.Stagger != nil {
		run.Offered = run.offer()
		return run, nil
	}
	if *counted == nil {
		offered := run.offer()
		*counted = &offered
	}
	run.Offered = **counted
	return run, nil
}

// ofTheStore says whether a condition is about the rows of a database, which a simulation has none of.
func ofTheStore(condition threshold.Condition) bool {
	name, _, _ := strings.Cut(strings.TrimSpace(condition.Source), " ")
	return slices.Contains([]string{"lost", "duplicates", "persisted", "acknowledged", "unacknowledged"}, name)
}

// Simulate plays all replications of a run, several at once, and returns their average. The report
// does not depend on how many are played at once.
func Simulate(ctx context.Context, run *Run, how Simulating) (Simulation, error) {
	if how.Antithetic && how.Replications%2 != 0 {
		return Simulation{}, refuse("%d antithetic replications are no pairs; give an even number", how.Replications)
	}
	var s series
	err := CheckReplications(max(1, how.Replications))
	if err == nil {
		err = s.extend(ctx, run, how, max(1, how.Replications))
	}
	if err == nil && how.Precision > 0 {
		err = s.extend(ctx, run, how, max(len(s.reports), how.apiece()*pilot))
	}
	if err == nil && how.Precision > 0 {
		pairs, fault := s.independent(how)
		if fault != nil {
			return Simulation{}, fault
		}
		var finished []float64
		for _, replay := range pairs.replays {
			finished = append(finished, replay.Finished)
		}
		err = s.extend(ctx, run, how, min(how.apiece()*sim.Enough(finished, how.Precision), mostReplications))
	}
	if err != nil {
		return Simulation{}, err
	}
	independent, err := s.independent(how)
	if err != nil {
		return Simulation{}, err
	}
	average, err := recorder.Average(independent.reports)
	if err != nil {
		return Simulation{}, err
	}
	average.Replications = len(s.reports)
	return run.simulation(average, independent), nil
}

// simulation judges the average and adds what is known beside it.
func (r *Run) simulation(average report.Report, s series) Simulation {
	prices := r.Scenario.Prices()
	return Simulation{
		Report: threshold.Judge(average, r.Conditions, threshold.Validity{}), Replays: s.replays, Gates: s.replays[0].Gates, Bottleneck: s.replays[0].Bottleneck,
		Priced: prices.Known(), Money: prices.Currency,
	}
}

// How many replications tell how many are needed, and how many are played at most for a precision.
const (
	pilot            = 5
	mostReplications = 1000
)

// series holds replications by their numbers.
type series struct {
	reports []report.Report
	replays []Replay
}

// extend plays replications until there are so many.
func (s *series) extend(ctx context.Context, run *Run, how Simulating, count int) error {
	first := len(s.reports)
	if count <= first {
		return nil
	}
	s.grow(count)
	return play(ctx, s.jobs(run, first, count), how)
}

// grow makes room for so many replications.
func (s *series) grow(count int) {
	s.reports = append(s.reports, make([]report.Report, count-len(s.reports))...)
	s.replays = append(s.replays, make([]Replay, count-len(s.replays))...)
}

// job is one replication to be played and where its results belong.
type job struct {
	run    *Run
	number int
	into   *series
	crowd  *crowd // nil where other jobs have other people
}

func (s *series) jobs(run *Run, first, count int) []job {
	var jobs []job
	for number := first; number < count; number++ {
		jobs = append(jobs, job{run: run, number: number, into: s})
	}
	return jobs
}

// play plays replications, several at once.
func play(ctx context.Context, jobs []job, how Simulating) error {
	faults := make([]error, len(jobs))
	places := make(chan int)
	var working sync.WaitGroup
	var mu sync.Mutex // guards how.Done and how.Passed
	if passed := how.Passed; passed != nil {
		how.Passed = func(by time.Duration) {
			mu.Lock()
			defer mu.Unlock()
			passed(by)
		}
	}
	for range min(how.workers(), len(jobs)) {
		working.Go(func() {
			var player sim.Player
			for place := range places {
				faults[place] = jobs[place].play(ctx, &player, how)
				jobs[place].crowd = nil // the last one frees it
				mu.Lock()
				if how.Done != nil && faults[place] == nil {
					how.Done()
				}
				mu.Unlock()
			}
		})
	}
	for place := range jobs {
		if ctx.Err() != nil {
			break
		}
		places <- place
	}
	close(places)
	working.Wait()
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("the simulations did not come to their end, so nothing is written: %w", err)
	}
	return errors.Join(faults...)
}

// play plays the replication and keeps what it came to.
func (j *job) play(ctx context.Context, player *sim.Player, how Simulating) (err error) {
	config := j.crowd.among(j.run.replication(j.number, how))
	j.into.reports[j.number], j.into.replays[j.number], err = j.run.replicate(ctx, player, config, j.number, how)
	return err
}

// replication gives a replication its chance.
func (r *Run) replication(number int, how Simulating) sim.Config {
	config := r.Simulated
	config.Seed.Replication = uint64(number)
	if how.Antithetic {
		config.Seed.Replication, config.Seed.Mirrored = uint64(number/2), number%2 == 1
	}
	config.Journey.Seed, config.Signups.Seed, config.Visitors.Seed = config.Seed, config.Seed, config.Seed
	return config
}

// replicate plays one replication and reports it.
func (r *Run) replicate(ctx context.Context, player *sim.Player, config sim.Config, number int, how Simulating) (report.Report, Replay, error) {
	began := time.Now()
	drawn := number == 0 && !r.lean // of the others nothing that is drawn is kept
	recording, result, err := how.run(ctx, player, config, how.Brief || !drawn)
	if err != nil {
		return report.Report{}, Replay{}, fmt.Errorf("replication %d: %w", number, err)
	}
	config.Changes = result.Changes // those of scalers among them
	s := r.Scenario
	facts := recorder.Facts{
		Ombak: how.Build, Engine: report.Simulated,
		Scenario: report.Scenario{Name: s.Name, Seed: s.Seed, SHA256: s.SHA256(), Opens: s.Opens},
		Plan:     s.Plan(), Duration: result.Duration, Speed: orOne(r.Options.Speed), Clock: config.Journey.Clock.Scenario,
		Offered: r.offeredTo(config), Readings: result.Readings, Marks: r.marks(config), SeriesNote: "of replication 0", Warnings: r.Warnings,
	}
	assembled := recorder.Assemble(recording, facts)
	replay := r.replayOf(assembled, config)
	replay.Events, replay.Elapsed, replay.Margins = result.Events, time.Since(began), r.margins(assembled)
	if number == 0 {
		replay.Gates = gatesOf(assembled)
	}
	if !drawn {
		assembled.Series, assembled.Histograms = report.Series{}, report.Histograms{}
	}
	return assembled, replay, nil
}

// offeredTo counts the people of a replication. Thinning keeps others in each, others have other birth
// months, and random totals are others; without that all have the same number of people.
func (r *Run) offeredTo(config sim.Config) *recorder.OfferedFacts {
	others := r.Options.Scale > 0 && r.Options.Scale < 1 || config.Stagger != nil || r.Scenario.Arrivals.Totals == "random"
	if !others || config.Seed == r.Simulated.Seed {
		return &r.Offered
	}
	other := *r
	other.Simulated = config
	other.Generator.Seed, other.Generator.Journey.Seed = config.Seed, config.Seed
	other.Generator.Signups, other.Generator.Visitors = config.Signups, config.Visitors
	offered := other.offer()
	return &offered
}

// marks puts what befalls the dependencies, and what the plan changes, on the timeline.
func (r *Run) marks(config sim.Config) []funnel.Mark {
	s := r.Scenario
	var marks []funnel.Mark
	for _, change := range config.Changes {
		name := ""
		if change.Kind == sim.AtStation {
			name = config.Stations[change.To].Name
		} else {
			name = config.Calls[change.To].Name
		}
		marks = append(marks, funnel.Mark{At: change.At, Kind: funnel.PlanMark, Text: fmt.Sprintf("%s: %d servers", name, change.Servers)})
	}
	for _, name := range sortedNames(s.Dependencies) {
		for _, f := range s.Dependencies[name].Faults {
			at := config.Journey.Clock.Real(f.At)
			marks = append(marks, funnel.Mark{
				At: at, For: config.Journey.Clock.Real(f.At+f.For) - at, Kind: funnel.FaultMark, Text: name + ": " + f.Fault,
			})
		}
	}
	return marks
}
