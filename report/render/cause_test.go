package render_test

import (
	"strings"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/report/render"
)

// troubled returns a report of 100 s, 12 s of which are before the opening. Of ten people a second at the step, all are turned
// away between two instants. A station is busy all the time.
func troubled(from, to int, timeline ...report.Event) report.Report {
	series := report.StepSeries{Step: "identity"}
	r := report.Report{Engine: report.Live, Verdict: report.Fail, DurationS: 100, Timeline: timeline}
	r.Scenario.Opens = time.Date(2020, 4, 11, 19, 0, 0, 0, time.FixedZone("", 7*3600))
	row := report.FunnelRow{Step: "identity"}
	for second := range 100 {
		r.Series.TS, r.Series.ScenarioS = append(r.Series.TS, int64(second)), append(r.Series.ScenarioS, float64(second)-12)
		passed, rejected := int64(10), int64(0)
		if second >= from && second < to {
			passed, rejected = 0, 10
		}
		series.Entered, series.Requests = append(series.Entered, 10), append(series.Requests, 10)
		series.Passed, series.Rejected = append(series.Passed, passed), append(series.Rejected, rejected)
		series.Declined, series.Failed = append(series.Declined, 0), append(series.Failed, 0)
		series.TimedOut, series.Abandoned = append(series.TimedOut, 0), append(series.Abandoned, 0)
		series.P99 = append(series.P99, 0.1)
		row.Entered, row.Passed, row.Rejected = row.Entered+10, row.Passed+float64(passed), row.Rejected+float64(rejected)
	}
	r.Series.Steps, r.Funnel = []report.StepSeries{series}, []report.FunnelRow{row}
	r.Thresholds = []report.Judgement{{Source: "identity.passed >= 99% of entered", Severity: funnel.Fail, Verdict: report.Fail}}
	r.Stations = []report.StationRow{{Name: "web", Servers: 1, BusyS: 99}}
	return r
}

func fault(at, length float64) report.Event {
	return report.Event{AtS: at, ForS: length, Kind: funnel.FaultMark, Text: "dukcapil-brownout of dukcapil, by Rina"}
}

// What stood while a threshold broke is said before any advice on capacity, which is left out if the step held otherwise.
func TestAdviceKnowsOfFaults(t *testing.T) {
	const named = "While identity (NIK verification) did not hold, this stood: dukcapil-brownout of dukcapil, by Rina, from 0:08 (19:00:08) to 0:38 (19:00:38)."
	const capacity, limit = "The bottleneck is web", "raise the limit"
	slow := troubled(0, 0, fault(20, 30))
	for second := 25; second < 45; second++ {
		slow.Series.Steps[0].P99[second] = 9
	}
	slow.Thresholds[0].Source = "identity.response_time.p99 <= 2s"
	unknown := troubled(25, 45, fault(20, 30))
	unknown.Series = report.Series{}
	for _, row := range []struct {
		why          string
		r            report.Report
		first        string // what the advice begins with
		says, leaves []string
	}{
		{"the breach lies in a fault", troubled(25, 45, fault(20, 30)), named, []string{"Apart from that time it held"}, []string{capacity, limit}},
		{"a backlog that the fault left is its effect too", troubled(25, 70, fault(20, 30)), named, []string{"Apart from that time it held"}, []string{capacity}},
		{"the breach began before it", troubled(5, 45, fault(20, 30)), named, []string{"Apart from that time it did not hold either", limit, capacity}, nil},
		{"the breach came long after it", troubled(80, 95, fault(20, 30)), "At identity", []string{limit, capacity}, []string{"this stood"}},
		{"a slow step is a breach as well", slow, named, []string{"Apart from that time it held"}, []string{capacity}},
		{"more people came because somebody wanted it", troubled(25, 45, report.Event{AtS: 20, ForS: 30, Kind: funnel.NoteMark, Text: "arrivals × 3 for 30s, by Rina"}), "While identity (NIK verification) did not hold, this stood: arrivals × 3 for 30s, by Rina, from 0:08", nil, []string{capacity}},
		{"a setting stands to the end", troubled(25, 45, report.Event{AtS: 20, Kind: funnel.PlanMark, Text: "dukcapil: servers 1"}), "While identity (NIK verification) did not hold, this stood: dukcapil: servers 1, from 0:08 (19:00:08) to the end.", nil, []string{capacity}},
		{"or until it is set again", troubled(60, 75, report.Event{AtS: 20, Kind: funnel.PlanMark, Text: "dukcapil: servers 1"}, report.Event{AtS: 30, Kind: funnel.PlanMark, Text: "dukcapil: servers 9"}), "While identity (NIK verification) did not hold, this stood: dukcapil: servers 9, from 0:18", nil, []string{"servers 1"}},
		{"what an autoscaler or the plan does is no disturbance", troubled(25, 45, report.Event{AtS: 20, Kind: funnel.PlanMark, Text: "web: 3 servers"}, report.Event{AtS: 20, Kind: funnel.PlanMark, Text: "web: servers 3, by plan growing"}), "At identity", []string{limit, capacity}, []string{"this stood"}},
		{"a note is none", troubled(25, 45, report.Event{AtS: 20, Kind: funnel.NoteMark, Text: "the mayor calls"}), "At identity", []string{capacity}, []string{"this stood"}},
		{"the end of a fault is none", troubled(25, 45, report.Event{AtS: 20, Kind: funnel.FaultMark, Text: "faults of dukcapil end, by Rina"}), "At identity", []string{capacity}, []string{"this stood"}},
		{"a report without a series knows no times", unknown, "At identity", []string{capacity}, []string{"this stood"}},
	} {
		advice := render.Advice(row.r)
		all := strings.Join(advice, "\n")
		if !strings.HasPrefix(advice[0], row.first) {
			t.Errorf("%s: the first advice is %q, want %q", row.why, advice[0], row.first)
		}
		for _, text := range row.says {
			if !strings.Contains(all, text) {
				t.Errorf("%s: %q misses %q", row.why, all, text)
			}
		}
		for _, text := range row.leaves {
			if strings.Contains(all, text) {
				t.Errorf("%s: %q has %q", row.why, all, text)
			}
		}
	}
}

