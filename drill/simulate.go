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

	"github.com/ombak-sim/ombak/funnel"
	"github.com/ombak-sim/ombak/journey"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/sim"
)

// Replay is one replication's figures that plans are compared by.
type Replay struct {
	SignUps     float64 // people who passed the sign-up
	Finished    float64 // people who passed the last step
	GoodputPerS float64 // people passed per second at the last step
	P99S        float64 // of the response time of passed and timed-out sign-ups, s
	Events      uint64
	Elapsed     time.Duration // of the computer, not in the report
}

// Simulation is what simulating a plan came to.
type Simulation struct {
	Report  report.Report
	Replays []Replay // by number
}

// Simulating says how to simulate.
type Simulating struct {
	Replications int     // 0 means 1
	Precision    float64 // go on until the people who finish are known within this share; 0 means no
	Workers      int     // replications at once; 0 means one for each core
	Build        report.Build
	Done         func() // called after each replication, by one goroutine at a time
}

// NewSimulation maps a scenario and options to a run of the simulator. What cannot be simulated
// comes back as ErrRefused.
func NewSimulation(scenario *scenarios.Scenario, options Options) (*Run, error) {
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
	run.Offered = run.offer()
	return run, nil
}

// ofTheStore says whether a condition is about the rows of a database, which a simulation has none of.
func ofTheStore(condition report.Condition) bool {
	name, _, _ := strings.Cut(strings.TrimSpace(condition.Source), " ")
	return slices.Contains([]string{"lost", "duplicates", "persisted", "acknowledged", "unacknowledged"}, name)
}

// Simulate plays all replications of a run, several at once, and returns their average. The report
// does not depend on how many are played at once.
func Simulate(ctx context.Context, run *Run, how Simulating) (Simulation, error) {
	var s series
	err := s.extend(ctx, run, how, max(1, how.Replications))
	if err == nil && how.Precision > 0 {
		err = s.extend(ctx, run, how, max(len(s.reports), pilot))
	}
	if err == nil && how.Precision > 0 {
		var finished []float64
		for _, replay := range s.replays {
			finished = append(finished, replay.Finished)
		}
		err = s.extend(ctx, run, how, min(sim.Enough(finished, how.Precision), mostReplications))
	}
	if err != nil {
		return Simulation{}, err
	}
	average, err := report.Average(s.reports)
	if err != nil {
		return Simulation{}, err
	}
	return Simulation{report.Judge(average, run.Conditions, report.Validity{}), s.replays}, nil
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
	workers := how.Workers
	if workers == 0 {
		workers = runtime.NumCPU()
	}
	s.reports, s.replays = append(s.reports, make([]report.Report, count-first)...), append(s.replays, make([]Replay, count-first)...)
	faults := make([]error, count)
	numbers := make(chan int)
	var working sync.WaitGroup
	var mu sync.Mutex // guards how.Done
	for range min(workers, count-first) {
		working.Go(func() {
			for number := range numbers {
				s.reports[number], s.replays[number], faults[number] = run.replicate(ctx, number, how)
				mu.Lock()
				if how.Done != nil && faults[number] == nil {
					how.Done()
				}
				mu.Unlock()
			}
		})
	}
	for number := first; number < count; number++ {
		numbers <- number
	}
	close(numbers)
	working.Wait()
	return errors.Join(faults...)
}

// replicate plays one replication and reports it.
func (r *Run) replicate(ctx context.Context, number int, how Simulating) (report.Report, Replay, error) {
	began := time.Now()
	config := r.Simulated
	config.Seed.Replication = uint64(number)
	config.Journey.Seed, config.Signups.Seed, config.Visitors.Seed = config.Seed, config.Seed, config.Seed
	steps := journey.New(config.Journey, nil).Funnel()
	recording := report.NewRecording(steps)
	recorder := report.NewRecorder(steps, 1, recording.Add)
	result, err := sim.Run(ctx, config, func(shard int) funnel.Observer { return recorder.Observer(shard) })
	if err != nil {
		return report.Report{}, Replay{}, fmt.Errorf("replication %d: %w", number, err)
	}
	recorder.Close()
	s := r.Scenario
	facts := report.Facts{
		Ombak: how.Build, Engine: report.Simulated,
		Scenario: report.Scenario{Name: s.Name, Seed: s.Seed, SHA256: s.SHA256(), Opens: s.Opens},
		Plan:     s.Plan(), Duration: result.Duration, Speed: orOne(r.Options.Speed), Clock: config.Journey.Clock.Scenario,
		Offered: r.offeredTo(config), Readings: result.Readings, Marks: r.marks(config), SeriesNote: "of replication 0", Warnings: r.Warnings,
	}
	assembled := report.Assemble(recording, facts)
	if number > 0 { // only those of the first are kept
		assembled.Series, assembled.Histograms = report.Series{}, report.Histograms{}
	}
	return assembled, replayOf(assembled, result.Events, time.Since(began)), nil
}

func replayOf(r report.Report, events uint64, elapsed time.Duration) Replay {
	replay := Replay{Events: events, Elapsed: elapsed}
	for i, row := range r.Funnel {
		if row.Step == funnel.SignUp {
			replay.SignUps = row.Passed
			if times := r.Steps[i].ResponseTimePassedS; times != nil {
				replay.P99S = times.P99
			}
		}
	}
	if last := len(r.Funnel) - 1; last >= 0 {
		replay.Finished, replay.GoodputPerS = r.Funnel[last].Passed, r.Steps[last].GoodputPerS
	}
	return replay
}

// offeredTo counts the people of a replication. Thinning keeps others in each; without it all have
// the same number of people.
func (r *Run) offeredTo(config sim.Config) *report.OfferedFacts {
	if r.Options.Scale == 0 || r.Options.Scale >= 1 || config.Seed.Replication == 0 {
		return &r.Offered
	}
	other := *r
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
