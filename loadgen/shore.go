package loadgen

import (
	"sync/atomic"
	"time"

	"github.com/ombak-sim/ombak/journey"
)

// Turn is a change of who comes, and Turns are several.
type (
	Turn  = journey.Turn
	Turns = journey.Turns
)

// shore decides who comes, in a run in which that may change. People then open their sessions at their first step, and not
// ahead of it.
type shore struct {
	acted  bool
	whole  journey.Crowd
	turns  *atomic.Pointer[journey.Turns]
	comers journey.Comers
	timers timers
}

func newShore(g *Generator) shore {
	s := shore{acted: g.config.Acted && g.config.Closed.People == 0, turns: &g.turns}
	if s.acted {
		s.whole = g.config.crowd().Counted()
	}
	return s
}

// announce schedules somebody's first step.
func (s *shore) announce(comer journey.Comer) {
	s.timers.push(comer.First, s.comers.Put(comer))
}

// due returns the next of those who may take the first step by now.
func (s *shore) due(now time.Duration) (journey.Comer, bool) {
	at, any := s.timers.first()
	if !any || at > now {
		return journey.Comer{}, false
	}
	return s.comers.Take(s.timers.pop()), true
}

// tide returns the tide for somebody whose first step is at an instant.
func (s *shore) tide(first time.Duration) journey.Tide {
	if turns := s.turns.Load(); turns != nil {
		return turns.At(first)
	}
	return journey.Even()
}

// land opens the sessions of those whom the tide admits.
func (s *shard) land(now time.Duration) {
	for {
		comer, any := s.shore.due(now)
		if !any {
			return
		}
		tide := s.shore.tide(comer.First)
		if !tide.Admits(s.generator.config.Seed, comer) {
			continue
		}
		s.arrive(comer.Caller)
		for added := range tide.Added(s.shore.whole, s.generator.journey, comer) {
			s.shore.announce(added)
		}
	}
}

// Turn changes who comes. The config must be Acted. Any goroutine may call it during the run.
func (g *Generator) Turn(turns ...journey.Turn) {
	g.turning.Lock()
	defer g.turning.Unlock()
	var all journey.Turns
	if before := g.turns.Load(); before != nil {
		all = append(all, *before...)
	}
	all = append(all, turns...)
	g.turns.Store(&all)
}
