package setup

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/report/recorder"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/sim"
	"github.com/ombak-sim/ombak/workload"
)

// errUnsimulated is the error of a fault that only a live run has.
var errUnsimulated = errors.New("is not simulated; only a live run shows it")

// Acting maps actions, one after the other, to what they change in a simulation.
type Acting struct {
	model    *Model
	scenario *scenarios.Scenario // with the settings of all actions so far
	stations map[string]int
	calls    map[string]int
}

// Acting returns what maps the actions of one run. The interventions of the scenario have been mapped.
func (m *Model) Acting() (*Acting, error) {
	a := m.newActing()
	for _, action := range m.Scenario.Actions() {
		if _, err := a.Do(action); err != nil && !errors.Is(err, errUnsimulated) {
			return nil, err
		}
	}
	return a, nil
}

// Settings returns what the plan's schedule and the scenario's interventions set, in order of time.
func (m *Model) Settings() []funnel.Action {
	plan, _ := m.Scenario.Effective(m.Scenario.Plan())
	scheduled, _ := plan.Scheduled() // a fault was found when the model was set up
	return slices.DeleteFunc(funnel.InOrder(slices.Concat(scheduled, m.Scenario.Actions())), func(action funnel.Action) bool { return action.Do != funnel.SetService })
}

func (m *Model) newActing() *Acting {
	a := &Acting{model: m, scenario: m.Scenario, stations: map[string]int{}, calls: map[string]int{}}
	for i, station := range m.Config.Stations {
		a.stations[station.Name] = i
	}
	for i, call := range m.Config.Calls {
		a.calls[call.Name] = i
	}
	return a
}

// interventions maps those of the scenario.
func (m *Model) interventions() error {
	acting := m.newActing()
	scheduled, err := m.scheduledTerms()
	if err != nil {
		return err
	}
	m.Scheduled = scheduled
	for _, action := range scheduled {
		does, err := acting.Do(action)
		if err != nil {
			return Refuse("plan %s has a schedule that is not simulated: at %v, %w", m.Scenario.Plan(), action.At, err)
		}
		m.Config.Interventions = append(m.Config.Interventions, does)
	}
	for i, action := range m.Scenario.Actions() {
		does, err := acting.Do(action)
		if errors.Is(err, errUnsimulated) {
			m.Warnings = append(m.Warnings, fmt.Sprintf("intervention %d at %v is left out: %v", i+1, action.At, err))
			continue
		}
		if err != nil {
			return Refuse("intervention %d of scenario %s: %w", i+1, m.Scenario.Name, err)
		}
		m.Config.Interventions = append(m.Config.Interventions, does)
		m.Actions = append(m.Actions, action)
	}
	slices.SortStableFunc(m.Config.Interventions, func(a, b sim.Intervention) int { return cmp.Compare(a.At, b.At) })
	m.deeds = deeds(m.Actions)
	if len(m.Config.Interventions) == 0 {
		return nil
	}
	if err := m.Config.Validate(); err != nil {
		return Refused(err)
	}
	return nil
}

// deeds counts the actions that change anything.
func deeds(actions []funnel.Action) (count int) {
	for _, action := range actions {
		if action.Do != funnel.Remark {
			count++
		}
	}
	return count
}

// Do maps an action to the intervention that does it.
func (a *Acting) Do(action funnel.Action) (does sim.Intervention, err error) {
	if err := a.scenario.CheckAction(action); err != nil {
		return does, err
	}
	if does.Turn, err = TurnOf(action, a.model.People.Clock()); err != nil {
		return does, err
	}
	switch action.Do {
	case funnel.Arrive, funnel.Hold, funnel.Resume:
		err = a.model.MayTurn()
	case funnel.StartFault:
		does.Faults, err = a.faults(action)
	case funnel.EndFault:
		for _, name := range slices.Sorted(maps.Keys(a.calls)) {
			if action.On == "" || action.On == name {
				does.Ends = append(does.Ends, sim.FaultEnd{To: a.calls[name], Name: action.With["fault"]})
			}
		}
	case funnel.SetService:
		if action.OnPolicy() {
			does.Policies, err = a.setPolicy(action)
			break
		}
		does.Set, err = a.set(action)
	case funnel.Stop:
		does.Stop = true
	}
	return does, err
}

func (a *Acting) faults(action funnel.Action) (starts []sim.FaultStart, err error) {
	affected, err := a.scenario.FaultsOf(action)
	if err != nil {
		return nil, err
	}
	for _, part := range affected {
		for _, f := range part.Faults {
			if !f.Kind.Simulated() {
				return nil, fmt.Errorf("the fault %s %w", f.Kind, errUnsimulated)
			}
		}
		starts = append(starts, sim.FaultStart{
			To: a.calls[part.Dependency], Name: action.With["fault"], Faults: part.Faults, WarmUp: warmUp(a.scenario.Dependencies[part.Dependency]),
		})
	}
	return starts, nil
}

// terms are the terms of a service by the settings of [funnel.SetService].
var terms = map[string]sim.Terms{
	"servers": sim.ServersTerm, "service": sim.ServiceTimeTerm, "queue": sim.QueueTerm, "deadline": sim.DeadlineTerm,
	"rate": sim.RateTerm, "quota": sim.QuotaTerm,
}

// set maps settings of a dependency or station. They add to those that earlier actions set.
func (a *Acting) set(action funnel.Action) ([]sim.Setting, error) {
	after, err := a.scenario.Adjusted(action.On, action.With)
	if err != nil {
		return nil, err
	}
	setting := sim.Setting{Kind: sim.Call, To: a.calls[action.On]}
	service := after.Dependencies[action.On].Service
	if _, is := after.Dependencies[action.On]; !is {
		setting.Kind, setting.To, service = sim.AtStation, a.stations[action.On], after.Stations[action.On].Service
	}
	if err := a.model.checkService(action.On, service); err != nil {
		return nil, err
	}
	for name := range action.With {
		setting.Terms |= terms[name]
	}
	setting.Service = a.model.simStation(action.On, service, scenarios.Modelled{}).Service
	a.scenario = after
	return []sim.Setting{setting}, nil
}

// OfferedOf counts the people who came to a run in which interventions changed who comes.
func (m *Model) OfferedOf(came sim.Came) recorder.OfferedFacts {
	peak := func(instants []time.Duration) (total, most int) {
		return workload.Peak(slices.Values(slices.Sorted(slices.Values(instants))), time.Minute)
	}
	offered := recorder.OfferedFacts{ByStep: map[string]report.Scheduling{}}
	offered.Scheduled, offered.PeakPerMin = peak(came.All)
	for _, step := range m.Config.Journey.Starts() {
		walkers, most := peak(came.ByStep[step])
		offered.ByStep[m.Config.Journey.Steps[step].Name] = report.Scheduling{Scheduled: float64(walkers), PeakPerMin: float64(most)}
	}
	return offered
}
