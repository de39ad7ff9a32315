package simulation

import (
	"iter"
	"reflect"
	"slices"
	"sync"

	"github.com/ombak-sim/ombak/journey"
	"github.com/ombak-sim/ombak/sim"
)

// crowd holds the people of a replication, drawn once for all models that play it. It takes 32 bytes a person
// until the last model has played it.
type crowd struct {
	journey.Crowd
	once   sync.Once
	blocks [][]journey.Caller
}

// callers draws the crowd on the first call; other calls wait until it is drawn.
func (c *crowd) callers() iter.Seq[[]journey.Caller] {
	c.once.Do(func() {
		for block := range c.Blocks() {
			c.blocks = append(c.blocks, slices.Clone(block))
		}
	})
	return slices.Values(c.blocks)
}

// shareCrowds orders the jobs by replication, and gives neighbours one crowd if both have the same people.
func shareCrowds(jobs []*Job, settings Settings) []*Job {
	slices.SortStableFunc(jobs, func(a, b *Job) int { return a.number - b.number })
	var before journey.Crowd
	for i := range jobs {
		config := settings.replication(jobs[i].into.Model.Config, jobs[i].number)
		who := config.Crowd()
		if i > 0 && reflect.DeepEqual(who, before) {
			if jobs[i-1].crowd == nil {
				jobs[i-1].crowd = &crowd{Crowd: who}
			}
			jobs[i].crowd = jobs[i-1].crowd
		}
		before = who
	}
	return jobs
}

// withCallers returns the config with the people of the crowd.
func (c *crowd) withCallers(config sim.Config) sim.Config {
	if c != nil {
		config.Everyone = c.callers()
	}
	return config
}
