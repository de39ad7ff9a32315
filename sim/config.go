package sim

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/ombak-sim/ombak/journey"
	"github.com/ombak-sim/ombak/population"
	"github.com/ombak-sim/ombak/resilience"
	"github.com/ombak-sim/ombak/workload"
	"github.com/ombak-sim/ombak/workload/fault"
)

// Config describes one run of the surge. It is plain data. Seed, Journey, arrivals, Shares and Traits have the
// same meaning as for the load generator, so both simulate the same people.
type Config struct {
	Seed          workload.Seed
	Journey       journey.Config
	Signups       workload.Arrivals // people who walk the journey
	Visitors      workload.Arrivals // people who take the first step and leave
	Closed        journey.Closed    // people who come again and again, besides those who arrive; the zero value means none
	People        uint64            // size of the population
	Opens         time.Time
	Shares        population.Shares
	Locale        population.Locale         // of names, phones and addresses, which conditions may read
	Feeders       map[string]journey.Feeder // tables that conditions read
	Traits        []population.Traits       // per step: traits that put a typing error into the first attempt
	Silent        []bool                    // per step: a person who loses patience does not close the connection, so the request continues; nil means that all close it
	Routes        []Route                   // one per step
	Priorities    []*int                    // per step: class of its requests at stations with priorities; nil means 0 past the scheduled step, and 1 up to it
	Delays        []workload.Distribution   // per step: time of an exchange outside its route, such as on the network; nil means none
	Stations      []StationConfig
	Calls         []Dependency
	Doors         []Door                    // policies in front of the service; a request passes them in this order
	Changes       []Change                  // during the run
	Scalers       []Scaler                  // at most one per station
	Caches        []StationCache            // at most one per station
	Stagger       *resilience.StaggerConfig // of arrivals, see [Config.Arrival]; nil means that birth months do not take turns
	Interventions []Intervention            // during the run, in order of time
	Open          bool                      // others may be added while it is played; see [Play.Intervene]
	Places        int                       // capacity of the batch that people join; 0 means no limit
	Stocks        []int                     // what people can book of the service: how many there are of each, at most [MostStocks]
	Books         []int                     // per step: the stock of which it books one, counted from 1; 0 means none; nil means that no step does
	TestDelay     time.Duration             // real time from submitting the motivation test to its score, if people poll for it
	Until         time.Duration             // real time at which the run ends
	ReadEvery     time.Duration             // interval between readings of the stations; 0 means never

	// Everyone is a crowd drawn earlier with [Config.Crowd] and shared by several runs. If nil, the crowd is drawn during the
	// run.
	Everyone iter.Seq[[]journey.Caller]
}

// Crowd returns the people who arrive, with their arrival times.
func (c *Config) Crowd() journey.Crowd {
	return journey.Crowd{
		Seed: c.Seed, People: c.People, Signups: c.Signups, Visitors: c.Visitors,
		Clock: c.Journey.Clock, Lead: journey.New(c.Journey, nil, nil).Lead(),
	}
}

func (c *Config) everyone() iter.Seq[[]journey.Caller] {
	if c.Everyone != nil {
		return c.Everyone
	}
	return c.Crowd().Blocks()
}

// Arrival returns the real time at which a caller arrives. If birth months take turns, the people of each month
// spread over the time from their turn to the end of the run. An arrival at t then moves to turn + t·(1 −
// turn/end).
func (c *Config) Arrival(people population.Population, caller journey.Caller) time.Duration {
	if c.Stagger == nil || caller.Visitor {
		return caller.At
	}
	clock := c.Journey.Clock
	turn, end := c.Stagger.Turn(people.BirthDate(caller.Person).Month()), clock.Scenario(c.Until)
	left := 1 - min(1, turn.Seconds()/end.Seconds())
	return clock.Real(turn + time.Duration(left*float64(clock.Scenario(caller.At))))
}

// Route is the path of a request through the model.
type Route []Hop

// HopKind is the kind of one hop on a route.
type HopKind uint8

// The kinds of hop.
const (
	AtStation HopKind = iota // waits for a part of the service
	Call                     // waits for a dependency
	Async                    // hands work to a dependency and continues
	Wait                     // takes the time of its work and no server
)

// Hop is one stop on a route.
type Hop struct {
	Kind HopKind
	To   int                   // index in Stations or Calls; of no meaning for Wait
	Work workload.Distribution // replaces the station's service time; zero means the station's own

	Opening Opening // at a station; the zero value means that connections cost nothing

	Stock int // the dependency's stock that an answer is taken from, counted from 1; 0 means none
}

// Role is what a dependency decides about a person.
type Role string

// The roles have the names of the dependency kinds in scenario files.
const (
	Dukcapil Role = "dukcapil" // identity, by population.Record
	Mail     Role = "mail"     // sends what await steps wait for
	SMS      Role = "sms"      // likewise
	Generic  Role = "generic"  // decides nothing; other roles that decide about a person are in eligibilities
)

// Dependency is an external system that the service calls.
type Dependency struct {
	StationConfig
	Role     Role
	Delivery workload.Distribution // mail and sms: from acceptance to arrival
	Loss     float64               // sms: share of messages that never arrive
	Timeout  time.Duration         // real time after which the service abandons a call; 0 means never
	Faults   fault.Schedule        // by scenario time
	// Connections is the maximum number of concurrent calls. A further call fails at once. 0 means no limit.
	Connections int
	Policies    []resilience.Policy // in front of the calls
	Stocks      []Stock             // what its answers use up
	Calls       []Onward            // made one after another before it answers
}

