package recorder_test

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/report/recorder"
)

// TestSlowestAttempts: whatever the number of shards and the way that Deltas take, the report names the ten slowest attempts of
// each step that was asked for, and none of others.
func TestSlowestAttempts(t *testing.T) {
	journey := funnel.Journey{{Name: "order", Kind: funnel.Request}, {Name: "pay", Kind: funnel.Request}}
	for _, shards := range []int{1, 3} {
		recording := recorder.NewRecording(journey)
		r := recorder.NewRecorder(journey, shards, func(delta recorder.Delta) {
			line, err := json.Marshal(delta)
			if err != nil {
				t.Fatal(err)
			}
			if delta, err = recorder.ParseDelta(line, len(journey)); err != nil {
				t.Fatal(err)
			}
			recording.Add(delta)
		}).Exemplify([]int{0})
		random := rand.New(rand.NewPCG(1, 2))
		type known struct {
			took  time.Duration
			trace string
		}
		var all []known
		for person := range 2000 {
			at, took := time.Duration(person)*10*time.Millisecond, time.Duration(random.IntN(1_000_000))*time.Microsecond
			for step := range journey {
				r.Observer(person % shards).Observe(funnel.Sample{Session: uint64(person), Step: step, Attempt: 1, Final: true, Intended: at, Start: at, End: at + took, Outcome: funnel.Completed, Reason: 200})
			}
			all = append(all, known{took, funnel.Attempt{Run: "night", Person: uint64(person), Step: "order", Number: 1}.TraceID()})
		}
		r.Close()
		slices.SortFunc(all, func(a, b known) int { return int(b.took - a.took) })
		got := recorder.Assemble(recording, recorder.Facts{RunID: "night", Duration: time.Minute})
		if len(got.Steps[0].Slowest) != 10 || got.Steps[1].Slowest != nil {
			t.Fatalf("%d shards: %d examples, %d of the other step", shards, len(got.Steps[0].Slowest), len(got.Steps[1].Slowest))
		}
		for i, slow := range got.Steps[0].Slowest {
			if slow.ResponseTimeS != all[i].took.Seconds() || slow.TraceID != all[i].trace || slow.Outcome != "completed" || slow.Reason != "200" {
				t.Errorf("%d shards: example %d is %+v, want %v and %s", shards, i, slow, all[i].took, all[i].trace)
			}
		}
	}
}

// TestSlowestOfParts: the slowest of several parts are the slowest of all.
func TestSlowestOfParts(t *testing.T) {
	_, parts := split(2)
	for k := range parts {
		for i := range 10 {
			parts[k].Steps[0].Slowest = append(parts[k].Steps[0].Slowest, report.Slow{ResponseTimeS: float64(100 - 2*i - k)})
		}
	}
	merged, err := recorder.Merge(parts)
	if err != nil {
		t.Fatal(err)
	}
	for i, slow := range merged.Steps[0].Slowest {
		if slow.ResponseTimeS != float64(100-i) || len(merged.Steps[0].Slowest) != 10 {
			t.Errorf("example %d of %d took %v", i, len(merged.Steps[0].Slowest), slow.ResponseTimeS)
		}
	}
}
