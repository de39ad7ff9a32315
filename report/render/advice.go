package render

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/units"
)

// Advice returns what to do next, the most urgent first. It is never empty.
func Advice(r report.Report) (advice []string) {
	if r.Verdict == report.Invalid {
		return append(slices.Clone(r.Invalid), "Draw no conclusion from the figures below. Repeat the run "+
			"first.")
	}
	if stored := r.Reconciliation; stored != nil && stored.Lost+stored.Duplicates > 0 {
		advice = append(advice, fmt.Sprintf("First find out why %s acknowledged people are not stored and %s "+
			"are stored twice.",
			units.Count(float64(stored.Lost)), units.Count(float64(stored.Duplicates))))
	}
	broken := brokenSteps(r)
	because, causes, explained := explain(r, broken)
	others := r.TakenByOthers()
	if others != "" {
		advice = append(advice, fmt.Sprintf("%s%s: stop them, or name them with --watch if they are the service's, and run again.", strings.ToUpper(others[:1]), others[1:]))
	}
	advice = append(advice, because...)
	for _, row := range r.Funnel {
		if row.Entered > 0 && !holds(row, broken) && !causes[row.Step].alone && len(advice) < 4 {
			if why := cmp.Or(refusals(row, r), failures(row, r)); why != "" {
				advice = append(advice, fmt.Sprintf("At %s %s.", title(row.Step), why))
				continue
			}
			advice = append(advice, stepAdvice(row))
		}
	}
	if most := r.Bottleneck(); most.Utilization > 0.7 && !explained && (others == "" || most.Name != report.MachineCPU) {
		advice = append(advice, bottleneckAdvice(r, most))
	}
	if r.Machine != nil && r.Machine.Usage != nil && r.Machine.Usage.Short {
		advice = append(advice, r.Machine.Usage.Sentence)
	}
	if r.Verdict == report.Inconclusive {
		advice = append(advice, "Schedule more people or a longer run: some thresholds had too little data.")
	}
	return append(advice, repeat(r))
}

// explain says which faults and interventions stood while steps did not hold. Explained is true if they explain every
// step that did not: then there is nothing to advise on capacity.
func explain(r report.Report, broken map[string]report.Judgement) (advice []string, causes map[string]cause, explained bool) {
	var steps []string
	causes, explained = map[string]cause{}, true
	for _, row := range r.Funnel {
		if row.Entered > 0 && !holds(row, broken) {
			steps, causes[row.Step] = append(steps, row.Step), causeOf(r, row.Step)
			explained = explained && causes[row.Step].alone
		}
	}
	return causeAdvice(r, steps, causes), causes, explained && len(steps) > 0
}

// stepAdvice names the most frequent loss at a step that did not hold, and its remedy.
func stepAdvice(r report.FunnelRow) string {
	ways := []struct {
		count float64
		words string
	}{
		{r.TimedOut, "timed out: find what they waited for, or shed load before it"},
		{r.Rejected, "were turned away: raise the limit, or let them wait in line"},
		{r.Failed, "met an error: read the service's log around the faults in the timeline"},
		{r.Abandoned, "left while waiting: shorten the wait, or show people how long it is"},
		{r.Unfinished, "were still there at the end: run longer, or look for a queue that never empties"},
		{r.Declined, "were declined correctly: check the data they were asked for"},
	}
	most := slices.MaxFunc(ways, func(a, b struct {
		count float64
		words string
	},
	) int {
		return cmp.Compare(a.count, b.count)
	})
	if most.count == 0 {
		return fmt.Sprintf("At %s a threshold broke although everyone passed: look at its response time.", title(r.Step))
	}
	return fmt.Sprintf("At %s %s of %s people %s.", title(r.Step), units.Count(most.count), units.Count(r.Entered), most.words)
}

// bottleneckAdvice names the busiest part, its utilization and the most requests that waited for it.
func bottleneckAdvice(r report.Report, most report.Bottleneck) string {
	text := fmt.Sprintf("The bottleneck is %s: it was in use %s of the time", most.Name, units.Percent(most.Utilization))
	for _, station := range r.Stations {
		if station.Name == most.Name {
			text += fmt.Sprintf(", and up to %s requests waited for it", units.Count(station.QueueMax))
		}
	}
	return text + "."
}

// repeat advises how to find out whether the result was chance.
func repeat(r report.Report) string {
	if r.Engine == report.Simulated {
		if r.Replications > 1 {
			return "Check the prediction against the real service: run the same scenario with ombak load."
		}
		return "Simulate more replications (--replications 10): one replication does not show chance variation."
	}
	return "One run does not show chance variation: run it at least six times before and after a change, " +
		"then use ombak compare."
}
