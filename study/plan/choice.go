package plan

import (
	"slices"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/study/simulation"
)

// markFront marks the plans that no other one dominates: in cost, people who finish and time waited,
// by their means.
func markFront(plans []PlanOutcome) {
	for i := range plans {
		plans[i].Pareto = true
		for k := range plans {
			if k != i && dominates(plans[k], plans[i]) {
				plans[i].Pareto = false
			}
		}
	}
}

// dominates says whether a is nowhere worse than b and somewhere better.
func dominates(a, b PlanOutcome) bool {
	goals := func(o PlanOutcome) []float64 {
		all := []float64{-o.Finished.Mean, o.WaitedMin.Mean}
		if o.Cost != nil {
			all = append(all, o.Cost.Mean)
		}
		return all
	}
	better, mine, other := false, goals(a), goals(b)
	for i := range mine {
		if mine[i] > other[i] {
			return false
		}
		better = better || mine[i] < other[i]
	}
	return better
}

// choose names the best plan and says why each other one is not: of the plans that hold the
// thresholds, or of all where none does, that under which most people finish; of those that cannot
// be told from it, the cheapest, and then the one with the least waiting. One replication tells plans apart
// by their figures alone, and says so.
func choose(c *Comparison, simulations []simulation.Result) {
	if len(c.Plans) == 0 {
		return
	}
	best := 0
	for i, plan := range c.Plans {
		held, ahead := rank(plan.Verdict), rank(c.Plans[best].Verdict)
		if held < ahead || held == ahead && plan.Finished.Mean > c.Plans[best].Finished.Mean {
			best = i
		}
	}
	top := best
	for i, plan := range c.Plans {
		if rank(plan.Verdict) == rank(c.Plans[top].Verdict) && !fewer(simulations[top], simulations[i]) && thriftier(plan, c.Plans[best]) {
			best = i
		}
	}
	var equals []int // of the plans that were to choose from, all but the best
	for i, plan := range c.Plans {
		if i != best && rank(plan.Verdict) == rank(c.Plans[top].Verdict) && !fewer(simulations[top], simulations[i]) {
			equals = append(equals, i)
		}
	}
	c.Best = c.Plans[best].Plan
	c.Why = append(c.Why, c.reasonFor(best, top, equals))
	for i := range c.Plans {
		if i != best {
			c.Why = append(c.Why, c.reasonAgainst(i, best, top, slices.Contains(equals, i), Paired(simulations[best].Replications, simulations[i].Replications, finished)))
		}
	}
	if len(c.Plans) > 1 && !c.repeated() {
		c.Why = append(c.Why, "chance cannot be judged by one replication: play more (--replications) to see which differences are sure")
	}
}

// repeated says whether the figures have intervals.
func (c Comparison) repeated() bool { return c.Plans[0].Finished.CI95 != nil }

func finished(r simulation.Replication) float64 { return r.Finished }

func rank(v report.Verdict) int {
	if v == report.Pass {
		return 0
	}
	if v == report.Inconclusive {
		return 1
	}
	return 2
}

// fewer says whether fewer people finish under the other plan; see [apart].
func fewer(base, other simulation.Result) bool {
	return apart(Paired(base.Replications, other.Replications, finished)) < 0
}

// apart is the sign of a difference, 0 where its interval holds 0. One replication has no interval: nothing
// is sure then, which [choose] says, and the figures themselves decide.
func apart(e Estimate) int {
	low, high := e.Mean, e.Mean
	if e.CI95 != nil {
		low, high = e.CI95[0], e.CI95[1]
	}
	switch {
	case low > 0:
		return 1
	case high < 0:
		return -1
	}
	return 0
}

func thriftier(a, b PlanOutcome) bool {
	if a.Cost != nil && b.Cost != nil && a.Cost.Mean != b.Cost.Mean {
		return a.Cost.Mean < b.Cost.Mean
	}
	return a.WaitedMin.Mean < b.WaitedMin.Mean
}
