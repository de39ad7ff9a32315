package recorder_test

import (
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ombak-sim/ombak/report/internal/surge"
	"github.com/ombak-sim/ombak/report/recorder"
)

// TestBriefReportsTheSame: a report from a brief recording equals that from a full one, except for the
// response times of each second.
func TestBriefReportsTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seed, people := rapid.Uint64().Draw(t, "seed"), rapid.IntRange(0, 10).Draw(t, "people")
		full, brief := recorder.NewRecording(surge.Journey()), recorder.NewRecording(surge.Journey()).Brief()
		whole, short := recorder.NewRecorder(surge.Journey(), 1, full.Add), recorder.NewRecorder(surge.Journey(), 1, brief.Add).Brief()
		for person := range people {
			random := rand.New(rand.NewPCG(seed, uint64(person)))
			at := time.Duration(random.IntN(5e9)) - 2*time.Second
			for _, event := range walk(random, uint64(person), at) {
				event.send(whole.Observer(0))
				event.send(short.Observer(0))
			}
		}
		whole.Close()
		short.Close()
		facts := recorder.Facts{Duration: 5 * time.Second}
		want, got := recorder.Assemble(full, facts), recorder.Assemble(brief, facts)
		want.Series.Heat = nil
		for i := range want.Series.Steps {
			step := &want.Series.Steps[i]
			step.P50, step.P95, step.P99 = nil, nil, nil
		}
		if !reflect.DeepEqual(want, got) {
			t.Fatalf("want %+v\ngot  %+v", want.Series, got.Series)
		}
	})
}