// Change sets the number of servers of a station or dependency, as an operator does by hand.
type Change struct {
	At      time.Duration // real time
	Kind    HopKind       // AtStation or Call
	To      int           // index in Stations or Calls
	Servers int           // at least 1; removed servers finish the requests that they serve
	Acted   bool          // by an intervention
}

// Validate returns the first fault in the configuration.
func (c Config) Validate() error {
	switch {
	case len(c.Journey.Steps) == 0 || len(c.Routes) != len(c.Journey.Steps):
		return fmt.Errorf("sim: %d routes for %d steps; give one per step", len(c.Routes), len(c.Journey.Steps))
	case c.Delays != nil && len(c.Delays) != len(c.Routes):
		return fmt.Errorf("sim: %d delays for %d steps; give one per step, or none", len(c.Delays), len(c.Routes))
	case c.Priorities != nil && len(c.Priorities) != len(c.Routes):
		return fmt.Errorf("sim: %d priorities for %d steps; give one per step, or none", len(c.Priorities), len(c.Routes))
	case slices.ContainsFunc(c.Priorities, func(p *int) bool { return p != nil && (*p < 0 || *p >= Classes) }):
		return fmt.Errorf("sim: a step has a priority that is not from 0 to %d", Classes-1)
	case c.Silent != nil && len(c.Silent) != len(c.Routes):
		return fmt.Errorf("sim: %d Silent values for %d steps; give one per step, or none", len(c.Silent), len(c.Routes))
	case c.People == 0 || journey.Crowd{Signups: c.Signups, Visitors: c.Visitors}.Numbers() > c.People:
		return errors.New("sim: more people arrive than the population has; raise its size")
	case c.Books != nil && len(c.Books) != len(c.Routes):
		return fmt.Errorf("sim: %d stocks to book for %d steps; give one per step, or none", len(c.Books), len(c.Routes))
	case c.Closed.People < 0 || uint64(c.Closed.People) > c.People:
		return fmt.Errorf("sim: %d people go round, but the population has %d; raise its size", c.Closed.People, c.People)
	case len(c.Stations)+len(c.Calls) > 1<<14:
		return fmt.Errorf("sim: %d stations; at most %d are allowed", len(c.Stations)+len(c.Calls), 1<<14)
	}
	if err := c.Journey.Validate(); err != nil {
		return fmt.Errorf("sim: %w", err)
	}
	return c.validateParts()
}

// validateParts returns the first fault in a station or a dependency, or in what acts on them.
func (c Config) validateParts() error {
	for _, station := range c.Stations {
		if err := station.Validate(); err != nil {
			return fmt.Errorf("sim: %w", err)
		}
		if also := station.Batch; (also.Also > 0 || also.Elsewhere) && (also.At < 0 || also.At >= len(c.Stations) || c.Stations[also.At].Batch.Rows > 0) {
			return fmt.Errorf("sim: station %s: its batches send work to a station that does not exist or that is batched itself", station.Name)
		}
	}
	for _, call := range c.Calls {
		if err := call.validate(); err != nil {
			return fmt.Errorf("sim: dependency %s: %w", call.Name, err)
		}
	}
	if err := c.validateCalls(); err != nil {
		return fmt.Errorf("sim: %w", err)
	}
	if err := c.validatePolicies(); err != nil {
		return fmt.Errorf("sim: %w", err)
	}
	for _, change := range c.Changes {
		if places := c.places(change.Kind); change.Servers < 1 || change.To < 0 || change.To >= places {
			return fmt.Errorf("sim: a change sets station %d of %d to %d servers; name an existing station and at least 1 server", change.To, places, change.Servers)
		}
	}
	for _, intervention := range c.Interventions {
		if err := intervention.validate(&c); err != nil {
			return fmt.Errorf("sim: an intervention at %v: %w", intervention.At, err)
		}
	}
	if err := c.validateStocks(); err != nil {
		return err
	}
	return c.validateRoutes()
}

// validateRoutes returns the first route that leads nowhere.
func (c Config) validateRoutes() error {
	for i, route := range c.Routes {
		for _, hop := range route {
			if hop.Kind == Wait {
				continue
			}
			if hop.To < 0 || hop.To >= c.places(hop.Kind) {
				return fmt.Errorf("sim: the route of step %s leads to a station that does not exist", c.Journey.Steps[i].Name)
			}
			if err := hop.Opening.validate(); err != nil {
				return fmt.Errorf("sim: the route of step %s: connections: %w", c.Journey.Steps[i].Name, err)
			}
			if hop.Stock < 0 || hop.Stock > 0 && (hop.Kind == AtStation || hop.Stock > len(c.Calls[hop.To].Stocks)) {
				return fmt.Errorf("sim: the route of step %s takes from a stock that does not exist", c.Journey.Steps[i].Name)
			}
		}
	}
	return nil
}

// places returns the number of targets for a kind of hop.
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
	for i, stock := range d.Stocks {
		if stock.Count < 0 {
			return fmt.Errorf("stock %d has %d; it must be 0 or more", i+1, stock.Count)
		}
	}
	return d.station().Validate()
}

// station returns the station of the dependency. It keeps a server until the dependency's calls have been answered.
func (d Dependency) station() StationConfig {
	station := d.StationConfig
	station.Holding = len(d.Calls) > 0
	return station
}
