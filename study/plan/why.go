package plan

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/study/simulation"
	"github.com/ombak-sim/ombak/units"
)

// reasonFor explains in one sentence why a plan is the best: no other plan lets as many people finish, or it wins the
// tie with its equals by the thresholds, its cost or the waiting.
func (c Comparison) reasonFor(best, top int, equals []int) string {
	plan := c.Plans[best]
	lead := plan.Plan + " is best: no other plan"
	if plan.Verdict == report.Pass {
		lead = plan.Plan + " is best: it meets the thresholds, and no other plan"
	}
	alike := slices.ContainsFunc(equals, func(i int) bool { return c.Plans[i].Finished.Mean >= plan.Finished.Mean })
	text := fmt.Sprintf("%s lets as many people finish (%s)", lead, units.Amount(plan.Finished.Mean))
	if best != top || alike {
		more := "more"
		if best != top && c.repeated() {
			more = "significantly more"
		}
		text = fmt.Sprintf("%s lets %s people finish (%s); %s", lead, more, units.Amount(plan.Finished.Mean), c.tieBreak(plan, equals))
	}
	if plan.Cost != nil {
		text += fmt.Sprintf(", at %s", strings.TrimSpace(units.Amount(plan.Cost.Mean)+" "+c.Currency))
	}
	return text + c.verdictWords(plan)
}

// verdictWords says what the best plan's thresholds mean for the comparison, unless it meets them.
func (c Comparison) verdictWords(plan PlanOutcome) string {
	others := slices.ContainsFunc(c.Plans, func(p PlanOutcome) bool { return p.Verdict == report.Pass })
	switch {
	case plan.Verdict == report.Pass:
		return ""
	case plan.Verdict == report.Inconclusive:
		return "; whether it meets " + undecidedThreshold(plan) + " is not decided: too little data"
	case others:
		return "; it does not meet " + brokenThreshold(plan)
	case slices.ContainsFunc(c.Plans, func(p PlanOutcome) bool { return p.Verdict == report.Inconclusive }):
		return "; it does not meet " + brokenThreshold(plan) + ", and no other plan is known to meet all thresholds"
	}
	return "; no plan meets the thresholds, and it does not meet " + brokenThreshold(plan)
}

// undecidedThreshold names the first threshold of a plan that was not decided.
func undecidedThreshold(plan PlanOutcome) string {
	for _, threshold := range plan.Thresholds {
		if threshold.Verdict == report.Inconclusive {
			return threshold.Source
		}
	}
	return "the thresholds"
}

// tieBreak names what decided between a plan and its equals: the thresholds, then cost, then waiting.
func (c Comparison) tieBreak(plan PlanOutcome, equals []int) string {
	if plan.Verdict == report.Pass {
		if equals = slices.DeleteFunc(slices.Clone(equals), func(i int) bool { return c.Plans[i].Verdict != report.Pass }); len(equals) == 0 {
			return "of those that do as well, it alone meets the thresholds"
		}
	}
	var asCheap, asQuick []string
	for _, i := range equals {
		other := c.Plans[i]
		if plan.Cost != nil && other.Cost != nil && other.Cost.Mean > plan.Cost.Mean {
			continue
		}
		asCheap = append(asCheap, other.Plan)
		if other.WaitedMin.Mean <= plan.WaitedMin.Mean {
			asQuick = append(asQuick, other.Plan)
		}
	}
	switch {
	case len(asCheap) == 0:
		return "it is the cheapest of those that do as well"
	case len(asQuick) > 0:
		return "its cost and waiting are the same as under " + strings.Join(asQuick, ", ")
	case plan.Cost != nil:
		return "of those that do as well, none is cheaper, and people wait least under it"
	}
	return "people wait least under it of those that do as well"
}

// reasonAgainst explains in one sentence why a plan is not the best, and names its bottleneck.
func (c Comparison) reasonAgainst(i, best, top int, equal bool, difference Estimate) string {
	plan := c.Plans[i]
	var reason string
	switch sign := significantSign(difference); {
	case equal && c.Plans[best].Verdict == report.Pass && plan.Verdict == report.Inconclusive:
		reason = c.nearlyAsMany(best, difference) + ", but whether it meets " + undecidedThreshold(plan) + " is not decided"
	case equal && c.Plans[best].Verdict == report.Pass && plan.Verdict != report.Pass:
		reason = c.nearlyAsMany(best, difference) + ", but it does not meet " + brokenThreshold(plan)
	case equal:
		reason = c.nearlyAsMany(best, difference) + drawback(plan, c.Plans[best], c.Currency)
	case sign < 0 || c.isOut(i) && difference.Mean < 0:
		reason = fmt.Sprintf("%s than under %s (%s)", people(difference), c.Plans[best].Plan, c.against(plan, c.Plans[best], difference))
		if plan.Verdict == report.Fail {
			reason += ", and it does not meet " + brokenThreshold(plan)
		}
	default:
		reason = fmt.Sprintf("%s, but significantly fewer than under %s", c.nearlyAsMany(best, difference), c.Plans[top].Plan)
	}
	return plan.Plan + ": " + reason + also(plan.Bottleneck)
}

