package sim

import (
	"time"

	"github.com/ombak-sim/ombak/journey"
)

// shore decides who comes in a run with interventions. People then open their sessions at their first step, and not ahead
// of it.
type shore struct {
	acted  bool          // the run has interventions, or may get some
	turns  journey.Turns // so far
	whole  journey.Crowd
	comers journey.Comers
	came   Came
}

// Came holds when those who came were scheduled, in order of their first steps.
type Came struct {
	All    []time.Duration         // everybody, visitors included
	ByStep map[int][]time.Duration // who walks, by the step at which arrivals are scheduled
}

func newShore(config *Config) shore {
	s := shore{acted: config.Open || len(config.Interventions) > 0}
	if s.acted {
		s.whole, s.came.ByStep = config.Crowd().Counted(), map[int][]time.Duration{}
	}
	return s
}

// announce schedules somebody's first step.
func (m *model) announce(comer journey.Comer) {
	m.engine.At(comer.First, NewEvent(comerKind, m.comers.Put(comer)))
}

// come lets somebody come whom the tide admits, and announces those who come in addition.
func (m *model) come(number int32) {
	comer := m.comers.Take(number)
	tide := m.turns.At(comer.First)
	if !tide.Admits(m.config.Seed, comer) {
		return
	}
	m.came.All = append(m.came.All, comer.At)
	if !comer.Visitor {
		start := m.journey.Start(comer.Person)
		m.came.ByStep[start] = append(m.came.ByStep[start], comer.At)
	}
	m.arrive(comer.Caller)
	for added := range tide.Added(m.whole, m.journey, comer) {
		m.announce(added)
	}
}
