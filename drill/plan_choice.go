package drill

import (
	"fmt"
	"strings"

	"github.com/ombak-sim/ombak/report"
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
// be told from it, the cheapest, and then the one with the least waiting.
func choose(c *Comparison, simulations []Simulation) {
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
	c.Best = c.Plans[best].Plan
	c.Why = append(c.Why, c.praise(best, top))
	for i := range c.Plans {
		if i != best {
			c.Why = append(c.Why, c.against(i, best, Paired(simulations[best].Replays, simulations[i].Replays, finished)))
		}
	}
}

func finished(r Replay) float64 { return r.Finished }

func rank(v report.Verdict) int {
	if v == report.Pass {
		return 0
	}
	if v == report.Inconclusive {
		return 1
	}
	return 2
}

// fewer says whether surely fewer people finish under the other plan: the paired interval is below 0.
func fewer(base, other Simulation) bool {
	return surely(Paired(base.Replays, other.Replays, finished)) < 0
}

// surely is the sign of a difference, 0 where its interval holds 0.
func surely(e Estimate) int {
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

// praise says why a plan is the best. Where it is not the one under which most people finish, chance
// may explain that.
func (c Comparison) praise(best, top int) string {
	plan := c.Plans[best]
	group := "of the plans that hold the thresholds"
	if plan.Verdict != report.Pass {
		group = "no plan holds the thresholds; of all"
	}
	text := fmt.Sprintf("%s: %s, most people finish: %s", plan.Plan, group, grouped(plan.Finished.Mean))
	if best != top {
		virtue := "people wait least under it"
		if plan.Cost != nil {
			virtue = "it is the cheapest"
		}
		text = fmt.Sprintf("%s: %s, none surely lets more people finish than its %s, and of those that do as well %s", plan.Plan, group, grouped(plan.Finished.Mean), virtue)
	}
	if plan.Cost != nil {
		text += fmt.Sprintf(", at %s", strings.TrimSpace(grouped(plan.Cost.Mean)+" "+c.Currency))
	}
	return text
}

// against says in one sentence why a plan is not the best, and where it is stuck.
func (c Comparison) against(i, best int, difference Estimate) string {
	plan := c.Plans[i]
	var reason string
	switch sign := surely(difference); {
	case rank(plan.Verdict) > rank(c.Plans[best].Verdict):
		reason = "it does not hold " + brokenThreshold(plan)
	case sign < 0:
		reason = fmt.Sprintf("%s%s fewer people finish than under %s", grouped(-difference.Mean), interval(difference), c.Plans[best].Plan)
	case sign > 0:
		reason = fmt.Sprintf("%s%s more people finish than under %s, but not surely enough to be first", grouped(difference.Mean), interval(difference), c.Plans[best].Plan)
	default:
		reason = fmt.Sprintf("chance may explain that %s%s people finish beyond those under %s", grouped(difference.Mean), interval(difference), c.Plans[best].Plan)
		if plan.Cost != nil && plan.Cost.Mean > c.Plans[best].Cost.Mean {
			reason += fmt.Sprintf(", and it costs %s more", strings.TrimSpace(grouped(plan.Cost.Mean-c.Plans[best].Cost.Mean)+" "+c.Currency))
		}
	}
	if plan.Bottleneck != "" {
		reason += "; " + plan.Bottleneck
	}
	return plan.Plan + ": " + reason
}

func interval(e Estimate) string {
	if e.CI95 == nil || e.CI95[0] == e.CI95[1] {
		return ""
	}
	return " ±" + grouped((e.CI95[1]-e.CI95[0])/2)
}

func brokenThreshold(plan PlanOutcome) string {
	for _, threshold := range plan.Thresholds {
		if threshold.Verdict != report.Pass && threshold.Severity != "warn" {
			if threshold.Reason != "" {
				return threshold.Source + " (" + threshold.Reason + ")"
			}
			return threshold.Source
		}
	}
	return "the books" // an invalid simulation; the report says why
}

// worthTelling is the share of requests turned away that makes a gate a bottleneck.
const worthTelling = 0.01

// muchWaiting is the share of the requests worked off that, still waiting at the end, makes a backlog.
const muchWaiting = 0.1

// hardlyBusy is the share of the run below which the busiest station bounds nothing.
const hardlyBusy = 0.3

// bottleneckOf names what turned most requests away, unless that is next to nothing, where most still
// waited at the end, and the part that was busiest.
func bottleneckOf(s Simulation) string {
	var parts []string
	if len(s.Gates) > 0 {
		gate := s.Gates[0]
		if share := gate.Turned / (gate.Turned + gate.Took); share >= worthTelling {
			parts = append(parts, fmt.Sprintf("%s turned away %s requests, %.0f %% of those that came", gate.Name, grouped(gate.Turned), 100*share))
		}
	}
	for _, gate := range s.Gates {
		if gate.Waiting > muchWaiting*gate.Took {
			parts = append(parts, fmt.Sprintf("%s still waited at %s at the end", grouped(gate.Waiting), gate.Name))
			break
		}
	}
	if s.Busiest.Name != "" && s.Busiest.Share < hardlyBusy && len(parts) == 0 {
		return fmt.Sprintf("no part was short of capacity (%s was busiest, %.0f %% of the run): what people do bounds it", s.Busiest.Name, 100*s.Busiest.Share)
	}
	if s.Busiest.Name != "" {
		parts = append(parts, fmt.Sprintf("%s was busiest, %.0f %% of the run", s.Busiest.Name, 100*s.Busiest.Share))
	}
	return strings.Join(parts, ", and ")
}
