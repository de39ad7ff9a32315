package render

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/report/threshold"
)

// disturbance is a fault, a setting or a crowd that somebody put on the run, and the rows of a step's series in which it tells:
// while it stands, and until the step has recovered from it.
type disturbance struct {
	event report.Event
	end   float64 // real seconds since the start; the end of the run if nothing ended it
}

// disturbances returns those of a report, in order of time. Changes that the plan schedules or an autoscaler makes are none.
func disturbances(r report.Report) (all []disturbance) {
	for _, event := range r.Timeline {
		if event = withDeed(event); !disturbs(event) {
			continue
		}
		d := disturbance{event, event.AtS + event.ForS}
		if event.ForS <= 0 {
			d.end = r.DurationS
		}
		for i := range all { // until the part is set again
			if event.Do == funnel.SetService && all[i].event.Do == event.Do && all[i].event.On == event.On && all[i].event.What == event.What {
				all[i].end = min(all[i].end, event.AtS)
			}
		}
		all = append(all, d)
	}
	return all
}

// disturbs reports whether an event of the timeline is a fault, a setting or a change of who comes that a person, or an
// intervention of the scenario, put on the run.
func disturbs(event report.Event) bool {
	switch event.Do {
	case funnel.StartFault, funnel.Arrive:
		return true
	case funnel.SetService:
		return !event.Planned
	}
	return false
}

// withDeed works out from its text what an event of an older report does. Newer reports say it.
func withDeed(event report.Event) report.Event {
	if event.Do != "" {
		return event
	}
	deed, _, _ := strings.Cut(event.Text, ", by ")
	switch event.Kind {
	case funnel.FaultMark:
		if event.Do = funnel.StartFault; strings.HasSuffix(deed, " ends") || strings.HasSuffix(deed, " end") {
			event.Do = funnel.EndFault
		}
	case funnel.PlanMark:
		part, _, is := strings.Cut(event.Text, ": ")
		if event.On = part; is {
			event.Do, event.Planned = funnel.SetService, strings.Contains(event.Text, ", by plan ") || strings.HasSuffix(event.Text, " servers")
		}
	case funnel.NoteMark:
		if strings.HasPrefix(event.Text, "arrivals × ") {
			event.Do = funnel.Arrive
		}
	}
	return event
}

// cause says which disturbances stood while a step did not hold, and whether it held apart from them.
type cause struct {
	during []disturbance
	alone  bool // the step held whenever none of them told
}

// causeOf looks in the series of a step for what stood while it did not hold.
func causeOf(r report.Report, step string) cause {
	place := slices.IndexFunc(r.Series.Steps, func(s report.StepSeries) bool { return s.Step == step })
	all := disturbances(r)
	if place < 0 || len(all) == 0 {
		return cause{}
	}
	t := troubleOf(r, r.Series.Steps[place])
	inside := make([]bool, len(r.Series.TS))
	var found cause
	for _, d := range all {
		if tells(r.Series, t, d, inside) {
			found.during = append(found.during, d)
		}
	}
	found.alone = len(found.during) > 0 && t.heldOutside(inside)
	return found
}

// tells marks the rows in which a disturbance tells, and reports whether any of them is in trouble.
func tells(series report.Series, t trouble, d disturbance, inside []bool) (any bool) {
	const calm = 10 // rows without trouble after which a step has recovered
	quiet := 0
	for row, second := range series.TS {
		at, width := float64(second), float64(series.Width())
		switch {
		case at+width <= d.event.AtS || quiet >= calm:
			continue
		case at >= d.end && !t.bad[row]:
			quiet++
		case t.bad[row]:
			quiet, any = 0, true
		}
		inside[row] = true
	}
	return any
}

// trouble is in which rows of its series a step does not hold.
type trouble struct {
	series report.StepSeries
	bad    []bool
	slow   []bool // a broken threshold on its response time is broken in the row
}

