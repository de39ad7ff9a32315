package setup

import (
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/ombak-sim/ombak/journey"
	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/population"
	"github.com/ombak-sim/ombak/report/recorder"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/sim"
)

// CheckSteady refuses a model whose load or service changes over time, so that it has no steady state.
func (m *Model) CheckSteady() error {
	if what := m.varies(); what != "" {
		return Refuse("scenario %s has no steady state, because %s; give constant rates, or simulate without --steady", m.Scenario.Name, what)
	}
	return nil
}

// varies returns what changes over time, or an empty text.
func (m *Model) varies() string {
	s := m.Scenario
	plan, _ := s.Effective(s.Plan())
	signups, visitors := s.Arrivals.Curves()
	switch rate, length, constant := constantRate(s.Arrivals.Signups); {
	case s.Arrivals.Counts != "" || s.Arrivals.AccessLog != nil:
		return "its arrivals are counts of a file"
	case !constant:
		return "the rate of arrivals.people varies"
	case len(visitors) > 0:
		if _, _, constant = constantRate(s.Arrivals.Visitors); !constant || len(signups) > 0 && visitors.Duration() != length {
			return fmt.Sprintf("the rate of arrivals.visitors varies, or does not last as long as %v/s of arrivals.people", rate)
		}
	}
	if len(plan.Schedule) > 0 {
		return fmt.Sprintf("plan %s changes it during the run (schedule)", plan.Name)
	}
	for i, action := range m.Actions {
		if action.Do != funnel.Remark {
			return fmt.Sprintf("intervention %d changes it at %v", i+1, action.At)
		}
	}
	if m.Config.Places > 0 {
		return "the places of backend.quota are taken one by one"
	}
	if stocks := s.BookedStocks(); len(stocks) > 0 {
		return fmt.Sprintf("the stock %s of the backend is booked one by one", stocks[0])
	}
	if m.Config.Stagger != nil {
		return "people of different birth months come at different times"
	}
	for _, name := range slices.Sorted(maps.Keys(s.Dependencies)) {
		if len(s.Dependencies[name].Faults) > 0 {
			return fmt.Sprintf("dependency %s has faults", name)
		}
		for _, answer := range s.Dependencies[name].Routes {
			if answer.Stock != nil {
				return fmt.Sprintf("the stock of dependency %s runs out", name)
			}
		}
	}
	return ""
}

// constantRate returns the rate per second of pieces that all have the same constant rate, and their length.
func constantRate(segments []scenarios.Segment) (rate float64, length time.Duration, constant bool) {
	for i, segment := range segments {
		from, to := segment.From, segment.To
		if segment.Rate != nil {
			from, to = segment.Rate, segment.Rate
		}
		if from == nil || to == nil || *from != *to || segment.Spike != nil || i > 0 && float64(*from) != rate {
			return 0, 0, false
		}
		rate = float64(*from)
		length += segment.For
	}
	return rate, length, true
}

// OfferedWithin counts the people who come to one replication of the model from one real time to another.
func (m *Model) OfferedWithin(config sim.Config, from, to time.Duration) recorder.OfferedFacts {
	people := population.New(config.Seed, config.Opens, config.Shares)
	arrival := func(caller journey.Caller) time.Duration { return config.Arrival(people, caller) }
	return m.offered(config.Journey, func(keep func(journey.Caller) bool) iter.Seq[time.Duration] {
		return instants(config.Crowd().Part(0, 1), func(caller journey.Caller) bool {
			return caller.At >= from && caller.At < to && keep(caller)
		}, arrival)
	})
}
