package journey

import (
	"slices"
	"time"

	"github.com/ombak-sim/ombak/workload"
)

// leadQuantile is the quantile at which think times before the scheduled step are cut, so that these steps lie at most a
// bounded time ahead.
const leadQuantile = 0.999

// path is a compiled Path.
type path struct {
	steps  []int
	after  []int           // by step: the one that follows it, or End
	start  int             // place in steps of the one at which arrivals are scheduled
	until  float64         // share of the people of this path and those before it
	thinks []time.Duration // by place, up to start: longest think time
	fix    time.Duration   // longest time to mend a typing error before the scheduled instant
}

func newPaths(config Config) []path {
	journeys := config.Journeys
	if len(journeys) == 0 {
		whole := Path{Share: 1}
		for step := range config.Steps {
			whole.Steps = append(whole.Steps, step)
		}
		journeys = []Path{whole}
	}
	paths := make([]path, len(journeys))
	until := 0.0
	for i, described := range journeys {
		until += described.Share
		paths[i] = newPath(config, described.Steps)
		paths[i].until = until
	}
	return paths
}

func newPath(config Config, steps []int) path {
	p := path{steps: steps, after: make([]int, len(config.Steps)), start: max(0, slices.Index(steps, config.Arrival))}
	for step := range p.after {
		p.after[step] = End
	}
	for i, step := range steps {
		if i > 0 {
			p.after[steps[i-1]] = step
		}
		if i <= p.start {
			p.thinks = append(p.thinks, config.Steps[step].longestThink())
		}
	}
	p.fix = config.Steps[steps[p.start]].Typo.Fix.Quantile(leadQuantile)
	return p
}

// longestThink returns the think time that nearly nobody exceeds.
func (s *Step) longestThink() time.Duration {
	if s.ThinkFrom != nil {
		return s.ThinkFrom.Longest
	}
	return s.Think.Quantile(leadQuantile)
}

// lead returns the longest scenario time between the first action and the scheduled instant.
func (p *path) lead() time.Duration {
	lead := p.fix
	for _, think := range p.thinks[1:] {
		lead += think
	}
	return lead
}

// pastArrival returns which steps lie at or before the scheduled one on no path.
func pastArrival(steps int, paths []path) []bool {
	past := make([]bool, steps)
	for step := range past {
		past[step] = true
	}
	for _, p := range paths {
		for _, step := range p.steps[:p.start+1] {
			past[step] = false
		}
	}
	return past
}

// pathOf draws the journey to which a person belongs.
func (j *Journey) pathOf(person uint64) int {
	if len(j.paths) == 1 {
		return 0
	}
	stream := j.chance.belongs.Of(person, 0, 0)
	u := stream.Float64()
	for i := range j.paths[:len(j.paths)-1] {
		if u < j.paths[i].until {
			return i
		}
	}
	return len(j.paths) - 1
}

// IsLine reports whether there is one journey, which takes every step once and in order.
func (c Config) IsLine() bool {
	if len(c.Journeys) > 1 {
		return false
	}
	for _, path := range c.Journeys {
		for i, step := range path.Steps {
			if i != step {
				return false
			}
		}
		if len(path.Steps) != len(c.Steps) {
			return false
		}
	}
	return !slices.ContainsFunc(c.Steps, Step.forks)
}

// Starts returns the steps at which arrivals are scheduled, each once: that of each journey.
func (c Config) Starts() []int {
	var starts []int
	for _, p := range newPaths(c) {
		if step := p.steps[p.start]; !slices.Contains(starts, step) {
			starts = append(starts, step)
		}
	}
	return starts
}

// forks reports whether people may come to the step and go on from it in more than one way.
func (s Step) forks() bool { return s.Optional != nil || s.Once || s.Loop != nil || len(s.Next) > 0 }

// round returns the key of a step's streams in a round.
func (j *Journey) round(step, round int) workload.Purpose { return j.keys[step].Round(round) }
