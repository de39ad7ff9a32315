package drill

import (
	"testing"
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/report/recorder"
)

// secondOf returns what a generator tells of a second in which people came to a journey of one step and passed.
func secondOf(journey funnel.Journey, people int) (told recorder.Delta) {
	observers := recorder.NewRecorder(journey, 1, func(delta recorder.Delta) { told = delta })
	o := observers.Observer(0)
	for person := range people {
		at := time.Duration(person) * time.Millisecond
		o.Scheduled(at)
		o.Started()
		o.Enter(0, at)
		o.Observe(funnel.Sample{Session: uint64(person), Step: 0, Attempt: 1, Intended: at, Start: at, End: at + time.Millisecond, Reason: 200, Final: true})
	}
	observers.Close()
	return told
}

// Thresholds that are shares of the people scheduled leave out those of whom nobody knows, in a report that is gathered as in
// one that was conducted: 100 of 100 passed, and of 50 of the next 100 nothing is known.
func TestGatheringLeavesOutTheLost(t *testing.T) {
	t.Parallel()
	journey := funnel.Journey{{Name: "go", Kind: funnel.Request}}
	outline := Outline{
		Journey: journey, Step: "go", Generators: 2, Placed: []string{backendPart}, People: []uint64{100, 100}, Speed: 1,
		ByStep:     []map[string]float64{{"go": 100}, {"go": 100}},
		Offered:    &recorder.OfferedFacts{Scheduled: 200, ByStep: map[string]report.Scheduling{"go": {Scheduled: 200}}},
		Thresholds: []funnel.Threshold{{Source: "go.passed >= 99% of scheduled"}},
	}
	for _, test := range []struct {
		why    string
		second int // people of whom the second generator told
		done   bool
		lost   float64
		value  report.Verdict
	}{
		{"both came to their end", 100, true, 0, report.Pass},
		{"the second told of half", 50, false, 50, report.Pass},
		{"nothing is known of the second", 0, false, 100, report.Pass},
		{"half of the second never passed, and it says so", 50, true, 0, report.Fail},
	} {
		g := NewGathering(outline)
		for generator, people := range []int{100, test.second} {
			delta := secondOf(journey, people)
			if err := g.Add(generator, Message{Delta: &delta}); people > 0 && err != nil {
				t.Fatal(err)
			}
		}
		for generator, done := range []bool{true, test.done} {
			if err := g.Add(generator, Message{Done: done}); err != nil {
				t.Fatal(err)
			}
		}
		r, err := g.Report(time.Now(), map[int]report.Agent{}, "a test")
		if err != nil {
			t.Fatal(err)
		}
		if lost := r.Offered.ByStep["go"].Lost; lost != test.lost {
			t.Errorf("%s: %v lost at the step, want %v", test.why, lost, test.lost)
		}
		if len(r.Thresholds) != 1 || r.Thresholds[0].Verdict != test.value {
			t.Errorf("%s: %+v, want %s", test.why, r.Thresholds, test.value)
		}
		if len(outline.Offered.ByStep) != 1 || outline.Offered.ByStep["go"].Lost != 0 {
			t.Errorf("%s: the outline was changed", test.why)
		}
	}
}

// What the parts on other machines keep comes into a gathered report: readings of stations, added up over backends, faults, and
// what the store holds beside what people were told.
func TestGatheringPlacedParts(t *testing.T) {
	t.Parallel()
	journey := funnel.Journey{{Name: "go", Kind: funnel.Request}}
	g := NewGathering(Outline{Journey: journey, Step: "go", Generators: 1, Placed: []string{backendPart, backendPart, mocksPart}, Speed: 1})
	delta := secondOf(journey, 10)
	delta.Acknowledged = []uint64{1, 2, 3}
	store := func(completions uint64) Message {
		return Message{Reading: &funnel.Reading{Station: "store", At: time.Second, Servers: 1, Completions: completions, Arrivals: completions}}
	}
	mark := funnel.Mark{At: time.Second, Kind: funnel.FaultMark, Text: "outage of mail"}
	for part, messages := range [][]Message{
		{{Delta: &delta}, {Done: true}},
		{store(4), {Stored: &Stored{Emails: []uint64{1, 2}}}, {Stored: &Stored{Emails: []uint64{2, 9}, NIKs: []uint64{1, 1}, Whole: true}}},
		{store(5)},
		{{Mark: &mark}},
	} {
		for _, message := range messages {
			if err := g.Add(part, message); err != nil {
				t.Fatal(err)
			}
		}
	}
	r, err := g.Report(time.Now(), map[int]report.Agent{2: {Agent: "two", Rows: 3}}, "a test")
	if err != nil {
		t.Fatal(err)
	}
	if want := (report.Reconciliation{Acknowledged: 3, Persisted: 3, Lost: 1, Unacknowledged: 1, Duplicates: 2}); r.Reconciliation == nil || *r.Reconciliation != want {
		t.Errorf("reconciled %+v, want %+v", r.Reconciliation, want)
	}
	if len(r.Placed) != 3 || r.Placed[0].Agent != "unknown" || r.Placed[1].Agent != "two" || r.Placed[2].Part != mocksPart {
		t.Errorf("placed %+v", r.Placed)
	}
	if len(r.Stations) != 1 || r.Stations[0].Completions != 9 || r.Stations[0].Servers != 2 {
		t.Errorf("stations %+v", r.Stations)
	}
	if len(r.Timeline) == 0 || r.Timeline[0].Text != mark.Text {
		t.Errorf("timeline %+v", r.Timeline)
	}
}
