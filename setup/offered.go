package setup

import (
	"iter"
	"slices"
	"time"

	"github.com/ombak-sim/ombak/journey"
	"github.com/ombak-sim/ombak/loadgen"
	"github.com/ombak-sim/ombak/population"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/report/recorder"
	"github.com/ombak-sim/ombak/sim"
	"github.com/ombak-sim/ombak/workload"
)

// offered counts people by their instants, which must be in order: everybody, and those who walk to each step at which
// arrivals are scheduled. The func keep selects them.
func (p *Planned) offered(config journey.Config, instants func(keep func(journey.Caller) bool) iter.Seq[time.Duration]) recorder.OfferedFacts {
	var offered recorder.OfferedFacts
	offered.Scheduled, offered.PeakPerMin = workload.Peak(instants(func(journey.Caller) bool { return true }), time.Minute)
	offered.ByStep = map[string]report.Scheduling{}
	walks := journey.New(config, nil, nil)
	for _, step := range config.Starts() {
		walkers, peak := workload.Peak(instants(func(caller journey.Caller) bool { return !caller.Visitor && walks.Start(caller.Person) == step }), time.Minute)
		offered.ByStep[config.Steps[step].Name] = report.Scheduling{Scheduled: float64(walkers), PeakPerMin: float64(peak)}
	}
	return offered
}

// offered counts the people of this generator's part of the run.
func (l *Live) offered() recorder.OfferedFacts {
	return l.OfferedTo(l.Generator)
}

// OfferedTo counts the people of one of the generators that share the run; see [Live.Share].
func (l *Live) OfferedTo(share loadgen.Config) recorder.OfferedFacts {
	return l.Planned.offered(share.Journey, func(keep func(journey.Caller) bool) iter.Seq[time.Duration] {
		return instants(share.Callers(), keep, func(caller journey.Caller) time.Duration { return caller.At })
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
	return m.offered(config.Journey, func(keep func(journey.Caller) bool) iter.Seq[time.Duration] {
		at := instants(config.Crowd().Part(0, 1), keep, arrival)
		if config.Stagger == nil {
			return at
		}
		return slices.Values(slices.Sorted(at))
	})
}

// instants yields the instants at which the callers come whom keep selects.
func instants(callers iter.Seq[journey.Caller], keep func(journey.Caller) bool, arrival func(journey.Caller) time.Duration) iter.Seq[time.Duration] {
	return func(yield func(time.Duration) bool) {
		for caller := range callers {
			if keep(caller) && !yield(arrival(caller)) {
				return
			}
		}
	}
}
