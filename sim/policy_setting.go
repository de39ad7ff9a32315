package sim

import (
	"fmt"
	"time"

	"github.com/ombak-sim/ombak/resilience"
)

// PolicyPlace is where a policy is.
type PolicyPlace uint8

// The places of policies.
const (
	AtDoor     PolicyPlace = iota // in front of the service
	BeforeCall                    // in front of a dependency's calls
	OnScaler                      // of a station
	InCache                       // of a station
)

// PolicySetting gives a policy other settings, or switches it off or on. What it has learned and who waits at it stays; see
// the Changes of its descriptor.
type PolicySetting struct {
	Place  PolicyPlace
	To     int               // index in Doors, Calls, Scalers or Caches
	Policy resilience.Policy // with all its settings
	Off    bool
}

// validate returns the first mistake in a setting.
func (p PolicySetting) validate(c *Config) error {
	config, err := p.Policy.Config()
	if err != nil {
		return fmt.Errorf("%s: %w", p.Policy.Name, err)
	}
	places := map[PolicyPlace]int{AtDoor: len(c.Doors), BeforeCall: len(c.Calls), OnScaler: len(c.Scalers), InCache: len(c.Caches)}[p.Place]
	if p.To < 0 || p.To >= places {
		return fmt.Errorf("the policy %s is set at place %d of %d", p.Policy.Name, p.To, places)
	}
	stands := []resilience.Policy{}
	switch p.Place {
	case AtDoor:
		stands = append(stands, c.Doors[p.To].Policy)
	case BeforeCall:
		stands = c.Calls[p.To].Policies
	case OnScaler:
		stands = append(stands, c.Scalers[p.To].Policy)
	case InCache:
		if _, hits := config.(resilience.HitConfig); hits {
			return nil
		}
	}
	for _, policy := range stands {
		if policy.Name == p.Policy.Name {
			return nil
		}
	}
	return fmt.Errorf("the policy %s is set where it does not stand", p.Policy.Name)
}

// setPolicy changes a policy now. The config of the run stays as it is.
func (m *model) setPolicy(p PolicySetting) {
	config, err := p.Policy.Config()
	if err != nil {
		panic(err) // validate has checked it
	}
	switch p.Place {
	case AtDoor:
		m.setDoor(len(m.config.Calls)+p.To, config, !p.Off)
	case BeforeCall:
		m.setProtection(p.To, config, !p.Off)
	case OnScaler:
		m.scalers[p.To].change(m.engine.now, config, !p.Off)
	case InCache:
		hits := config.(resilience.HitConfig) //nolint:forcetypeassert // validate has checked it
		if p.Off {
			hits.Rate = 0
		}
		m.config.Caches[p.To].HitConfig = hits
	}
}

// setDoor changes a policy in front of the service.
func (m *model) setDoor(which int, config resilience.Config, on bool) {
	switch decider := m.gates[which].decider.(type) {
	case *room:
		decider.accrue(m.engine.now)
		decider.room.Change(m.engine.now, config.(resilience.RoomConfig), on) //nolint:forcetypeassert // validate has checked it
	case filter:
		now := m.engine.now
		if decider.scenarioTime {
			now = m.config.Journey.Clock.Scenario(now)
		}
		change(decider.policy, func(policy resilience.Changing) { policy.Change(now, config, on) })
	default:
		m.setGate(which, config, on)
	}
}

// setProtection changes a policy in front of a dependency's calls.
func (m *model) setProtection(call int, config resilience.Config, on bool) {
	o := m.outlets[call]
	switch config := config.(type) {
	case resilience.DeferConfig:
		o.deferred = &config
		m.setGate(call, config, on)
	case resilience.Gated:
		m.setGate(call, config, on)
	case resilience.CacheConfig:
		o.cache.Change(m.engine.now, config, on)
	case resilience.Guarding:
		change(o.guard, func(guard resilience.Changing) { guard.Change(m.engine.now, config, on) })
	case resilience.Repeating:
		change(o.repeater, func(repeater resilience.Changing) { repeater.Change(m.engine.now, config, on) })
	}
}

// setGate changes a queueing policy, and lets in those who may pass then.
func (m *model) setGate(which int, config resilience.Config, on bool) {
	gate := m.gates[which]
	admitted := gate.policy.Change(m.engine.now, config.(resilience.Gated).Gate(), on) //nolint:forcetypeassert // validate has checked it
	numbers := make([]int32, len(admitted))
	for i, ticket := range admitted {
		numbers[i] = m.takeOut(gate, ticket)
	}
	m.expelFrom(which)
	for _, number := range numbers {
		m.letIn(number, which)
	}
	m.watchGate(which)
}

// change changes a policy, if it can.
func change(policy any, do func(resilience.Changing)) {
	if changing, can := policy.(resilience.Changing); can {
		do(changing)
	}
}

// change gives a scaler other settings. The look that is due stays due.
func (s *scaler) change(now time.Duration, config resilience.Config, on bool) {
	change(s.policy, func(policy resilience.Changing) { policy.Change(now, config, on) })
	s.Looks, _ = config.(resilience.Steering).Steer() //nolint:forcetypeassert // validate has checked it
}
