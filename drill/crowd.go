package drill

import (
	"iter"
	"reflect"
	"slices"
	"sync"

	"github.com/ombak-sim/ombak/journey"
	"github.com/ombak-sim/ombak/sim"
)

// crowd is who comes to a replication, drawn once for all runs of it: 32 bytes a person, for as long as
// any of them is still to be played.
type crowd struct {
	journey.Crowd
	once   sync.Once
	blocks [][]journey.Caller
}

// everyone draws the crowd where nobody has. Whoever asks meanwhile waits.
func (c *crowd) everyone() iter.Seq[[]journey.Caller] {
	c.once.Do(func() {
		for block := range c.Blocks() {
			c.blocks = append(c.blocks, slices.Clone(block))
		}
	})
	return slices.Values(c.blocks)
}

// sharing puts the jobs of one replication together, and gives those that follow each other one crowd
// where the same people come to their runs.
func sharing(jobs []job, how Simulating) []job {
	slices.SortStableFunc(jobs, func(a, b job) int { return a.number - b.number })
	var before journey.Crowd
	for i := range jobs {
		config := jobs[i].run.replication(jobs[i].number, how)
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

// among lets those come who were drawn before.
func (c *crowd) among(config sim.Config) sim.Config {
	if c != nil {
		config.Everyone = c.everyone()
	}
	return config
}
