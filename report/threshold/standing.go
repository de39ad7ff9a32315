package threshold

import (
	"math"
	"slices"
	"time"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/report/recorder"
)

// Standings returns how conditions stand by what is recorded so far, and why the run would be invalid if it ended now.
// Conditions on windows and on what only the end of a run shows are judged by what there is of it.
func (r Rules) Standings(recording *recorder.Recording, at time.Duration, clock func(realTime time.Duration) time.Duration) (standings []report.Standing, doubts []string) {
	soFar := recorder.SoFar(recording, at)
	doubts = r.Validity.check(soFar)
	soFar.Offered.ByStep = map[string]report.Scheduling{}
	for _, row := range soFar.Funnel { // of those who are scheduled there, the ones whose instant has come
		soFar.Offered.ByStep[row.Step] = report.Scheduling{Scheduled: row.Entered}
	}
	settled := ofSettled(soFar)
	for _, condition := range measured(r.Conditions, recording, clock, false) {
		if condition.of != "" {
			standings = append(standings, condition.standing(settled))
			continue
		}
		standings = append(standings, condition.standing(soFar))
	}
	return standings, doubts
}

// ofSettled returns the report with only those people at each step who are through with it, so that those who still wait
// count for no share.
func ofSettled(soFar report.Report) report.Report {
	soFar.Funnel, soFar.Offered.ByStep = slices.Clone(soFar.Funnel), map[string]report.Scheduling{}
	for i := range soFar.Funnel {
		row := &soFar.Funnel[i]
		row.Entered, row.Unfinished = row.Settled(), 0
		soFar.Offered.ByStep[row.Step] = report.Scheduling{Scheduled: row.Entered}
	}
	return soFar
}

// scale returns what the distance from the bound is measured by: the bound itself or, for a share that must be large, what
// is beyond it.
func (c Condition) scale() float64 {
	if c.of != "" && (c.comparison == ">=" || c.comparison == ">") && c.bound < 100 {
		return 100 - c.bound
	}
	return math.Abs(c.bound)
}

func (c Condition) standing(soFar report.Report) report.Standing {
	judged := c.Judge(soFar)
	standing := report.Standing{Source: c.Source, Severity: judged.Severity, Verdict: judged.Verdict}
	if judged.Value == nil || judged.Verdict == report.Inconclusive {
		standing.Verdict, standing.Reason = report.Inconclusive, judged.Reason
	}
	if slices.Contains([]string{"acknowledged", "persisted", "lost", "unacknowledged", "duplicates"}, c.selector.figure) {
		standing.Reason = "only the end of the run shows it"
	}
	if judged.Value == nil {
		return standing
	}
	standing.Found = c.Spell(*judged.Value)
	if margin, err := c.Margin(soFar); err == nil {
		room := margin.By
		if scale := c.scale(); scale > 0 {
			room = margin.By / scale
		}
		standing.Room = &room
	}
	return standing
}
