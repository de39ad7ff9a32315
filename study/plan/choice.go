package plan

import (
	"slices"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/study/simulation"
)

// markFront marks the plans that no other plan dominates in mean cost, people who finish and waiting time.
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

// dominates reports whether a is nowhere worse than b and somewhere better.
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

// choose finds the best plan and explains why each other plan is not the best. It compares the plans that
// meet the thresholds, or all plans if none does. The plan under which the most people finish wins. If other
// plans do not differ significantly from it, the cheapest of them wins, and then the one with the least
// waiting. With a single replication the figures alone decide, and the explanation says so.
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
		if rank(plan.Verdict) == rank(c.Plans[top].Verdict) && !fewer(simulations[top], simulations[i]) && cheaper(plan, c.Plans[best]) {
			best = i
		}
	}
	var equals []int // the candidates, without the best plan
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
		c.Why = append(c.Why, "one replication cannot show what is due to chance: play more (--replications) to see which differences are significant")
	}
}

// repeated reports whether the figures have intervals.
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

// fewer reports whether significantly fewer people finish under the other plan; see [significantSign].
func fewer(base, other simulation.Result) bool {
	return significantSign(Paired(base.Replications, other.Replications, finished)) < 0
}

// significantSign returns the sign of a difference, or 0 if its interval contains 0. A single replication has
// no interval: the sign of the figure itself counts then.
func significantSign(e Estimate) int {
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

func cheaper(a, b PlanOutcome) bool {
	if a.Cost != nil && b.Cost != nil && a.Cost.Mean != b.Cost.Mean {
		return a.Cost.Mean < b.Cost.Mean
	}
	return a.WaitedMin.Mean < b.WaitedMin.Mean
}
