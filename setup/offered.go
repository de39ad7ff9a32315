package setup

import (
	"iter"
	"slices"
	"time"

	"github.com/ombak-sim/ombak/journey"
	"github.com/ombak-sim/ombak/population"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/report/recorder"
	"github.com/ombak-sim/ombak/sim"
	"github.com/ombak-sim/ombak/workload"
)

// offered counts people by their instants, which must be in order: everybody, and those who walk to the step
// at which arrivals are scheduled.
func (p *Planned) offered(instants func(walkersOnly bool) iter.Seq[time.Duration]) recorder.OfferedFacts {
	var offered recorder.OfferedFacts
	offered.Scheduled, offered.PeakPerMin = workload.Peak(instants(false), time.Minute)
	walkers, peak := workload.Peak(instants(true), time.Minute)
	offered.ByStep = map[string]report.Scheduling{p.Scenario.Arrivals.Step: {Scheduled: float64(walkers), PeakPerMin: float64(peak)}}
	return offered
}

// offered counts the people of this generator's part of the run.
func (l *Live) offered() recorder.OfferedFacts {
	return l.Planned.offered(func(walkersOnly bool) iter.Seq[time.Duration] {
		return instants(l.Generator.Callers(), walkersOnly, func(caller journey.Caller) time.Duration { return caller.At })
	})
}

// PeakPerSecond returns the most people who come within any one real second. Arrivals of the busiest minute are rarely
// even: a second of a burst, or of chance, has more than a sixtieth of it.
func (l *Live) PeakPerSecond() int {
	_, peak := workload.Peak(func(yield func(time.Duration) bool) {
		for caller := range l.Generator.Callers() {
			if !yield(caller.At) {
				return
			}
		}
	}, time.Second)
	return peak
}

// OfferedTo counts the people who come to one replication of the model, whose config holds its seeds.
func (m *Model) OfferedTo(config sim.Config) recorder.OfferedFacts {
	people := population.New(config.Seed, config.Opens, config.Shares)
	arrival := func(caller journey.Caller) time.Duration { return config.Arrival(people, caller) }
	return m.offered(func(walkersOnly bool) iter.Seq[time.Duration] {
		at := instants(config.Crowd().Part(0, 1), walkersOnly, arrival)
		if config.Stagger == nil {
			return at
		}
		return slices.Values(slices.Sorted(at))
	})
}

// instants yields the instants at which callers come. It skips visitors if walkersOnly is set.
func instants(callers iter.Seq[journey.Caller], walkersOnly bool, arrival func(journey.Caller) time.Duration) iter.Seq[time.Duration] {
	return func(yield func(time.Duration) bool) {
		for caller := range callers {
			if !(caller.Visitor && walkersOnly) && !yield(arrival(caller)) {
				return
			}
		}
	}
}
