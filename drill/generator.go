package drill

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"runtime"
	"strings"

	"github.com/ombak-sim/ombak/journey"
	"github.com/ombak-sim/ombak/loadgen"
	"github.com/ombak-sim/ombak/population"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/workload"
)

// The streams of arrivals of a scenario.
var (
	signupsPurpose  = workload.NewPurpose("arrivals/signups")
	visitorsPurpose = workload.NewPurpose("arrivals/visitors")
)

// generatorConfig maps the scenario to the load generator's configuration. Known names targets
// whose addresses are filled in once their parts are ready.
func (r *Run) generatorConfig(known []string) error {
	s := r.Scenario
	config := loadgen.Config{
		PhotoBytes: s.Population.PhotoBytes, Targets: map[string]string{}, Vars: r.vars(),
		Shards: max(1, runtime.NumCPU()/2), Part: r.Options.Part, Parts: r.Options.Parts,
		Feeders: feeders(s), Files: files(s), Cookies: s.Cookies, MostPeople: s.Connections.People, Connections: r.connections(),
	}
	var err error
	if config.Requests, err = requests(s); err != nil {
		return err
	}
	if err := r.checkVars(config.Requests); err != nil {
		return err
	}
	if err := r.targets(config.Targets, known); err != nil {
		return err
	}
	if err := r.peopleConfig(&config); err != nil {
		return err
	}
	if err := config.Check(); err != nil {
		return refusal{err}
	}
	if r.Options.Closed > 0 {
		config.Closed, config.ClosedFor, config.InFlight = r.Options.Closed, r.lastly, r.Options.Closed
		config.Journey.Arrival = 0
		r.Generator = config
		return nil
	}
	r.Generator = config
	r.Offered = r.offer()
	r.Generator.Warm = warm(r.Offered.PeakPerMin)
	r.Generator.InFlight = cmp.Or(s.Connections.Most, inFlight(r.Offered.PeakPerMin))
	return nil
}

// peopleConfig maps who comes, when, and how they walk: what a replay and a simulation share.
func (r *Run) peopleConfig(config *loadgen.Config) error {
	s := r.Scenario
	config.Seed, config.People, config.Opens = r.seed(), s.Population.Size, s.Opens
	var err error
	if config.Shares, err = r.shares(); err != nil {
		return err
	}
	if config.Traits, err = r.typoTraits(); err != nil {
		return err
	}
	config.Journey = r.journeyConfig()
	signups, visitors := s.Arrivals.Bins()
	signupCurve, visitorCurve := s.Arrivals.Curves()
	config.Signups, config.Visitors = r.stream(signups, signupCurve, signupsPurpose), r.stream(visitors, visitorCurve, visitorsPurpose)
	end := max(signups.Duration(), visitors.Duration())
	if r.Options.To > 0 {
		end = min(end, r.Options.To)
	}
	if r.Options.From >= end {
		return refuse("the window begins at %v, but the arrivals of scenario %s end at %v", r.Options.From, s.Name, end)
	}
	config.Journey.Clock = r.clock(*config, end)
	r.arrivals, r.lastly = config.Journey.Clock.Real(r.Options.From), config.Journey.Clock.Real(end)
	config.Until = r.lastly + s.Drain
	return nil
}

// inFlight bounds the requests under way at once: two seconds of the busiest minute's people, for
// each of whom several requests may wait, and a second of as many requests as two cores answer: where
// all stands still for that long, people wait and nobody is dropped. Each is a file of two processes, of
// which a system often allows 20,000.
func inFlight(peakPerMin int) int { return min(14_000, max(256, peakPerMin/60*4)) }

// warm is how many connections are opened ahead: as many as 5 ms of the busiest minute's people need,
// if each holds one so long; none where few come.
func warm(peakPerMin int) int { return min(256, peakPerMin/60/200) }

func (r *Run) seed() workload.Seed { return workload.Seed{Value: r.Scenario.Seed} }

func (r *Run) stream(bins workload.Bins, curve workload.Curve, purpose workload.Purpose) workload.Arrivals {
	return workload.Arrivals{
		Seed: r.seed(), Purpose: purpose, Bins: bins, Mode: r.Scenario.Arrivals.Mode,
		Scale: orOne(r.Options.Scale), From: r.Options.From, To: r.Options.To,
		Curve: curve, Random: r.Scenario.Arrivals.Totals == "random",
	}
}

