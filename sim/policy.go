package sim

import (
	"fmt"

	"github.com/ombak-sim/ombak/resilience"
)

// Door is protection in front of the service: at all steps, or at one. Exactly one policy is set.
type Door struct {
	Step    int // place in the journey; -1 means all steps
	Gate    *resilience.GateConfig
	Buckets *resilience.BucketConfig  // of each person
	Stagger *resilience.StaggerConfig // people are turned away before their birth month's turn
	Room    *resilience.RoomConfig    // only at one step
	Budget  *resilience.BudgetConfig  // people's repeated attempts
}

// Outlet is what protects the calls of a dependency; what is nil is not there. A call asks the cache,
// is put off, passes the gate and then the breaker; one that fails is tried again within the budget.
type Outlet struct {
	Gate    *resilience.GateConfig
	Cache   *resilience.CacheConfig // of answers, by person
	Defer   *resilience.DeferConfig // the request is accepted and the call made later, behind a gate of its own
	Breaker *resilience.BreakerConfig
	Retry   *RetryConfig
}

// RetryConfig describes how the service repeats calls that failed.
type RetryConfig struct {
	resilience.BudgetConfig
	Calls int                    // most calls for one request, the first included
	Pause resilience.DeferConfig // only Pause and Longest count
}

// Scaler adds and removes servers of a station.
type Scaler struct {
	Station int // place in Stations
	resilience.ScaleConfig
}

// validator is any policy's description.
type validator interface{ Validate() error }

// first returns the first fault of the descriptions that are there, and how many are.
func first(policies ...validator) (count int, fault error) {
	for _, policy := range policies {
		count++
		if err := policy.Validate(); err != nil && fault == nil {
			fault = err
		}
	}
	return count, fault
}

// set appends a description that is there.
func set[T any, P interface {
	*T
	validator
}](policies []validator, policy P) []validator {
	if policy == nil {
		return policies
	}
	return append(policies, policy)
}

func (d Door) policies() []validator {
	var all []validator
	all = set(all, d.Gate)
	all = set(all, d.Buckets)
	all = set(all, d.Stagger)
	all = set(all, d.Room)
	return set(all, d.Budget)
}

func (o Outlet) validate() error {
	var all []validator
	all = set(all, o.Gate)
	all = set(all, o.Cache)
	all = set(all, o.Defer)
	all = set(all, o.Breaker)
	if o.Retry != nil {
		all = append(all, o.Retry.BudgetConfig)
	}
	if o.Gate != nil && o.Defer != nil {
		return fmt.Errorf("deferred calls have a gate of their own; leave the other one out")
	}
	_, err := first(all...)
	return err
}

func (c Config) validatePolicies() error {
	for _, door := range c.Doors {
		count, err := first(door.policies()...)
		switch {
		case err != nil:
			return fmt.Errorf("the door of step %d: %w", door.Step, err)
		case count != 1 || door.Step < -1 || door.Step >= len(c.Routes) || door.Step < 0 && door.Room != nil:
			return fmt.Errorf("the door of step %d of %d has %d policies; give it one, and a waiting room a step", door.Step, len(c.Routes), count)
		}
	}
	scaled := map[int]bool{}
	for _, scaler := range c.Scalers {
		if scaler.Station < 0 || scaler.Station >= len(c.Stations) || scaled[scaler.Station] {
			return fmt.Errorf("a scaler for station %d of %d; give each at most one", scaler.Station, len(c.Stations))
		}
		scaled[scaler.Station] = true
		if err := scaler.Validate(); err != nil {
			return fmt.Errorf("station %s: %w", c.Stations[scaler.Station].Name, err)
		}
	}
	if c.Stagger != nil {
		return c.Stagger.Validate()
	}
	return nil
}