// What an event did is read from its field, whatever its text says.
func TestDeedsAreNotReadFromTexts(t *testing.T) {
	event := func(do funnel.Deed, on, what, text string) report.Event {
		return report.Event{AtS: 20, Kind: (funnel.Action{Do: do}).Mark().Kind, Text: text, Do: do, On: on, What: what}
	}
	planned := event(funnel.SetService, "web", "", "web: servers 3")
	planned.Planned = true
	later := event(funnel.SetService, "call:mail", "bulkhead", "bulkhead at call:mail: limit 9")
	later.AtS = 30
	for _, row := range []struct {
		why    string
		events []report.Event
		stood  string // what stood, or "" if nothing did
	}{
		{"a fault whose author is called so as its end would read", []report.Event{event(funnel.StartFault, "mail", "outage", "outage of mail, by hand ends")}, "outage of mail"},
		{"the end of a fault", []report.Event{event(funnel.EndFault, "mail", "", "all is well")}, ""},
		{"a note that reads as a factor", []report.Event{event(funnel.Remark, "", "", "arrivals × 3, or so it seems")}, ""},
		{"a factor", []report.Event{event(funnel.Arrive, "", "3", "three times as many")}, "three times as many"},
		{"a setting by somebody who is called as a plan", []report.Event{event(funnel.SetService, "web", "", "web: servers 3, by plan B")}, "web: servers 3, by plan B"},
		{"a setting of the plan", []report.Event{planned}, ""},
		{"a policy that is set again", []report.Event{event(funnel.SetService, "call:mail", "bulkhead", "bulkhead at call:mail: limit 1"), later}, "bulkhead at call:mail: limit 9"},
		{"a policy stays if another at its place is set", []report.Event{event(funnel.SetService, "call:mail", "breaker", "breaker at call:mail: limit 1"), later}, "breaker at call:mail: limit 1, from 0:08 (19:00:08) to the end; bulkhead"},
	} {
		first := render.Advice(troubled(60, 75, row.events...))[0]
		if _, stood, _ := strings.Cut(first, "this stood: "); row.stood == "" != (stood == "") || !strings.HasPrefix(stood, row.stood) {
			t.Errorf("%s: %q", row.why, first)
		}
	}
}

// acted returns a report of a run on which somebody acted.
func acted() report.Report {
	r := troubled(25, 45, fault(20, 30))
	r.Command, r.Replay = "ombak simulate smoke --live", "ombak simulate out/replay.yaml"
	r.HadWeNot = &report.HadWeNot{Replications: 20, Share: 0.25, Currency: "USD", Sentence: "Had we not (A|B): with it, 36 (±4) fewer people get through join.", LeftOut: 2, Actions: []report.ActionEffect{{
		ScenarioS: 8, Text: "A|B <i>", Sentence: "Had we not (A|B): with it, 36 (±4) fewer people get through join.",
		Figures: []report.WorldFigure{
			{Figure: "finished", With: 464, Without: 500, Difference: -36, CI95: &[2]float64{-40, -32}},
			{Figure: "response_p99_s", With: 2.5, Without: 0.5, Difference: 2},
			{Figure: "cost", With: 10, Without: 10},
		},
	}}}
	return r
}

// What the actions changed stands in every rendering, with its error and what it rests on; so does the command that repeats them.
func TestHadWeNot(t *testing.T) {
	var text, summary strings.Builder
	if err := render.Text(&text, acted()); err != nil {
		t.Fatal(err)
	}
	if err := render.Markdown(&summary, acted()); err != nil {
		t.Fatal(err)
	}
	page := html(t, acted())
	for name, rendering := range map[string]string{"text": text.String(), "Markdown": summary.String(), "HTML": page} {
		for _, want := range []string{"simulated 20 times", "25 % of the people", "36 (±4) fewer people get through join", "people who finished", "−36 ±4", "cost USD", "2.5 s", "0:08 (19:00:08)", "Actions that are left out: 2"} {
			if !strings.Contains(rendering, want) {
				t.Errorf("%s misses %q", name, want)
			}
		}
	}
	for name, want := range map[string]string{"Markdown": summary.String(), "HTML": page} {
		if !strings.Contains(want, "ombak simulate out/replay.yaml") {
			t.Errorf("%s does not name the command of the replay", name)
		}
	}
	if strings.Contains(page, "<dt>Command</dt><dd><code>ombak simulate smoke") {
		t.Error("the page names a command that does not bring the interventions")
	}
	if strings.Contains(page, "<i>:") || !strings.Contains(page, "A|B &lt;i&gt;") || !strings.Contains(summary.String(), `A\|B`) {
		t.Error("a text becomes markup")
	}
	plain := acted()
	plain.HadWeNot, plain.Replay = nil, ""
	if strings.Contains(html(t, plain), "Had we not") {
		t.Error("a run on which nobody acted has the section too")
	}
}
