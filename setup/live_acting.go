package setup

import (
	"fmt"
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/loadgen"
	"github.com/ombak-sim/ombak/mocks"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/workload"
)

// LiveActing maps actions on a live run, one after the other, to what its parts are told.
type LiveActing struct {
	live     *Live
	scenario *scenarios.Scenario // with the settings of all actions so far
}

// Acting returns what maps the actions of a run.
func (l *Live) Acting() *LiveActing { return &LiveActing{l, l.Scenario} }

// Check returns why an action cannot be done in the scenario, or nil.
func (a *LiveActing) Check(action funnel.Action) error { return a.scenario.CheckAction(action) }

// Fault returns what the mocks are told to start a fault. It ends after a real time.
func (a *LiveActing) Fault(action funnel.Action) (mocks.FaultStart, error) {
	described, err := scenarios.DescribeFault(action)
	if err != nil {
		return mocks.FaultStart{}, err
	}
	described.At, described.For = 0, 0
	clock := a.live.People.Clock()
	limit := min(clock.Real(action.At+action.For)-clock.Real(action.At), mocks.LongestLimit)
	return mocks.FaultStart{Description: described, On: a.mockOf(action.On), LimitS: max(limit, time.Millisecond).Seconds(), By: action.By}, nil
}

// Set returns the mock whose settings an action changes, and the settings. Later settings add to them.
func (a *LiveActing) Set(action funnel.Action) (mock string, service workload.Service, err error) {
	if _, is := a.scenario.Dependencies[action.On]; !is {
		return "", service, fmt.Errorf("%s is a part of the model; a live run can change dependencies only", action.On)
	}
	after, err := a.scenario.Adjusted(action.On, action.With)
	if err != nil {
		return "", service, err
	}
	if err := a.live.checkService("dependency "+action.On, after.Dependencies[action.On].Service); err != nil {
		return "", service, err
	}
	a.scenario = after
	return a.mockOf(action.On), a.live.scaled(after.Dependencies[action.On].Service), nil
}

// try finds out whether a setting can be made. It counts as made.
func (a *LiveActing) try(action funnel.Action) (err error) {
	if action.OnPolicy() {
		_, err = a.Policy(action)
		return err
	}
	_, _, err = a.Set(action)
	return err
}

// mockOf returns the name of the mock that stands in for a dependency.
func (a *LiveActing) mockOf(dependency string) string {
	if kind := a.scenario.Dependencies[dependency].Kind; kind != "" && kind != "generic" {
		return kind
	}
	return dependency
}

// IsOn reports whether an action concerns a mock.
func (a *LiveActing) IsOn(action funnel.Action, mock string) bool {
	return action.On == "" || a.mockOf(action.On) == mock
}

// Turn returns what the generator is told about who comes.
func (a *LiveActing) Turn(action funnel.Action) (loadgen.Turn, error) {
	return TurnOf(action, a.live.People.Clock())
}
