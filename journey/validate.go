package journey

import (
	"fmt"
	"math"
)

// mostPaths is the most journeys of a run.
const mostPaths = 200

// Validate returns the first fault in the configuration.
func (c Config) Validate() error {
	if len(c.Steps) == 0 || len(c.Steps) > math.MaxInt16 {
		return fmt.Errorf("journey: %d steps; give 1 to %d", len(c.Steps), math.MaxInt16)
	}
	if err := c.validatePaths(); err != nil {
		return fmt.Errorf("journey: %w", err)
	}
	for i := range c.Steps {
		if err := c.validateForks(&c.Steps[i]); err != nil {
			return fmt.Errorf("journey: step %s: %w", c.Steps[i].Name, err)
		}
	}
	if _, err := newConditions(c); err != nil {
		return fmt.Errorf("journey: %w", err)
	}
	return nil
}

func (c Config) validatePaths() error {
	if len(c.Journeys) > mostPaths {
		return fmt.Errorf("%d journeys; give %d at most", len(c.Journeys), mostPaths)
	}
	total := 0.0
	for _, path := range c.Journeys {
		if total += path.Share; !(path.Share >= 0) {
			return fmt.Errorf("%s has the share %v", path.Name, path.Share)
		}
		seen := make([]bool, len(c.Steps))
		for _, step := range path.Steps {
			if !c.has(step) || seen[step] {
				return fmt.Errorf("%s has a step that does not exist, or one twice", path.Name)
			}
			seen[step] = true
		}
		if len(path.Steps) == 0 {
			return fmt.Errorf("%s has no step", path.Name)
		}
	}
	if len(c.Journeys) > 0 && math.Abs(total-1) > 1e-6 {
		return fmt.Errorf("the shares of the journeys add up to %v, not 1", total)
	}
	return nil
}

func (c Config) has(step int) bool { return step >= 0 && step < len(c.Steps) }

func (c Config) validateForks(step *Step) error {
	if loop := step.Loop; loop != nil && (!c.has(loop.BackTo) || loop.Most < 1 || loop.Least > loop.Most || loop.Most > mostRounds) {
		return fmt.Errorf("the loop goes back to a step that does not exist, or has no number of rounds")
	}
	for _, branch := range step.Next {
		if branch.To != End && !c.has(branch.To) {
			return fmt.Errorf("a branch leads to a step that does not exist")
		}
	}
	return nil
}
