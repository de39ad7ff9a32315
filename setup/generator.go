package setup

import (
	"cmp"
	"runtime"
	"slices"

	"github.com/ombak-sim/ombak/journey"
	"github.com/ombak-sim/ombak/loadgen"
	"github.com/ombak-sim/ombak/scenarios"
)

// generator maps the scenario to the load generator's configuration. Known lists the targets whose
// addresses are filled in later, when their parts are ready.
func (l *Live) generator(known []string) error {
	s, people := l.Scenario, &l.People
	config := loadgen.Config{
		PhotoBytes: s.Population.PhotoBytes, Targets: map[string]string{}, Vars: l.vars(), RunID: l.Options.RunID, Fresh: l.fresh(),
		Shards: max(1, runtime.NumCPU()/2), Part: l.Options.Part, Parts: l.Options.Parts,
		Portable: l.Options.Portable, Feeders: feeders(s), Files: files(s), Cookies: s.Cookies, MostPeople: s.Connections.People, Connections: l.connections(),
	}
	var err error
	if config.Requests, err = requests(s); err != nil {
		return err
	}
	if err := l.outside(&config); err != nil {
		return err
	}
	if err := l.checkVars(config); err != nil {
		return err
	}
	if err := l.targets(config.Targets, known); err != nil {
		return err
	}
	if *people, err = l.people(); err != nil {
		return err
	}
	config.Seed, config.People, config.Opens, config.Shares, config.Traits = people.Seed, people.Size, people.Opens, people.Shares, people.Traits
	config.Locale = people.Locale
	config.Journey, config.Signups, config.Visitors, config.Until = people.Journey, people.Signups, people.Visitors, people.Until
	if l.Service != nil {
		config.Journey.Steps = signingUp(l.Scenario, config.Journey.Steps)
	}
	if err := l.checkIdentity(); err != nil {
		return err
	}
	if config.Turns, err = l.turns(); err != nil {
		return err
	}
	config.Acted = len(config.Turns) > 0
	if config.Acted {
		if err := l.MayTurn(); err != nil {
			return err
		}
	}
	l.logSecrets(&config)
	if err := config.Check(); err != nil {
		return Refused(err)
	}
	l.Generator = config
	if l.Options.Closed > 0 {
		l.Generator.Closed, l.Generator.InFlight = l.closed(), l.Options.Closed
		l.Generator.Journey.Arrival = -1 // everybody begins with the first step
		return nil
	}
	l.Offered = l.offered()
	l.Generator.Warm = warm(l.Offered.PeakPerMin)
	l.Generator.InFlight = cmp.Or(s.Connections.Most, inFlight(l.Offered.PeakPerMin))
	return nil
}

// signingUp marks the steps after which the reference backend keeps people.
func signingUp(s *scenarios.Scenario, steps []journey.Step) []journey.Step {
	steps = slices.Clone(steps)
	for i := range steps {
		steps[i].SignsUp = s.Journey[i].Request.SignsUp()
	}
	return steps
}

// fresh reports whether people have e-mail addresses and phone numbers of this run alone.
func (l *Live) fresh() bool {
	identity := l.Scenario.Population.Identity
	return identity == scenarios.IdentityFresh || identity == "" && l.Options.Fresh
}

// checkIdentity refuses fresh identities where they cannot be told from others'.
func (l *Live) checkIdentity() error {
	switch {
	case !l.fresh():
		return nil
	case l.Service != nil:
		return Refuse("population.identity is fresh, but this run starts the reference backend with an empty store, whose rows are counted " +
			"by the people of the seed; remove identity: fresh, or give --target")
	case l.Options.Parts > 0 && !l.Options.RunIDGiven:
		return Refuse("population.identity is fresh and the run has %d parts; give all of them the same --run-id", l.Options.Parts)
	}
	return nil
}

// inFlight bounds the requests under way at once: four for each person per second of the busiest minute. If
// the service stalls for a second or two, people wait and nobody is dropped. A small load may time out altogether: the
// lower bound is the people of the usual timeout of ten seconds at 100 per second, so that an overloaded service shows
// timeouts and not a generator at its limit. Each request takes a descriptor in two processes, and a system often allows
// 20,000, so there is an upper bound.
func inFlight(peakPerMin int) int { return min(14_000, max(1024, peakPerMin/60*4)) }

// warm returns how many connections are opened ahead: as many as the people of 5 ms of the busiest minute,
// or none if few people come.
func warm(peakPerMin int) int { return min(256, peakPerMin/60/200) }
