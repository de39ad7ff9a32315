package journey

import (
	"fmt"

	"github.com/ombak-sim/ombak/journey/expression"
)

// Fact returns what a condition reads about a person: a trait, or the cell of a feeder.
type Fact func(person uint64, of expression.Reading) any

// loopCondition is the number of a step's While among its conditions. Those of branches are numbered from 0.
const loopCondition = -1

// conditions are the compiled conditions of a step.
type conditions struct {
	while *expression.Program
	when  []*expression.Program // by branch; nil if it has none
}

// newConditions compiles the conditions of all steps.
func newConditions(config Config) ([]conditions, error) {
	compiled := make([]conditions, len(config.Steps))
	names := config.names()
	for i, step := range config.Steps {
		if step.Loop != nil && step.Loop.While != "" {
			program, err := expression.Condition(step.Loop.While, names)
			if err != nil {
				return nil, fmt.Errorf("step %s: loop: while: %w", step.Name, err)
			}
			compiled[i].while = program
		}
		for k, branch := range step.Next {
			compiled[i].when = append(compiled[i].when, nil)
			if branch.When == "" {
				continue
			}
			program, err := expression.Condition(branch.When, names)
			if err != nil {
				return nil, fmt.Errorf("step %s: next %d: when: %w", step.Name, k+1, err)
			}
			compiled[i].when[k] = program
		}
	}
	return compiled, nil
}

// names lets a condition read everything but steps that do not exist. The scenario has checked the rest.
func (c Config) names() expression.Names {
	names := expression.Names{Any: true}
	for _, step := range c.Steps {
		names.Steps = append(names.Steps, step.Name)
	}
	return names
}

func (j *Journey) condition(place, number int) *expression.Program {
	if number == loopCondition {
		return j.conditions[place].while
	}
	return j.conditions[place].when[number]
}

// readsGot reports whether a condition depends on an answer.
func (j *Journey) readsGot(place, number int) bool {
	return j.condition(place, number).ReadsAny(expression.Got)
}

// holds evaluates a condition. If it depends on an answer that the driver does not know, it holds with a probability.
func (j *Journey) holds(w *Walk, t *Track, place, number int, share *float64) bool {
	program := j.condition(place, number)
	if t.Got == nil && program.ReadsAny(expression.Got) {
		if share == nil {
			return false
		}
		stream := j.chance.holds.Of(w.Person, j.round(place, int(t.comes[place])-1), number)
		return stream.Chance(*share)
	}
	return program.Holds(&circumstances{j, w, t, place})
}

// circumstances are what a condition may read.
type circumstances struct {
	journey *Journey
	walk    *Walk
	track   *Track
	place   int
}

// Fact implements expression.Facts.
func (c *circumstances) Fact(of expression.Reading) any {
	switch of.Root {
	case expression.Visits:
		for i := range c.journey.config.Steps {
			if c.journey.config.Steps[i].Name == of.Name {
				return int(c.track.visits[i])
			}
		}
	case expression.Round:
		return max(0, int(c.track.visits[c.place])-1)
	case expression.Attempt:
		return int(c.walk.Attempt)
	case expression.Got:
		if c.track.Got != nil {
			return c.track.Got.Value(of.Name)
		}
		return ""
	}
	if c.journey.fact == nil {
		return nil
	}
	return c.journey.fact(c.walk.Person, of)
}
