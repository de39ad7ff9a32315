package render

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/report/threshold"
	"github.com/ombak-sim/ombak/units"
)

// Conclusion states in one sentence which steps held and which did not. TryNext is what to try next, such as
// "--plan as-published"; if it is empty, it is left out.
func Conclusion(r report.Report, tryNext string) string {
	parts := slices.Concat(withoutStore(r), unreconciled(r))
	if r.Verdict == report.Invalid && len(r.Invalid) > 0 {
		parts = append(parts, "the run is invalid: "+r.Invalid[0])
	} else {
		parts = append(parts, held(r)...)
		if lost := r.Offered.Lost; lost > 0 {
			parts = append(parts, "what became of "+units.Count(lost)+" people is unknown, because their generators were lost")
		}
	}
	if tryNext != "" {
		parts = append(parts, "next try "+tryNext)
	}
	sentence := strings.Join(parts, "; ") + "."
	return strings.ToUpper(sentence[:1]) + sentence[1:]
}

// withoutStore says first that the store was gone for a while, because everything else follows from it.
func withoutStore(r report.Report) []string {
	if r.Store == nil || len(r.Store.Gone) == 0 {
		return nil
	}
	first := r.Store.Gone[0]
	text := fmt.Sprintf("the store took no writes from second %s on (%s)", units.Number(math.Round(first.AtS)), first.Why)
	if first.Back {
		text = fmt.Sprintf("the store took no writes for %s from second %s on (%s)", units.Time(first.ForS), units.Number(math.Round(first.AtS)), first.Why)
	}
	if more := len(r.Store.Gone) - 1; more > 0 {
		text += fmt.Sprintf(", and %d more times", more)
	}
	return []string{text}
}

// unreconciled says that nobody could compare the store with what people were told, and how many are concerned.
func unreconciled(r report.Report) []string {
	if r.Store == nil || r.Store.Unread == "" {
		return nil
	}
	text := "nobody could reconcile the store"
	if len(r.Store.Gone) == 0 || r.Store.Gone[len(r.Store.Gone)-1].Why != r.Store.Unread { // otherwise it was said
		text += " (" + r.Store.Unread + ")"
	}
	if n := r.Store.UnknownPeople; n > 0 {
		text += ", so whether it holds the " + units.Count(n) + " people who were told yes is unknown"
	}
	return []string{text}
}

// held describes the main step first, then the steps that did not hold.
func held(r report.Report) []string {
	broken := brokenSteps(r)
	first := report.MainStep(r)
	var parts, failed []string
	entered := 0
	for _, row := range r.Funnel {
		if row.Entered > 0 {
			entered++
		}
		switch {
		case row.Step == first && row.Entered > 0 && holds(row, broken):
			parts = append(parts, describeHeld(r, row))
		case row.Entered > 0 && !holds(row, broken):
			failed = append(failed, describeBroken(row, r, broken))
		}
	}
	switch {
	case entered == 0:
		return []string{"nobody entered any step"}
	case len(failed) == 0 && entered > 1:
		parts = append(parts, othersHeld(entered-1))
	case len(failed) > 3:
		more := len(failed) - 3
		steps := "steps"
		if more == 1 {
			steps = "step"
		}
		failed = append(failed[:3], fmt.Sprintf("%d more %s did not hold either", more, steps))
	}
	return append(parts, failed...)
}

// brokenSteps maps each step with a broken threshold, including one that only warns, to the first that broke.
func brokenSteps(r report.Report) map[string]report.Judgement {
	broken := map[string]report.Judgement{}
	for _, judged := range r.Thresholds {
		condition, err := threshold.Parse(judged.Source)
		if err != nil || judged.Verdict != report.Fail {
			continue
		}
		step := condition.StepIn(r)
		if _, known := broken[step]; !known {
			broken[step] = judged
		}
	}
	return broken
}

// holds reports whether people came through a step and no threshold on it broke.
func holds(r report.FunnelRow, broken map[string]report.Judgement) bool {
	_, fell := broken[r.Step]
	return !fell && fewLost(r)
}

// fewLost reports whether fewer than one person in a hundred was rejected or failed, and fewer than one in
// ten abandoned or were unfinished. Some people always wait for mail sent to a mistyped address.
func fewLost(r report.FunnelRow) bool {
	refused := r.Rejected + r.Failed + r.TimedOut
	return refused < 0.01*r.Entered && r.Abandoned+r.Unfinished < 0.1*r.Entered
}

func describeHeld(r report.Report, row report.FunnelRow) string {
	text := fmt.Sprintf("%s held: %s of %s passed, at most %s in one minute",
		title(row.Step), units.Count(row.Passed), units.Count(expected(r, row)), units.Count(row.PeakPassedPerMin))
	if q := r.PassedTimes(row.Step); q != nil {
		text += ", p99 " + units.Time(q.P99)
	}
	return text
}

// describeBroken states how many people passed, and names the broken threshold if the counts do not explain why the
// step did not hold.
func describeBroken(r report.FunnelRow, result report.Report, broken map[string]report.Judgement) string {
	text := fmt.Sprintf("%s did not hold: %s of %s passed", title(r.Step), units.Count(r.Passed), units.Count(expected(result, r)))
	if why := cmp.Or(refusals(r, result), failures(r, result)); why != "" {
		return text + ", and " + why
	}
	threshold, fell := broken[r.Step]
	if !fell || !fewLost(r) {
		return text
	}
	text += ", but " + threshold.Source + " broke"
	if threshold.Reason != "" {
		text += ": " + threshold.Reason
	}
	return text
}

// refusals says that most who did not pass were refused for what they sent, which load does not explain. It is "" if they
// were not. The statuses are those of RFC 9110: 400, 409 and 422 refuse what was sent, whatever the load.
func refusals(row report.FunnelRow, result report.Report) string {
	const fewest = 10
	for _, step := range result.Steps {
		if step.Step != row.Step {
			continue
		}
		refused := step.Reasons["400"] + step.Reasons["409"] + step.Reasons["422"]
		if refused < fewest || refused <= (row.Entered-row.Passed)/2 {
			return ""
		}
		if stored := result.Reconciliation; stored != nil && stored.Booked > 0 && refused == step.Reasons["409"] {
			return fmt.Sprintf("nothing was left to book for %s (409)", units.Count(refused))
		}
		return fmt.Sprintf("the service refused what %s sent (400, 409 or 422), whatever the load: it may know these people from an earlier run (population.identity: fresh sends new ones), or need other data", units.Count(refused))
	}
	return ""
}

// expected returns the number of people scheduled at the step, or the number who entered it if those are more, such as
// visitors or people on their way to the step of another journey. Those of lost generators are left out.
func expected(r report.Report, row report.FunnelRow) float64 {
	if scheduling, ok := r.Offered.ByStep[row.Step]; ok {
		return max(scheduling.Scheduled-scheduling.Lost, row.Entered)
	}
	return row.Entered
}

// title adds the meaning of an abbreviation to a step's name.
func title(step string) string {
	switch step {
	case funnel.Identity:
		return "identity (NIK verification)"
	case funnel.OTP:
		return "otp (SMS code)"
	case funnel.Join:
		return "join (batch)"
	}
	return step
}

func othersHeld(n int) string {
	if n == 1 {
		return "so did the other step"
	}
	return fmt.Sprintf("so did the other %d steps", n)
}
