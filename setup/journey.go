package setup

import (
	"slices"
	"strings"

	"github.com/ombak-sim/ombak/journey"
	"github.com/ombak-sim/ombak/journey/expression"
	"github.com/ombak-sim/ombak/population"
	"github.com/ombak-sim/ombak/report/recorder"
	"github.com/ombak-sim/ombak/scenarios"
)

// journeyConfig maps the human half of the steps, and the ways through them.
func (p *Planned) journeyConfig() journey.Config {
	s := p.Scenario
	config := journey.Config{Seed: p.seed(), RetryBudget: s.RetryBudget, Arrival: placeOf(s, s.Arrivals.Step)}
	if s.Arrivals.Closed != nil {
		config.Arrival = -1 // everybody begins with the first step
	}
	for i := range s.Journey {
		config.Steps = append(config.Steps, walkStep(s, &s.Journey[i]))
	}
	ways := s.Ways()
	if len(ways) == 1 && slices.Equal(ways[0].Steps, names(s)) {
		return config
	}
	for _, way := range ways {
		path := journey.Path{Name: way.Name, Share: way.Share}
		for _, name := range way.Steps {
			path.Steps = append(path.Steps, placeOf(s, name))
		}
		config.Journeys = append(config.Journeys, path)
	}
	return config
}

// placeOf returns the place of a step, or -1.
func placeOf(s *scenarios.Scenario, name string) int {
	return slices.IndexFunc(s.Journey, func(step scenarios.Step) bool { return step.Name == name })
}

func names(s *scenarios.Scenario) []string {
	all := make([]string, len(s.Journey))
	for i, step := range s.Journey {
		all[i] = step.Name
	}
	return all
}

func walkStep(s *scenarios.Scenario, step *scenarios.Step) journey.Step {
	mapped := journey.Step{
		Name: step.Name, Kind: step.Kind, Think: step.Think.Distribution, Continue: step.GoesOn(), Timeout: step.Timeout,
		Patience: step.Patience, Every: step.Every,
		Retry: journey.Retry{
			Attempts: step.Retry.Attempts, Base: step.Retry.Base, Cap: step.Retry.Cap, Even: step.Retry.Jitter == "none",
			RetryAfter: step.Retry.RetryAfter, Visits: step.Retry.MostVisits(), Interest: float64(step.Retry.Interest), Return: step.Retry.Return,
		},
		Repeat:   journey.Repeat{Share: float64(step.Repeat.Share), After: step.Repeat.After},
		Typo:     journey.Typo{Share: float64(step.Typo.Share), Fix: step.Typo.Fix},
		Optional: (*float64)(step.Optional), Once: step.Once != "",
	}
	if think := step.Think; think.Feeder != "" {
		mapped.ThinkFrom = &journey.Cell{Feeder: think.Feeder, Column: think.Column, Longest: s.Longest(think)}
	}
	for _, branch := range step.Next {
		to := placeOf(s, branch.To) // none for end
		mapped.Next = append(mapped.Next, journey.Branch{To: to, Share: (*float64)(branch.Share), When: branch.When})
	}
	if loop := step.Loop; loop != nil {
		mapped.Loop = &journey.Loop{
			BackTo: placeOf(s, loop.BackTo), Least: loop.Times.Least, Most: max(loop.Times.Most, loop.Most),
			While: loop.While, Share: (*float64)(loop.Share), Every: loop.Every,
		}
	}
	return mapped
}

// ArrivalSteps returns the step at which arrivals are scheduled, or in a closed loop the first step of each journey.
func (l *Live) ArrivalSteps() []int {
	if config := l.Generator.Journey; config.Arrival < 0 {
		return config.Starts()
	}
	return []int{l.Generator.Journey.Arrival}
}

// Labels returns the groups and tags of the steps.
func (p *Planned) Labels() map[string]recorder.Labels {
	labels := map[string]recorder.Labels{}
	for _, step := range p.Scenario.Journey {
		labels[step.Name] = recorder.Labels{Group: step.Group, Tags: step.Tags}
	}
	return labels
}

// checkConditions returns a condition that reads what people do not have.
func (p *Planned) checkConditions() error {
	for _, condition := range p.Scenario.Conditions() {
		for _, read := range condition.Program.Reads() {
			if read.Root == expression.Person && !slices.Contains(population.FactNames(), read.Name) {
				return conditionFault{condition.Path, Refuse("step %s: %q reads %s, which people do not have; they have %s", condition.Step, condition.Source, read, strings.Join(population.FactNames(), ", "))}
			}
		}
	}
	return nil
}

// conditionFault is a wrong condition and its place in the file.
type conditionFault struct {
	path string
	err  error
}

func (f conditionFault) Error() string { return f.err.Error() }
func (f conditionFault) Unwrap() error { return f.err }

// checkShares refuses to simulate conditions whose outcome only an answer of the service could tell.
func (p *Planned) checkShares() error {
	if steps := p.Scenario.Unshared(); len(steps) > 0 {
		return Refuse("step %s of scenario %s has a condition on an answer (got), so it cannot be simulated; add share beside it, the probability that it holds, or replay it", steps[0], p.Scenario.Name)
	}
	return nil
}
