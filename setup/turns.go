package setup

import (
	"iter"
	"slices"
	"time"

	"github.com/ombak-sim/ombak/journey"
	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/population"
	"github.com/ombak-sim/ombak/report/recorder"
	"github.com/ombak-sim/ombak/workload"
	"github.com/ombak-sim/ombak/workload/fault"
)

// TurnOf returns the change of who comes that an action makes.
func TurnOf(action funnel.Action, clock workload.Clock) (journey.Turn, error) {
	turn := journey.Turn{At: clock.Real(action.At)}
	if action.For > 0 {
		turn.Until = clock.Real(action.At + action.For)
	}
	switch action.Do {
	case funnel.Arrive:
		factor, err := action.Factor()
		if err != nil {
			return turn, err
		}
		turn.Factor = &factor
	case funnel.Hold, funnel.Resume:
		held := action.Do == funnel.Hold
		turn.Hold = &held
	}
	return turn, nil
}

// turns returns the changes of who comes that the scenario's interventions make.
func (p *Planned) turns() (turns journey.Turns, err error) {
	for _, action := range p.Scenario.Actions() {
		switch action.Do {
		case funnel.Arrive, funnel.Hold, funnel.Resume:
			turn, err := TurnOf(action, p.People.Clock())
			if err != nil {
				return nil, Refused(err)
			}
			turns = append(turns, turn)
		}
	}
	return turns, nil
}

// MayTurn returns why who comes cannot change during the run, or nil if it can.
func (p *Planned) MayTurn() error {
	if p.Options.Closed > 0 {
		return Refuse("a fixed number of people go round, so there are no arrivals to change or to hold")
	}
	return nil
}

// MayTurn returns why who comes cannot change during the run, or nil if it can.
func (l *Live) MayTurn() error {
	if err := l.Planned.MayTurn(); err != nil {
		return err
	}
	switch {
	case l.Options.Parts > 1:
		return Refuse("other generators play parts of this run, and would not know")
	case !l.People.crowd().RoomFor():
		return Refuse("the population of %d is too small for the people whom a factor may add; raise population.size", l.People.Size)
	}
	return nil
}

// OfferedTurned counts the people of a run in which who comes was changed.
func (l *Live) OfferedTurned(turns journey.Turns) recorder.OfferedFacts {
	who := population.New(l.People.Seed, l.People.Opens, l.People.Shares)
	walks := journey.New(l.Generator.Journey, func(person uint64, step int) bool {
		return l.People.Traits[step] != 0 && who.Traits(person).HasAny(l.People.Traits[step])
	}, l.fact(l.People))
	return l.Planned.offered(l.Generator.Journey, func(keep func(journey.Caller) bool) iter.Seq[time.Duration] {
		at := instants(turns.Coming(l.People.crowd(), walks), keep, func(caller journey.Caller) time.Duration { return caller.At })
		return slices.Values(slices.Sorted(at))
	})
}

// actedFaults returns the faults that the scenario's interventions begin at a dependency, cut where they end them.
func (p *Planned) actedFaults(name string) (fault.Schedule, error) {
	var schedule fault.Schedule
	actions := p.Scenario.Actions()
	for i, action := range actions {
		if action.Do != funnel.StartFault {
			continue
		}
		affected, err := p.Scenario.FaultsOf(action)
		if err != nil {
			return nil, Refused(err)
		}
		for _, part := range affected {
			if part.Dependency != name {
				continue
			}
			for _, f := range part.Faults {
				for _, later := range actions[i+1:] {
					if later.Ends(action, name) && later.At > f.At && later.At < f.At+f.For {
						f.For = later.At - f.At
					}
				}
				schedule = append(schedule, f)
			}
		}
	}
	return schedule, nil
}
