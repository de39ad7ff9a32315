package sim

import (
	"fmt"

	"github.com/ombak-sim/ombak/resilience"
)

// Door is a policy in front of the service, at all steps or at one.
type Door struct {
	Step   int               // index in the journey; -1 means all steps
	Policy resilience.Policy // a gate, a filter or, at one step, a waiting room
}

// Scaler adds and removes servers of a station.
type Scaler struct {
	Station int // index in Stations
	Policy  resilience.Policy
}

// protection is the policies in front of a dependency's calls. A nil field means no such policy. A call asks the
// cache, is deferred, passes the gate and then the guard. A failed call may be retried.
type protection struct {
	gate     *resilience.GateConfig
	cache    *resilience.CacheConfig // of answers, by person
	deferred *resilience.DeferConfig // the request is accepted and the call made later; the gate is that of the workers
	guard    resilience.Guarding
	repeats  resilience.Repeating
}

// protectionOf sorts the policies of a dependency's calls by kind. Each kind may occur once.
func protectionOf(policies []resilience.Policy) (p protection, err error) {
	for _, policy := range policies {
		config, err := policy.Config()
		if err != nil {
			return p, fmt.Errorf("%s: %w", policy.Name, err)
		}
		taken := false
		if gated, isGated := config.(resilience.Gated); isGated {
			taken, p.gate = p.gate != nil, new(gated.Gate())
		}
		switch config := config.(type) {
		case resilience.DeferConfig:
			p.deferred = &config
		case resilience.Gated:
		case resilience.CacheConfig:
			taken, p.cache = p.cache != nil, &config
		case resilience.Guarding:
			taken, p.guard = p.guard != nil, config
		case resilience.Repeating:
			taken, p.repeats = p.repeats != nil, config
		default:
			return p, fmt.Errorf("%s does not protect calls", policy.Name)
		}
		if taken {
			return p, fmt.Errorf("%s is the second policy of its kind; leave one out", policy.Name)
		}
	}
	return p, nil
}

// validate returns the first fault of a door.
func (d Door) validate(steps int) error {
	config, err := d.Policy.Config()
	if err != nil {
		return fmt.Errorf("%s: %w", d.Policy.Name, err)
	}
	_, isRoom := config.(resilience.RoomConfig)
	_, isGate := config.(resilience.Gated)
	_, isFilter := config.(resilience.Filtering)
	switch {
	case d.Step < -1 || d.Step >= steps:
		return fmt.Errorf("there are %d steps", steps)
	case isRoom && d.Step < 0:
		return fmt.Errorf("%s needs a step", d.Policy.Name)
	case !isRoom && !isGate && !isFilter:
		return fmt.Errorf("%s cannot stand in front of the service", d.Policy.Name)
	}
	return nil
}

// steering returns the policy of a scaler.
func (s Scaler) steering() (resilience.Steering, error) {
	config, err := s.Policy.Config()
	if err != nil {
		return nil, err
	}
	steering, steers := config.(resilience.Steering)
	if !steers {
		return nil, fmt.Errorf("%s does not change the number of servers", s.Policy.Name)
	}
	return steering, nil
}

func (c Config) validatePolicies() error {
	for _, door := range c.Doors {
		if err := door.validate(len(c.Routes)); err != nil {
			return fmt.Errorf("the door of step %d: %w", door.Step, err)
		}
	}
	scaled := map[int]bool{}
	for _, scaler := range c.Scalers {
		if scaler.Station < 0 || scaler.Station >= len(c.Stations) || scaled[scaler.Station] {
			return fmt.Errorf("a scaler for station %d of %d; give each station at most one", scaler.Station, len(c.Stations))
		}
		scaled[scaler.Station] = true
		if _, err := scaler.steering(); err != nil {
			return fmt.Errorf("station %s: %w", c.Stations[scaler.Station].Name, err)
		}
	}
	if err := c.validateCaches(); err != nil {
		return err
	}
	if c.Stagger != nil {
		return c.Stagger.Validate()
	}
	return nil
}