// shares reads the population's shares by the names that package population gives them.
func (r *Run) shares() (population.Shares, error) {
	var shares population.Shares
	plain := map[string]float64{}
	for name, share := range r.Scenario.Population.Shares {
		plain[name] = float64(share)
	}
	text, err := json.Marshal(plain)
	if err != nil {
		return shares, err
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&shares); err != nil {
		return shares, refuse("population.shares: %v; ombak scenario schema lists nothing else than the traits of package population", err)
	}
	if err := shares.Validate(); err != nil {
		return shares, refuse("population.shares: %w", err)
	}
	return shares, nil
}

// typoTraits returns for each step the trait whose bearers mistype their first attempt.
func (r *Run) typoTraits() ([]population.Traits, error) {
	traits := make([]population.Traits, len(r.Scenario.Journey))
	for i, step := range r.Scenario.Journey {
		if step.Typo.Trait == "" {
			continue
		}
		for bit := 0; bit < 32 && traits[i] == 0; bit++ {
			if trait := population.Traits(1) << bit; trait.String() == step.Typo.Trait {
				traits[i] = trait
			}
		}
		if traits[i] == 0 {
			return nil, refuse("step %s: people have no trait %q; mistyped_nik is one", step.Name, step.Typo.Trait)
		}
	}
	return traits, nil
}

func (r *Run) journeyConfig() journey.Config {
	config := journey.Config{Seed: r.seed(), RetryBudget: r.Scenario.RetryBudget}
	for i, step := range r.Scenario.Journey {
		if step.Name == r.Scenario.Arrivals.Step {
			config.Arrival = i
		}
		config.Steps = append(config.Steps, journey.Step{
			Name: step.Name, Kind: step.Kind, Think: step.Think, Continue: step.GoesOn(), Timeout: step.Timeout,
			Patience: step.Patience, Every: step.Every,
			Retry: journey.Retry{
				Attempts: step.Retry.Attempts, Base: step.Retry.Base, Cap: step.Retry.Cap, Even: step.Retry.Jitter == "none",
				RetryAfter: step.Retry.RetryAfter, Visits: step.Retry.Visits, Return: step.Retry.Return,
			},
			Repeat: journey.Repeat{Share: float64(step.Repeat.Share), After: step.Repeat.After},
			Typo:   journey.Typo{Share: float64(step.Typo.Share), Fix: step.Typo.Fix},
		})
	}
	return config
}

// requests maps the live half of every step.
func requests(s *scenarios.Scenario) ([]loadgen.Request, error) {
	mapped := make([]loadgen.Request, len(s.Journey))
	for i, step := range s.Journey {
		if step.Request == nil {
			return nil, refuse("step %s of scenario %s has no request, so it cannot be replayed; add one, or simulate it", step.Name, s.Name)
		}
		request := step.Request
		mapped[i] = loadgen.Request{
			Target: request.Target, Method: request.Method, Path: request.Path, Headers: request.Headers,
			Text: request.Text, Multipart: request.Multipart, Extract: map[string]loadgen.Extract{},
			Completed: step.Expect.Completed, Declined: step.Expect.Declined, Rejected: step.Expect.Rejected, Pending: step.Expect.Pending,
			Silent: step.Leave == "silent",
		}
		if look := request.Look; look != nil {
			mapped[i].Look = &loadgen.Look{Method: cmp.Or(look.Method, "GET"), Path: look.Path}
		}
		for _, check := range step.Expect.Checks {
			mapped[i].Checks = append(mapped[i].Checks, loadgen.Check{Extract: loadgen.Extract(check.Extract), Equals: check.Equals, Contains: check.Contains})
		}
		for name, extract := range request.Extract {
			mapped[i].Extract[name] = loadgen.Extract(extract)
		}
		if request.JSON != nil {
			text, err := plainJSON(request.JSON)
			if err != nil {
				return nil, fmt.Errorf("step %s: json: %w", step.Name, err)
			}
			mapped[i].JSON = text
		}
	}
	return mapped, nil
}

// plainJSON writes a value without the escapes meant for HTML, which would break templates.
func plainJSON(value any) (string, error) {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(value)
	return strings.TrimSpace(buffer.String()), err
}
