package sim

import (
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/ombak-sim/ombak/journey"
	"github.com/ombak-sim/ombak/population"
	"github.com/ombak-sim/ombak/resilience"
	"github.com/ombak-sim/ombak/workload"
	"github.com/ombak-sim/ombak/workload/fault"
)

// Config describes one run of the surge. It is plain data; Seed, Journey, arrivals, Shares and
// Traits mean what they mean to the load generator, so that both see the same people.
type Config struct {
	Seed      workload.Seed
	Journey   journey.Config
	Signups   workload.Arrivals // people who walk the journey
	Visitors  workload.Arrivals // people who take the first step and go
	People    uint64            // size of the population that people are drawn from
	Opens     time.Time
	Shares    population.Shares
	Traits    []population.Traits     // per step: people whose first attempt holds a typing error
	Silent    []bool                  // per step: who loses patience does not close the connection, so the request goes on for nobody; nil means that all close it
	Routes    []Route                 // one for each step
	Delays    []workload.Distribution // per step: time that an exchange takes beside its route, as on the network; nil means none
	Stations  []StationConfig
	Calls     []Dependency
	Doors     []Door                    // protection of the service itself; a request passes them in this order
	Changes   []Change                  // while the run goes on
	Scalers   []Scaler                  // at most one for each station
	Stagger   *resilience.StaggerConfig // of arrivals, see [Config.Arrival]; nil means that people come when they like
	Places    int                       // in the batch that people join; 0 means no limit
	TestDelay time.Duration             // real time from handing in the motivation test to its score, where people poll for it
	Until     time.Duration             // real time after which the run ends
	ReadEvery time.Duration             // between two readings of the stations; 0 means never

	// Everyone is [Config.Crowd] where it was drawn before, for several runs; nil means that it is drawn as people come.
	Everyone iter.Seq[[]journey.Caller]
}

// Crowd says who comes and when.
func (c *Config) Crowd() journey.Crowd {
	return journey.Crowd{
		Seed: c.Seed, People: c.People, Signups: c.Signups, Visitors: c.Visitors,
		Clock: c.Journey.Clock, Lead: journey.New(c.Journey, nil).Lead(),
	}
}

func (c *Config) everyone() iter.Seq[[]journey.Caller] {
	if c.Everyone != nil {
		return c.Everyone
	}
	return c.Crowd().Blocks()
}

// Arrival returns the real time at which a caller comes. Where birth months take turns, the people of
// each spread over the time from their turn to the end as all would over the whole run: who would come
// at t comes at turn + t·(1 − turn/end).
func (c *Config) Arrival(people population.Population, caller journey.Caller) time.Duration {
	if c.Stagger == nil || caller.Visitor {
		return caller.At
	}
	clock := c.Journey.Clock
	turn, end := c.Stagger.Turn(people.BirthDate(caller.Person).Month()), clock.Scenario(c.Until)
	left := 1 - min(1, turn.Seconds()/end.Seconds())
	return clock.Real(turn + time.Duration(left*float64(clock.Scenario(caller.At))))
}

// Route is a request's way through the model.
type Route []Hop

// HopKind is what a request does at one stop.
type HopKind uint8

// The kinds of hop.
const (
	AtStation HopKind = iota // waits for a part of the service
	Call                     // waits for a dependency
	Async                    // leaves something to a dependency and goes on
)

// Hop is one stop on a route.
type Hop struct {
	Kind HopKind
	To   int                   // place in Stations or Calls
	Work workload.Distribution // at a station, instead of its own service time; zero means the station's
}

// Role says what a dependency decides about a person.
type Role string

// The roles, named as the kinds of dependency in scenario files.
const (
	Dukcapil Role = "dukcapil" // identity, by population.Record
	Mail     Role = "mail"     // what await steps wait for
	SMS      Role = "sms"      // likewise
	Generic  Role = "generic"  // nothing; others that say something about a person are in eligibilities
)

// Dependency is something that the service calls.
type Dependency struct {
	StationConfig
	Role     Role
	Delivery workload.Distribution // mail and sms: from acceptance to arrival
	Loss     float64               // sms: share of messages that never arrive
	Timeout  time.Duration         // real time after which the service gives a call up; 0 means never
	Faults   fault.Schedule        // by scenario time
	// Connections is the most calls under way; a further one brings an error at once. 0 means no limit.
	Connections int
	Policies    []resilience.Policy // in front of its calls
}

// Change gives a station or dependency another number of servers, as operators do by hand.
type Change struct {
	At      time.Duration // real time
	Kind    HopKind       // AtStation or Call
	To      int           // place in Stations or Calls
	Servers int           // at least 1; those taken away finish what they have
}

// Validate returns the first fault of the description.
func (c Config) Validate() error {
	switch {
	case len(c.Journey.Steps) == 0 || len(c.Routes) != len(c.Journey.Steps):
		return fmt.Errorf("sim: %d routes for %d steps; each step needs one", len(c.Routes), len(c.Journey.Steps))
	case c.Delays != nil && len(c.Delays) != len(c.Routes):
		return fmt.Errorf("sim: %d delays for %d steps; give each step one, or none", len(c.Delays), len(c.Routes))
	case c.Silent != nil && len(c.Silent) != len(c.Routes):
		return fmt.Errorf("sim: %d ways to leave for %d steps; give each step one, or none", len(c.Silent), len(c.Routes))
	case c.People == 0 || uint64(c.Signups.Total()+c.Visitors.Total()) > c.People:
		return errors.New("sim: more people arrive than the population has; raise its size")
	case len(c.Stations)+len(c.Calls) > 1<<14:
		return fmt.Errorf("sim: %d stations; there may be %d", len(c.Stations)+len(c.Calls), 1<<14)
	}
	for _, station := range c.Stations {
		if err := station.Validate(); err != nil {
			return fmt.Errorf("sim: %w", err)
		}
		if also := station.Batch; (also.Also > 0 || also.Elsewhere) && (also.At < 0 || also.At >= len(c.Stations) || c.Stations[also.At].Batch.Rows > 0) {
			return fmt.Errorf("sim: station %s: its batches bring work to a place that does not exist, or that works in batches itself", station.Name)
		}
	}
	for _, call := range c.Calls {
		if err := call.validate(); err != nil {
			return fmt.Errorf("sim: dependency %s: %w", call.Name, err)
		}
	}
	if err := c.validatePolicies(); err != nil {
		return fmt.Errorf("sim: %w", err)
	}
	for _, change := range c.Changes {
		if places := c.places(change.Kind); change.Servers < 1 || change.To < 0 || change.To >= places {
			return fmt.Errorf("sim: a change gives place %d of %d places %d servers; name a place and at least 1", change.To, places, change.Servers)
		}
	}
	for i, route := range c.Routes {
		for _, hop := range route {
			if hop.To < 0 || hop.To >= c.places(hop.Kind) {
				return fmt.Errorf("sim: the route of step %s leads to a place that does not exist", c.Journey.Steps[i].Name)
			}
		}
	}
	return nil
}

// places counts what a hop of a kind may lead to.
func (c Config) places(kind HopKind) int {
	if kind == AtStation {
		return len(c.Stations)
	}
	return len(c.Calls)
}

func (d Dependency) validate() error {
	if _, err := protectionOf(d.Policies); err != nil {
		return err
	}
	if d.Holding {
		return errors.New("a dependency cannot hold servers")
	}
	if err := d.Faults.Validate(); err != nil {
		return err
	}
	return d.StationConfig.Validate()
}