// against gives the people who finish under two plans. If they have different numbers of replications, it gives those of
// the plan with fewer and their number.
func (c Comparison) against(plan, best PlanOutcome, difference Estimate) string {
	if plan.Replications == best.Replications {
		return fmt.Sprintf("%s against %s", units.Amount(plan.Finished.Mean), units.Amount(best.Finished.Mean))
	}
	return fmt.Sprintf("%s against %s in %d replications", units.Amount(plan.Finished.Mean), units.Amount(plan.Finished.Mean-difference.Mean), difference.runs)
}

// undecided says which plans a contest has not told apart.
func (c Comparison) undecided() []string {
	if c.Decision == nil || c.Decision.Settled {
		return nil
	}
	var left []string
	for i, plan := range c.Plans {
		if !c.isOut(i) {
			left = append(left, plan.Plan)
		}
	}
	return []string{fmt.Sprintf("%d replications do not tell these plans apart: %s; they may differ by more than %s of the people who finish: play more (--replications)",
		c.Decision.Replications, strings.Join(left, ", "), units.Percent(c.Decision.Indifference))}
}

// nearlyAsMany describes a difference that is small or may be due to chance.
func (c Comparison) nearlyAsMany(best int, difference Estimate) string {
	switch {
	case difference.Mean != 0 && significantSign(difference) != 0:
		return fmt.Sprintf("%s than under %s", people(difference), c.Plans[best].Plan)
	case difference.Mean != 0:
		return fmt.Sprintf("%s than under %s, which may be due to chance", people(difference), c.Plans[best].Plan)
	case difference.CI95 != nil && difference.CI95[0] != difference.CI95[1]:
		return "on average as many people finish as under " + c.Plans[best].Plan
	}
	return "as many people finish as under " + c.Plans[best].Plan
}

// drawback names the advantage of the best plan over a plan that does as well: cost, then waiting.
func drawback(plan, best PlanOutcome, currency string) string {
	longer := plan.WaitedMin.Mean - best.WaitedMin.Mean
	switch {
	case plan.Cost != nil && best.Cost != nil && plan.Cost.Mean > best.Cost.Mean:
		return fmt.Sprintf(", and it costs %s more", strings.TrimSpace(units.Amount(plan.Cost.Mean-best.Cost.Mean)+" "+currency))
	case longer > 0:
		text := units.Amount(longer)
		if longer < 1 {
			text = units.Rate(longer)
		}
		return fmt.Sprintf(", and people wait %s person-minutes longer", text)
	}
	return ", and its cost and waiting are the same"
}

// people describes a difference in people who finish, as in "12 ±3 fewer people finish".
func people(difference Estimate) string {
	direction := "more"
	if difference.Mean < 0 {
		direction = "fewer"
	}
	return fmt.Sprintf("%s%s %s people finish", units.Amount(math.Abs(difference.Mean)), interval(difference), direction)
}

func interval(e Estimate) string {
	if e.CI95 == nil || e.CI95[0] == e.CI95[1] || e.runs < fewestRuns {
		return ""
	}
	return " ±" + units.Amount((e.CI95[1]-e.CI95[0])/2)
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
	return "the validity checks" // the report says which
}

// bottleneckShare is the least share of requests turned away that makes a gate a bottleneck.
const bottleneckShare = 0.01

// backlogShare is the least ratio of requests still waiting at the end to requests served that counts as a backlog.
const backlogShare = 0.1

// idleShare is the utilization below which the busiest station is not a limit.
const idleShare = 0.3

// bottleneckText names the gate that turned most requests away, the gate where most still waited at the end, and the
// busiest part. It leaves out what is negligible.
func bottleneckText(s simulation.Result) string {
	var parts []string
	if len(s.Gates) > 0 {
		gate := s.Gates[0]
		if share := gate.Turned / (gate.Turned + gate.Took); share >= bottleneckShare {
			parts = append(parts, fmt.Sprintf("%s turned away %s requests, %.0f %% of those that came", gate.Name, units.Amount(gate.Turned), 100*share))
		}
	}
	for _, gate := range s.Gates {
		if gate.Waiting > backlogShare*gate.Took {
			parts = append(parts, fmt.Sprintf("%s still waited at %s at the end", units.Amount(gate.Waiting), gate.Name))
			break
		}
	}
	if s.Bottleneck.Name != "" && s.Bottleneck.Utilization < idleShare && len(parts) == 0 {
		return fmt.Sprintf("no part was short of capacity (%s was busiest, %.0f %% of the run): what people do bounds it", s.Bottleneck.Name, 100*s.Bottleneck.Utilization)
	}
	if s.Bottleneck.Name != "" {
		parts = append(parts, fmt.Sprintf("%s was busiest, %.0f %% of the run", s.Bottleneck.Name, 100*s.Bottleneck.Utilization))
	}
	return strings.Join(parts, ", and ")
}
