package recorder_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/report/recorder"
)

var shop = funnel.Journey{{Name: "list", Kind: funnel.Request}, {Name: "pay", Kind: funnel.Request}}

// wander records people who look at the list twice and pay, or look once and leave. Every delta travels as JSON.
func wander(t *testing.T, shards, buyers, lookers int) report.Report {
	t.Helper()
	recording := recorder.NewRecording(shop)
	record := recorder.NewRecorder(shop, shards, func(delta recorder.Delta) {
		line, err := json.Marshal(delta)
		if err != nil {
			t.Fatal(err)
		}
		read, err := recorder.ParseDelta(line, len(shop))
		if err != nil {
			t.Fatal(err)
		}
		recording.Add(read)
	})
	at := time.Duration(0)
	for person := range buyers + lookers {
		o := record.Observer(person % shards)
		visit := func(step, from int, round uint16, first bool) {
			if at += 300 * time.Millisecond; round == 0 {
				o.Enter(step, at)
			} else {
				o.Again(step, at)
			}
			o.Move(from, step, first)
			o.Observe(funnel.Sample{Session: uint64(person), Step: step, Attempt: 1, Intended: at, Start: at, End: at + time.Millisecond, Outcome: funnel.Completed, Final: true, Round: round})
		}
		o.Scheduled(at)
		o.Started()
		visit(0, funnel.Nowhere, 0, true)
		if person < buyers {
			visit(0, 0, 1, true)
			visit(0, 0, 2, false)
			visit(1, 0, 0, true)
			o.Move(1, funnel.Nowhere, true)
		} else {
			o.Move(0, funnel.Nowhere, true)
		}
		o.Finished(at + time.Millisecond)
	}
	record.Close()
	return recorder.Assemble(recording, recorder.Facts{Duration: 100 * time.Second, Labels: map[string]recorder.Labels{"pay": {Group: "checkout", Tags: map[string]string{"team": "money"}}}})
}

// ways writes the transitions of a report.
func ways(r report.Report) string {
	var all []string
	for _, way := range r.Transitions {
		all = append(all, fmt.Sprintf("%s>%s %v", way.From, way.To, way.People))
	}
	return strings.Join(all, ", ")
}

func TestVisitsAndTransitions(t *testing.T) {
	r := wander(t, 3, 10, 5)
	if got, want := ways(r), "start>list 15, list>list 10, list>pay 10, list>end 5, pay>end 10"; got != want {
		t.Errorf("the transitions are %s, want %s", got, want)
	}
	list, pay := r.Steps[0], r.Steps[1]
	if *list.Visits != 35 || *pay.Visits != 10 || list.Requests != 35 {
		t.Errorf("%v and %v visits, %v requests; want 35, 10, 35", *list.Visits, *pay.Visits, list.Requests)
	}
	if row := r.Funnel[0]; row.Entered != 15 || row.Passed != 15 || row.Retries != 0 || row.Unfinished != 0 {
		t.Errorf("the funnel counts rounds: %+v", row)
	}
	if faults := report.Check(r); len(faults) > 0 {
		t.Errorf("the books do not balance: %v", faults)
	}
	if pay.Group != "checkout" || pay.Tags["team"] != "money" || list.Group != "" {
		t.Errorf("the labels are %q and %v", pay.Group, pay.Tags)
	}
	seen := int64(0)
	for _, passed := range r.Series.Steps[0].Passed {
		seen += passed
	}
	if seen != 35 || r.Overload.RetryAmplification != 1 {
		t.Errorf("the series has %d passes, want every round, 35; amplification %v, want 1", seen, r.Overload.RetryAmplification)
	}
}

// TestTransitionsAddUp merges parts, and averages replications in which nobody took some ways.
func TestTransitionsAddUp(t *testing.T) {
	whole := wander(t, 1, 12, 8)
	merged, err := recorder.Merge([]report.Report{wander(t, 1, 12, 0), wander(t, 2, 0, 8)})
	if err != nil {
		t.Fatal(err)
	}
	if ways(merged) != ways(whole) || *merged.Steps[0].Visits != *whole.Steps[0].Visits || merged.Steps[1].Group != "checkout" {
		t.Errorf("the parts add up to %s, want %s", ways(merged), ways(whole))
	}
	mean, err := recorder.Average([]report.Report{wander(t, 1, 12, 0), wander(t, 1, 0, 8)})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := ways(mean), "start>list 10, list>list 6, list>pay 6, list>end 4, pay>end 6"; got != want {
		t.Errorf("the mean is %s, want %s", got, want)
	}
	one, other := wander(t, 1, 12, 0), wander(t, 1, 0, 8)
	one.Offered.ByStep, other.Offered.ByStep = map[string]report.Scheduling{"pay": {Scheduled: 12}}, map[string]report.Scheduling{"pay": {Scheduled: 0}}
	if mean, err := recorder.Average([]report.Report{one, other}); err != nil || mean.Offered.ByStep["pay"].Scheduled != 6 {
		t.Errorf("%v are scheduled on average, %v; want 6", mean.Offered.ByStep, err)
	}
	if interval, known := mean.Transitions[1].CI95["people"]; !known || interval[0] >= 6 || interval[1] <= 6 || *mean.Steps[0].Visits != (36.0+8)/2 {
		t.Errorf("the interval is %v, the mean of the visits %v", interval, *mean.Steps[0].Visits)
	}
}

func TestWaysOutsideTheJourneyAreRefused(t *testing.T) {
	for _, line := range []string{`{"shard":0,"second":0,"moves":[{"from":-2,"to":0,"visits":1}]}`, `{"shard":0,"second":0,"moves":[{"from":0,"to":2,"visits":1}]}`} {
		if _, err := recorder.ParseDelta([]byte(line), 2); err == nil || !strings.Contains(err.Error(), "outside the journey of 2 steps") {
			t.Errorf("%s gives %v", line, err)
		}
	}
}
