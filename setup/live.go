package setup

import (
	"fmt"
	"slices"

	"github.com/ombak-sim/ombak/backend"
	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/loadgen"
	"github.com/ombak-sim/ombak/mocks"
	"github.com/ombak-sim/ombak/report/threshold"
	"github.com/ombak-sim/ombak/scenarios"
)

// Live is the set-up of a live run.
type Live struct {
	Planned
	Generator loadgen.Config
	Service   *Service // nil if others start the service
	Validity  threshold.Validity
	Schedule  []funnel.Action // what the plan changes while the run plays
}

// Service is the reference backend and the mocks it calls. Addresses are filled in when the parts are ready.
type Service struct {
	Backend backend.Config
	Mocks   mocks.Config
}

// NewLive maps a scenario and options to a live run on the reference service. What cannot run comes
// back as ErrRefused.
func NewLive(scenario *scenarios.Scenario, options Options) (*Live, error) {
	if options.Gated {
		return nil, Refuse("the reference backend carries out the policies of the plan itself, so no gate stands in front of it; leave out gate-url, or give --target too")
	}
	live, err := newLive(scenario, options)
	if err != nil {
		return nil, err
	}
	live.Service = new(Service)
	if live.Service.Mocks, err = live.mocks(unneeded(live.Scenario)...); err != nil {
		return nil, err
	}
	if live.Service.Backend, err = live.backend(); err != nil {
		return nil, err
	}
	if err := live.schedule(); err != nil {
		return nil, err
	}
	return live, live.generator([]string{"backend", "mail", "sms"})
}

// schedule maps the schedule of the plan to actions on the mocks, and refuses what a live run cannot change.
func (l *Live) schedule() (err error) {
	plan, _ := l.Scenario.Effective(l.Scenario.Plan())
	if l.Schedule, err = plan.Scheduled(); err != nil {
		return Refuse("plan %s has a schedule that does not run live: %w; choose another plan", plan.Name, err)
	}
	trial := l.Acting()
	for _, action := range l.Schedule {
		if err := trial.try(action); err != nil {
			return Refuse("plan %s has a schedule that does not run live: at %v, %w; choose another plan, or simulate it", plan.Name, action.At, err)
		}
	}
	return l.tryInterventions(trial)
}

// tryInterventions refuses interventions on policies that a live run cannot do.
func (l *Live) tryInterventions(trial *LiveActing) error {
	for i, action := range l.Scenario.Actions() {
		if !action.OnPolicy() {
			continue
		}
		if err := trial.try(action); err != nil {
			return Refuse("intervention %d of scenario %s: %w", i+1, l.Scenario.Name, err)
		}
	}
	return nil
}

// NewLoad maps a scenario and options to a live run against services that others started.
func NewLoad(scenario *scenarios.Scenario, options Options) (*Live, error) {
	live, err := newLive(scenario, options)
	if err != nil {
		return nil, err
	}
	if live.Options.Gated {
		err = live.behindGate()
	} else {
		live.policiesElsewhere()
	}
	if err == nil {
		err = live.scheduleElsewhere()
	}
	if err != nil {
		return nil, err
	}
	live.leaveOut()
	return live, live.generator(nil)
}

// leaveOut warns of interventions that a load on a service of others cannot do.
func (l *Live) leaveOut() {
	for _, action := range l.Scenario.Actions() {
		switch action.Do {
		case funnel.StartFault, funnel.EndFault, funnel.SetService:
			why, done := "the dependencies are not mocks of this run", l.Options.Mocked
			if action.OnPolicy() {
				why, done = "the service has its policies itself", l.Options.Gated
			}
			if !done {
				l.Warnings = append(l.Warnings, fmt.Sprintf("the intervention %q is left out: %s", action.Text(), why))
			}
		}
	}
}

func newLive(scenario *scenarios.Scenario, options Options) (*Live, error) {
	planned, err := newPlanned(scenario, options)
	if err != nil {
		return nil, err
	}
	return &Live{Planned: planned, Validity: validity(planned.Scenario.Validity)}, nil
}

func validity(v scenarios.Validity) threshold.Validity {
	return threshold.Validity{
		MaxScheduleLagP99: v.LagP99, MaxDroppedShare: max(float64(v.Dropped), minShare), MaxUnsentShare: max(float64(v.Unsent), minShare),
		MaxDialShare: float64(v.Dial), MaxCPUShare: float64(v.CPU), MaxStealShare: float64(v.Steal), MaxGCPause: v.GCPause, MaxPacingError: float64(v.Pacing),
	}
}

// minShare stands for "none" where 0 would mean "no limit".
const minShare = 1e-12

// Mocks is the set-up of the mocks alone, for use with any service.
type Mocks struct {
	Planned
	Config mocks.Config
}

// unnamed returns the built-in mocks that a scenario does not name.
func unnamed(s *scenarios.Scenario) []string {
	named := map[string]bool{}
	for _, dependency := range s.Dependencies {
		named[dependency.Kind] = true
	}
	var others []string
	for _, name := range append(mocks.Registries(), mocks.MailName) {
		if !named[name] {
			others = append(others, name)
		}
	}
	return others
}

// unneeded returns the built-in mocks that a drill does not start: those that its scenario does not name and that the backend
// works without. It sends mails in any case, and it offers identity only if it has Dukcapil to ask.
func unneeded(s *scenarios.Scenario) []string {
	needed := []string{mocks.MailName}
	if placeOf(s, funnel.Identity) >= 0 {
		needed = append(needed, mocks.DukcapilName)
	}
	return slices.DeleteFunc(unnamed(s), func(name string) bool {
		_, twice := s.Dependencies[name] // a generic dependency of this name: the backend would take it for the built-in one
		return twice || slices.Contains(needed, name)
	})
}

// NewMocks maps a scenario and options to its mocks. What cannot run comes back as ErrRefused.
func NewMocks(scenario *scenarios.Scenario, options Options) (*Mocks, error) {
	planned, err := newPlanned(scenario, options)
	if err != nil {
		return nil, err
	}
	m := &Mocks{Planned: planned}
	if m.People, err = m.people(); err != nil {
		return nil, err
	}
	m.Config, err = m.mocks(unnamed(scenario)...)
	return m, err
}
