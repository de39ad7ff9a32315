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
	Replications int // 0 means 1
	Workers      int // replications at once; 0 means one for each core
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
	count := max(1, how.Replications)
	workers := how.Workers
	if workers == 0 {
		workers = runtime.NumCPU()
	}
	reports, replays, faults := make([]report.Report, count), make([]Replay, count), make([]error, count)
	numbers := make(chan int)
	var working sync.WaitGroup
	var mu sync.Mutex // guards how.Done
	for range min(workers, count) {
		working.Go(func() {
			for number := range numbers {
				reports[number], replays[number], faults[number] = run.replicate(ctx, number, how)
				mu.Lock()
				if how.Done != nil && faults[number] == nil {
					how.Done()
				}
				mu.Unlock()
			}
		})
	}
	for number := range count {
		numbers <- number
	}
	close(numbers)
	working.Wait()
	if err := errors.Join(faults...); err != nil {
		return Simulation{}, err
	}
	average, err := report.Average(reports)
	if err != nil {
		return Simulation{}, err
	}
	return Simulation{report.Judge(average, run.Conditions, report.Validity{}), replays}, nil
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
		Offered: &r.Offered, Readings: result.Readings, Marks: faultMarks(s, config), SeriesNote: "of replication 0", Warnings: r.Warnings,
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

// faultMarks puts what befalls the dependencies on the timeline.
func faultMarks(s *scenarios.Scenario, config sim.Config) []funnel.Mark {
	var marks []funnel.Mark
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
