package setup

import (
	"cmp"

	"github.com/ombak-sim/ombak/loadgen"
)

// Share returns the configuration of one of several generators that play the run together; k counts from 0. Their people
// are those of one generator, each once. Only the first sends the requests before and after the run. Limits of connections,
// requests and people are divided.
func (l *Live) Share(k, n int) loadgen.Config {
	config := l.Generator
	if n <= 1 {
		return config
	}
	config.Part, config.Parts = k, n
	if k > 0 {
		config.Before, config.After = nil, nil
	}
	share := func(whole int) int { return whole*(k+1)/n - whole*k/n }
	peak := (l.Offered.PeakPerMin + n - 1) / n
	config.InFlight = cmp.Or(max(0, share(l.Scenario.Connections.Most)), inFlight(peak))
	config.Warm = warm(peak)
	if l.Options.Closed > 0 {
		config.Closed.People = share(config.Closed.People)
		config.InFlight, config.Warm = config.Closed.People, 0
	}
	if config.MostPeople > 0 {
		config.MostPeople = max(1, share(config.MostPeople))
	}
	return config
}

// CheckShares refuses a number of generators that the run cannot be divided among.
func (l *Live) CheckShares(n int) error {
	for _, whole := range []struct {
		what string
		most int
	}{
		{"people who go round", l.Options.Closed},
		{"requests at a time (connections.most)", l.Scenario.Connections.Most},
		{"people under way (connections.people)", l.Scenario.Connections.People},
	} {
		if whole.most > 0 && whole.most < n {
			return Refuse("%d %s cannot be divided among %d generators; use fewer generators", whole.most, whole.what, n)
		}
	}
	if n > 1 && l.Options.Parts > 0 {
		return Refuse("part and a fleet exclude each other: the fleet divides the people itself; remove part")
	}
	return nil
}