func troubleOf(r report.Report, series report.StepSeries) trouble {
	t := trouble{series: series, bad: make([]bool, len(series.Entered)), slow: make([]bool, len(series.Entered))}
	column, most := series.P99, math.Inf(1)
	for _, judged := range r.Thresholds {
		condition, err := threshold.Parse(judged.Source)
		if err != nil || judged.Verdict != report.Fail || condition.StepIn(r) != series.Step {
			continue
		}
		if quantile, bound, is := condition.MostTime(); is && bound < most {
			most = bound
			switch {
			case quantile == "p50" || quantile == "mean":
				column = series.P50
			case quantile == "p90" || quantile == "p95":
				column = series.P95
			}
		}
	}
	for row := range t.bad {
		lost := t.lost(row, row+1)
		t.slow[row] = row < len(column) && column[row] > most
		t.bad[row] = t.slow[row] || !fewLost(lost)
	}
	return t
}

// lost counts what became of people in rows, as a row of the funnel. Entered is who got an answer or left.
func (t trouble) lost(from, to int) (sum report.FunnelRow) {
	for row := from; row < to; row++ {
		s := t.series
		sum.Rejected += float64(s.Rejected[row])
		sum.Failed += float64(s.Failed[row])
		sum.TimedOut += float64(s.TimedOut[row])
		sum.Abandoned += float64(s.Abandoned[row])
		sum.Passed += float64(s.Passed[row])
		sum.Declined += float64(s.Declined[row])
	}
	sum.Entered = sum.Rejected + sum.Failed + sum.TimedOut + sum.Abandoned + sum.Passed + sum.Declined
	if sum.Entered == 0 {
		sum.Entered = 1 // nobody was lost
	}
	return sum
}

// heldOutside reports whether the step held in the rows that are not inside.
func (t trouble) heldOutside(inside []bool) bool {
	const most = 0.05 // share of the requests in rows that are too slow
	var sum report.FunnelRow
	slow, requests := int64(0), int64(0)
	for row := range t.bad {
		if inside[row] {
			continue
		}
		one := t.lost(row, row+1)
		sum.Rejected, sum.Failed, sum.TimedOut = sum.Rejected+one.Rejected, sum.Failed+one.Failed, sum.TimedOut+one.TimedOut
		sum.Abandoned, sum.Entered = sum.Abandoned+one.Abandoned, sum.Entered+one.Entered
		requests += t.series.Requests[row]
		if t.slow[row] {
			slow += t.series.Requests[row]
		}
	}
	return (sum.Entered == 0 || fewLost(sum)) && float64(slow) <= most*float64(requests)
}

// causeAdvice names what stood while steps did not hold, one item for each group of steps with the same causes.
func causeAdvice(r report.Report, steps []string, causes map[string]cause) (advice []string) {
	said := map[string]bool{}
	for _, step := range steps {
		names := namesOf(r, causes[step].during)
		if names == "" || said[names] {
			continue
		}
		said[names] = true
		var alike []string
		alone := true
		for _, other := range steps {
			if namesOf(r, causes[other].during) == names {
				alike, alone = append(alike, title(other)), alone && causes[other].alone
			}
		}
		text := fmt.Sprintf("While %s did not hold, this stood: %s.", strings.Join(alike, ", "), names)
		if alone {
			text += " Apart from that time " + map[bool]string{true: "it", false: "they"}[len(alike) == 1] + " held, so read it as the effect of that before you think of capacity."
		} else {
			text += " Apart from that time " + map[bool]string{true: "it did", false: "they did"}[len(alike) == 1] + " not hold either."
		}
		advice = append(advice, text)
	}
	return advice
}

// namesOf names disturbances with their times.
func namesOf(r report.Report, all []disturbance) string {
	var names []string
	for _, d := range all {
		at := openingOf(r, d.event)
		until := openingOf(r, report.Event{AtS: d.end})
		if d.end >= r.DurationS {
			until = "the end"
		}
		names = append(names, fmt.Sprintf("%s, from %s to %s", d.event.Text, at, until))
	}
	return strings.Join(names, "; ")
}
