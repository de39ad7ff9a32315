package setup

import (
	"cmp"
	"runtime"

	"github.com/ombak-sim/ombak/loadgen"
)

// generator maps the scenario to the load generator's configuration. Known lists the targets whose
// addresses are filled in later, when their parts are ready.
func (l *Live) generator(known []string) error {
	s, people := l.Scenario, &l.People
	config := loadgen.Config{
		PhotoBytes: s.Population.PhotoBytes, Targets: map[string]string{}, Vars: l.vars(),
		Shards: max(1, runtime.NumCPU()/2), Part: l.Options.Part, Parts: l.Options.Parts,
		Feeders: feeders(s), Files: files(s), Cookies: s.Cookies, MostPeople: s.Connections.People, Connections: l.connections(),
	}
	var err error
	if config.Requests, err = requests(s); err != nil {
		return err
	}
	if err := l.checkVars(config.Requests); err != nil {
		return err
	}
	if err := l.targets(config.Targets, known); err != nil {
		return err
	}
	if *people, err = l.people(); err != nil {
		return err
	}
	config.Seed, config.People, config.Opens, config.Shares, config.Traits = people.Seed, people.Size, people.Opens, people.Shares, people.Traits
	config.Journey, config.Signups, config.Visitors, config.Until = people.Journey, people.Signups, people.Visitors, people.Until
	l.logSecrets(&config)
	if err := config.Check(); err != nil {
		return Refused(err)
	}
	l.Generator = config
	if l.Options.Closed > 0 {
		l.Generator.Closed, l.Generator.ClosedFor, l.Generator.InFlight = l.Options.Closed, people.Last, l.Options.Closed
		l.Generator.Journey.Arrival = -1 // everybody begins with the first step
		return nil
	}
	l.Offered = l.offered()
	l.Generator.Warm = warm(l.Offered.PeakPerMin)
	l.Generator.InFlight = cmp.Or(s.Connections.Most, inFlight(l.Offered.PeakPerMin))
	return nil
}

// inFlight bounds the requests under way at once: four for each person per second of the busiest minute. If
// the service stalls for a second or two, people wait and nobody is dropped. Each request takes a descriptor
// in two processes, and a system often allows 20,000, so there is an upper bound.
func inFlight(peakPerMin int) int { return min(14_000, max(256, peakPerMin/60*4)) }

// warm returns how many connections are opened ahead: as many as the people of 5 ms of the busiest minute,
// or none if few people come.
func warm(peakPerMin int) int { return min(256, peakPerMin/60/200) }
