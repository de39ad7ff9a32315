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

// Best states how the best plan is chosen.
const Best = "the best plan is the one under which the most people finish; of those that do as well (not significantly " +
	"fewer), one that meets all thresholds, then the cheapest, then the one with the least waiting"

// choose finds the best plan, as [Best] says, and explains why each other plan is not the best. A plan whose thresholds
// were never decided does not count as meeting them, nor as better than one that broke them. With a single replication
// the figures alone decide, and the explanation says so.
func choose(c *Comparison, simulations []simulation.Result) {
	if len(c.Plans) == 0 {
		return
	}
	top := -1
	for i, plan := range c.Plans {
		if !c.isOut(i) && (top < 0 || plan.Finished.Mean > c.Plans[top].Finished.Mean) {
			top = i
		}
	}
	var equals []int // the plans that do as well as the top
	best := top
	for i, plan := range c.Plans {
		if c.isOut(i) || fewer(simulations[top], simulations[i]) {
			continue
		}
		equals = append(equals, i)
		if meets, does := plan.Verdict == report.Pass, c.Plans[best].Verdict == report.Pass; meets != does && meets || meets == does && cheaper(plan, c.Plans[best]) {
			best = i
		}
	}
	equals = slices.DeleteFunc(equals, func(i int) bool { return i == best })
	c.Best = c.Plans[best].Plan
	c.Why = append(c.Why, c.reasonFor(best, top, equals))
	for i := range c.Plans {
		if i != best {
			c.Why = append(c.Why, c.reasonAgainst(i, best, top, slices.Contains(equals, i), Paired(simulations[best].Replications, simulations[i].Replications, finished)))
		}
	}
	c.Why = append(c.Why, c.undecided()...)
	if len(c.Plans) > 1 && !c.repeated() {
		c.Why = append(c.Why, "one replication cannot show what is due to chance: play more (--replications) to see which differences are significant")
	}
}

// isOut reports whether a contest has shown that another plan is better.
func (c Comparison) isOut(i int) bool { return c.out != nil && c.out[i] }

// repeated reports whether the figures have intervals.
func (c Comparison) repeated() bool { return c.Plans[0].Finished.CI95 != nil }

func finished(r simulation.Replication) float64 { return r.Finished }

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
