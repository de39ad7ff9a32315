package plan

import (
	"context"

	"github.com/ombak-sim/ombak/study/simulation"
)

// Looked is what a look at a contest has shown.
type Looked struct {
	Replications int      // of the plans that were still in it
	GoOn         []string // plans that need more
	Runs         int      // that these need until the next look
	Settled      bool
}

// Decide plays the plans of a study until the rule tells them apart, and compares them. It calls told, unless it is nil,
// after every look.
func Decide(ctx context.Context, study simulation.Study, rule Rule, told func(Looked)) (Comparison, error) {
	contest := NewContest(rule, len(study.Models))
	results, err := study.PlayLooks(ctx, rule.Looks, func(played [][]simulation.Replication) []bool {
		on := contest.Look(finishedOf(played))
		if told != nil {
			told(contest.told(study, on))
		}
		return on
	})
	if err != nil {
		return Comparison{}, err
	}
	return CompareDecided(results, contest), nil
}

// told returns what the latest look has shown.
func (c *Contest) told(study simulation.Study, on []bool) Looked {
	looked := Looked{Replications: c.Looks[c.looked-1], Settled: c.Settled}
	if c.looked == len(c.Looks) {
		return looked
	}
	for i, goes := range on {
		if goes {
			looked.GoOn = append(looked.GoOn, study.Models[i].Scenario.Plan())
			looked.Runs += c.Looks[c.looked] - looked.Replications
		}
	}
	return looked
}
