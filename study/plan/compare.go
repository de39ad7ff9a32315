package plan

import (
	"encoding/json"
	"io"
	"strings"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/setup"
	"github.com/ombak-sim/ombak/sim"
	"github.com/ombak-sim/ombak/study/simulation"
)

// Estimate is a mean over replications with its 95 % confidence interval (Student's t). The interval is
// absent if there is only one replication.
type Estimate struct {
	Mean float64     `json:"mean"`
	CI95 *[2]float64 `json:"ci95,omitempty"`
	runs int         // that it is estimated from
}

// fewestRuns is the least number of runs whose interval is printed. Student's factor for two is 12.7.
const fewestRuns = 3

// PlanOutcome is one plan in plans.json.
type PlanOutcome struct {
	Plan         string              `json:"plan"`
	Replications int                 `json:"replications"`
	Cost         *Estimate           `json:"cost,omitempty"` // absent if nothing has a price
	SignUps      Estimate            `json:"signups"`        // people who passed the step at which arrivals are scheduled
	Lost         Estimate            `json:"lost"`           // people scheduled there who did not pass it
	Finished     Estimate            `json:"finished"`       // people who passed the last step
	GaveUp       Estimate            `json:"gave_up"`        // people whose last attempt at any step was rejected, failed, timed out or was abandoned
	GoodputPerS  Estimate            `json:"goodput_per_s"`  // people who passed the last step, per second
	ResponseP99S Estimate            `json:"response_p99_s"` // of the step at which arrivals are scheduled
	WorstP99S    Estimate            `json:"worst_p99_s"`    // of the step with the longest response time
	WaitedMin    Estimate            `json:"waited_min"`     // person-minutes spent waiting for answers
	RecoveryS    Estimate            `json:"recovery_s"`     // from the end of the busiest minute until no minute is in trouble
	Recovered    float64             `json:"recovered"`      // share of the replications that recovered before the last arrival
	Gain         *Estimate           `json:"finished_gain,omitempty"`
	Differences  map[string]Estimate `json:"differences,omitempty"` // from the first plan, paired: the same people under both plans
	Thresholds   []report.Judgement  `json:"thresholds,omitempty"`
	Verdict      report.Verdict      `json:"verdict"`
	Pareto       bool                `json:"pareto"`               // no other plan is as good in cost, people finished and waiting time, and better in one of them
	Bottleneck   string              `json:"bottleneck,omitempty"` // the gate that turned most requests away, and the busiest station
}

// Comparison is plans.json.
type Comparison struct {
	Scenario string          `json:"scenario"`
	Currency string          `json:"currency,omitempty"`
	Plans    []PlanOutcome   `json:"plans"`
	LeftOut  []setup.LeftOut `json:"left_out,omitempty"`
	Best     string          `json:"best"`
	Why      []string        `json:"why"`
	Warnings []string        `json:"warnings,omitempty"` // of the simulations; a warning that only some plans have begins with their names

	Uncertainty *Uncertainty `json:"uncertainty,omitempty"`
	Search      *Searched    `json:"search,omitempty"`
	Decision    *Decision    `json:"decision,omitempty"` // absent if all plans have a given number of replications

	noun string // what people do at the step of the arrivals, in the plural
	out  []bool // by plan: whether a contest has shown that another one is better; nil without a contest
}

// Decision is how a contest decided.
type Decision struct {
	Rule
	Replications int  `json:"replications"` // of the plans that went on longest
	Settled      bool `json:"settled"`      // false: plans that are left may differ by more than the indifference
}

// ComparePlans summarizes simulations of one scenario under several plans. Replication k has the same people
// under every plan, so differences are paired (common random numbers; Law, "Simulation Modeling and
// Analysis", sec. 11.2).
func ComparePlans(simulations []simulation.Result) Comparison {
	return compare(simulations, Comparison{})
}

// CompareDecided summarizes simulations of a contest. Figures of two plans are compared over the replications that both
// have.
func CompareDecided(simulations []simulation.Result, contest *Contest) Comparison {
	decided := Decision{Rule: contest.Rule, Settled: contest.Settled}
	for _, s := range simulations {
		decided.Replications = max(decided.Replications, len(s.Replications))
	}
	return compare(simulations, Comparison{Decision: &decided, out: contest.out})
}

func compare(simulations []simulation.Result, c Comparison) Comparison {
	for i, s := range simulations {
		c.Scenario, c.Currency, c.noun = s.Report.Scenario.Name, s.Currency, s.Noun
		outcome := outcomeOf(s)
		if i > 0 {
			gain := Paired(simulations[0].Replications, s.Replications, func(r simulation.Replication) float64 { return r.Finished })
			outcome.Gain, outcome.Differences = &gain, map[string]Estimate{}
			for _, figure := range PlanFigures() {
				if figure.Name != "cost" || s.Priced {
					outcome.Differences[figure.Name] = Paired(simulations[0].Replications, s.Replications, figure.replay)
				}
			}
		}
		c.Plans = append(c.Plans, outcome)
	}
	markFront(c.Plans)
	choose(&c, simulations)
	c.Warnings = warningsOf(simulations)
	return c
}

// warningsOf collects the warnings of simulations, each once. A warning that only some plans have begins with
// their names.
func warningsOf(simulations []simulation.Result) (warnings []string) {
	plans := map[string][]string{}
	var order []string
	for _, s := range simulations {
		for _, warning := range s.Report.Warnings {
			if plans[warning] == nil {
				order = append(order, warning)
			}
			plans[warning] = append(plans[warning], s.Report.Plan)
		}
	}
	for _, warning := range order {
		if len(plans[warning]) < len(simulations) {
			warning = strings.Join(plans[warning], ", ") + ": " + warning
		}
		warnings = append(warnings, warning)
	}
	return warnings
}

func outcomeOf(s simulation.Result) PlanOutcome {
	outcome := PlanOutcome{
		Plan: s.Report.Plan, Replications: len(s.Replications), Verdict: s.Report.Verdict, Thresholds: s.Report.Thresholds,
		Bottleneck: bottleneckText(s),
	}
	for _, figure := range PlanFigures() {
		if estimated := estimate(s.Replications, figure.replay); figure.Name != "cost" || s.Priced {
			figure.set(&outcome, estimated)
		}
	}
	for _, replay := range s.Replications {
		if replay.Recovered {
			outcome.Recovered += 1 / float64(len(s.Replications))
		}
	}
	return outcome
}

// Paired estimates the mean difference of a figure between two plans from pairs of replications.
func Paired(base, other []simulation.Replication, figure func(simulation.Replication) float64) Estimate {
	var differences []float64
	for i := range min(len(base), len(other)) {
		differences = append(differences, figure(other[i])-figure(base[i]))
	}
	return estimateOf(differences)
}

func estimate(replications []simulation.Replication, figure func(simulation.Replication) float64) Estimate {
	var values []float64
	for _, replay := range replications {
		values = append(values, figure(replay))
	}
	return estimateOf(values)
}

func estimateOf(values []float64) Estimate {
	interval := sim.IntervalOf(values)
	e := Estimate{Mean: interval.Mean, runs: len(values)}
	if len(values) > 1 {
		e.CI95 = &[2]float64{interval.Mean - interval.HalfWidth, interval.Mean + interval.HalfWidth}
	}
	return e
}

// WriteComparison writes plans.json.
func WriteComparison(w io.Writer, c Comparison) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", " ")
	return encoder.Encode(c)
}
