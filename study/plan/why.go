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

// praise says why a plan is the best: most people finish under it or, where that does not tell it from
// its equals, by what it was chosen of them.
func (c Comparison) praise(best, top int, equals []int) string {
	plan := c.Plans[best]
	group := "of the plans that hold the thresholds"
	if plan.Verdict != report.Pass {
		group = "no plan holds the thresholds; of all"
	}
	alike := slices.ContainsFunc(equals, func(i int) bool { return c.Plans[i].Finished.Mean >= plan.Finished.Mean })
	text := fmt.Sprintf("%s: %s, most people finish: %s", plan.Plan, group, units.Amount(plan.Finished.Mean))
	if best != top || alike {
		more := "lets more"
		if best != top && c.repeated() {
			more = "surely lets more"
		}
		text = fmt.Sprintf("%s: %s, none %s people finish than its %s, and of those that do as well %s", plan.Plan, group, more, units.Amount(plan.Finished.Mean), c.virtue(plan, equals))
	}
	if plan.Cost != nil {
		text += fmt.Sprintf(", at %s", strings.TrimSpace(units.Amount(plan.Cost.Mean)+" "+c.Currency))
	}
	return text
}

// virtue says what told a plan from its equals: cost, then waiting.
func (c Comparison) virtue(plan PlanOutcome, equals []int) string {
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
		return "it is the cheapest"
	case len(asQuick) > 0:
		return "neither cost nor waiting tells it from " + strings.Join(asQuick, ", ")
	case plan.Cost != nil:
		return "none is cheaper, and people wait least under it"
	}
	return "people wait least under it"
}

// against says in one sentence why a plan is not the best, and where it is stuck.
func (c Comparison) against(i, best, top int, equal bool, difference Estimate) string {
	plan := c.Plans[i]
	var reason string
	switch sign := apart(difference); {
	case rank(plan.Verdict) > rank(c.Plans[best].Verdict):
		reason = "it does not hold " + brokenThreshold(plan)
	case sign < 0:
		reason = fmt.Sprintf("%s than under %s", people(difference), c.Plans[best].Plan)
	case sign > 0:
		reason = fmt.Sprintf("%s than under %s, but not surely enough to be first", people(difference), c.Plans[best].Plan)
	case equal:
		reason = c.unsure(best, difference) + c.lack(plan, c.Plans[best])
	default:
		reason = fmt.Sprintf("%s, but surely fewer than under %s", c.unsure(best, difference), c.Plans[top].Plan)
	}
	return plan.Plan + ": " + reason + also(plan.Bottleneck)
}

// unsure words a difference that chance may explain.
func (c Comparison) unsure(best int, difference Estimate) string {
	switch {
	case difference.Mean != 0:
		return fmt.Sprintf("chance may explain that %s than under %s", people(difference), c.Plans[best].Plan)
	case interval(difference) != "":
		return "on average as many people finish as under " + c.Plans[best].Plan
	}
	return "as many people finish as under " + c.Plans[best].Plan
}

// lack says by what a plan was not chosen of its equals.
func (c Comparison) lack(plan, best PlanOutcome) string {
	longer := plan.WaitedMin.Mean - best.WaitedMin.Mean
	switch {
	case plan.Cost != nil && best.Cost != nil && plan.Cost.Mean > best.Cost.Mean:
		return fmt.Sprintf(", and it costs %s more", strings.TrimSpace(units.Amount(plan.Cost.Mean-best.Cost.Mean)+" "+c.Currency))
	case longer > 0:
		spelt := units.Amount(longer)
		if longer < 1 {
			spelt = units.Rate(longer)
		}
		return fmt.Sprintf(", and they wait %s person-minutes longer", spelt)
	}
	return ", and neither cost nor waiting tells the two apart"
}

// people words a difference in people who finish, as in 12 ±3 fewer people finish.
func people(difference Estimate) string {
	direction := "more"
	if difference.Mean < 0 {
		direction = "fewer"
	}
	return fmt.Sprintf("%s%s %s people finish", units.Amount(math.Abs(difference.Mean)), interval(difference), direction)
}

func interval(e Estimate) string {
	if e.CI95 == nil || e.CI95[0] == e.CI95[1] {
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
	return "the books" // an invalid simulation; the report says why
}

// worthTelling is the share of requests turned away that makes a gate a bottleneck.
const worthTelling = 0.01

// muchWaiting is the share of the requests worked off that, still waiting at the end, makes a backlog.
const muchWaiting = 0.1

// hardlyBusy is the share of the run below which the busiest station bounds nothing.
const hardlyBusy = 0.3

// bottleneckText names what turned most requests away, unless that is next to nothing, where most still
// waited at the end, and the part that was busiest.
func bottleneckText(s simulation.Result) string {
	var parts []string
	if len(s.Gates) > 0 {
		gate := s.Gates[0]
		if share := gate.Turned / (gate.Turned + gate.Took); share >= worthTelling {
			parts = append(parts, fmt.Sprintf("%s turned away %s requests, %.0f %% of those that came", gate.Name, units.Amount(gate.Turned), 100*share))
		}
	}
	for _, gate := range s.Gates {
		if gate.Waiting > muchWaiting*gate.Took {
			parts = append(parts, fmt.Sprintf("%s still waited at %s at the end", units.Amount(gate.Waiting), gate.Name))
			break
		}
	}
	if s.Bottleneck.Name != "" && s.Bottleneck.Utilization < hardlyBusy && len(parts) == 0 {
		return fmt.Sprintf("no part was short of capacity (%s was busiest, %.0f %% of the run): what people do bounds it", s.Bottleneck.Name, 100*s.Bottleneck.Utilization)
	}
	if s.Bottleneck.Name != "" {
		parts = append(parts, fmt.Sprintf("%s was busiest, %.0f %% of the run", s.Bottleneck.Name, 100*s.Bottleneck.Utilization))
	}
	return strings.Join(parts, ", and ")
}
