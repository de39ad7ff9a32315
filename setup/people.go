package setup

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/ombak-sim/ombak/journey"
	"github.com/ombak-sim/ombak/population"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/workload"
)

// People defines who comes, when, and how they walk. A replay and a simulation share it.
type People struct {
	Seed     workload.Seed
	Size     uint64 // of the population that people are drawn from
	Opens    time.Time
	Shares   population.Shares
	Locale   population.Locale
	Traits   []population.Traits // per step: people whose first attempt holds a typing error
	Journey  journey.Config
	Signups  workload.Arrivals // people who walk the journey
	Visitors workload.Arrivals // people who take the first step and go
	First    time.Duration     // real time of the first instant that counts
	Last     time.Duration     // real time after which nobody comes
	Until    time.Duration     // real time after which the run ends
}

// Clock returns the clock that maps real time to scenario time.
func (p People) Clock() workload.Clock { return p.Journey.Clock }

// crowd returns who comes.
func (p People) crowd() journey.Crowd {
	return journey.Crowd{
		Seed: p.Seed, People: p.Size, Signups: p.Signups, Visitors: p.Visitors,
		Clock: p.Clock(), Lead: journey.New(p.Journey, nil, nil).Lead(),
	}
}

// fact returns what conditions read about a person.
func (p *Planned) fact(people People) journey.Fact {
	return journey.NewFact(people.Seed, people.Size, feeders(p.Scenario), population.New(people.Seed, people.Opens, people.Shares).In(people.Locale).Fact)
}

// The streams of arrivals of a scenario.
var (
	signupsPurpose  = workload.NewPurpose("arrivals/signups")
	visitorsPurpose = workload.NewPurpose("arrivals/visitors")
)

// people maps who comes, when, and how they walk.
func (p *Planned) people() (People, error) {
	s := p.Scenario
	people := People{Seed: p.seed(), Size: s.Population.Size, Opens: s.Opens, Locale: population.Locale(s.Population.Locale)}
	var err error
	if people.Shares, err = p.shares(); err != nil {
		return people, err
	}
	if people.Traits, err = p.typoTraits(); err != nil {
		return people, err
	}
	people.Journey = p.journeyConfig()
	signups, visitors := s.Arrivals.Bins()
	signupCurve, visitorCurve := s.Arrivals.Curves()
	people.Signups, people.Visitors = p.stream(signups, signupCurve, signupsPurpose), p.stream(visitors, visitorCurve, visitorsPurpose)
	end := max(signups.Duration(), visitors.Duration())
	if p.Options.To > 0 {
		end = min(end, p.Options.To)
	}
	if p.Options.From >= end {
		return people, Refuse("the window begins at %v, but the arrivals of scenario %s end at %v", p.Options.From, s.Name, end)
	}
	if err := p.checkPeople(); err != nil {
		return people, err
	}
	people.Journey.Clock = p.clock(people, end)
	people.First, people.Last = people.Clock().Real(p.Options.From), people.Clock().Real(end)
	people.Until = people.Last + s.Drain
	return people, nil
}

// checkPeople refuses a scale at which more people come than the population has.
func (p *Planned) checkPeople() error {
	s, scale := p.Scenario, p.Options.Scale
	if people := s.Arrivals.People() * scale; scale > 1 && people > float64(s.Population.Size) {
		return Refuse("at scale %v %.0f people arrive, but the population has only %d; lower the scale, or raise population.size", scale, people, s.Population.Size)
	}
	return nil
}

func (p *Planned) seed() workload.Seed { return workload.Seed{Value: p.Scenario.Seed} }

func (p *Planned) stream(bins workload.Bins, curve workload.Curve, purpose workload.Purpose) workload.Arrivals {
	return workload.Arrivals{
		Seed: p.seed(), Purpose: purpose, Bins: bins, Mode: p.Scenario.Arrivals.Mode,
		Scale: p.Options.Scale, From: p.Options.From, To: p.Options.To,
		Curve: curve, Random: p.Scenario.Arrivals.Totals == "random", Renewal: renewal(p.Scenario),
	}
}

// renewal returns the gaps between people, or nil if the arrivals are placed in another way.
func renewal(s *scenarios.Scenario) *workload.Distribution {
	if s.Arrivals.Renewal.IsZero() {
		return nil
	}
	gaps := s.Arrivals.Renewal
	return &gaps
}

// shares reads the population's shares by the names that package population gives them.
func (p *Planned) shares() (population.Shares, error) {
	var shares population.Shares
	plain := map[string]float64{}
	for name, share := range p.Scenario.Population.Shares {
		plain[name] = float64(share)
	}
	text, err := json.Marshal(plain)
	if err != nil {
		return shares, err
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&shares); err != nil {
		return shares, Refuse("population.shares: %v; the traits are those of package population, which ombak scenario schema lists", err)
	}
	if err := shares.Validate(); err != nil {
		return shares, Refuse("population.shares: %w", err)
	}
	return shares, nil
}

// typoTraits returns for each step the trait whose bearers mistype their first attempt.
func (p *Planned) typoTraits() ([]population.Traits, error) {
	traits := make([]population.Traits, len(p.Scenario.Journey))
	for i, step := range p.Scenario.Journey {
		if step.Typo.Trait == "" {
			continue
		}
		for bit := 0; bit < 32 && traits[i] == 0; bit++ {
			if trait := population.Traits(1) << bit; trait.String() == step.Typo.Trait {
				traits[i] = trait
			}
		}
		if traits[i] == 0 {
			return nil, Refuse("step %s: people have no trait %q; mistyped_nik is one", step.Name, step.Typo.Trait)
		}
	}
	return traits, nil
}
