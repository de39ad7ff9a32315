package recorder_test

import (
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"pgregory.net/rapid"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/report/internal/surge"
	"github.com/ombak-sim/ombak/report/recorder"
)

func TestAssemble(t *testing.T) {
	recording, facts := surge.Recorded()
	assembled := recorder.Assemble(recording, facts)
	wantIdentity := report.FunnelRow{Step: funnel.Identity, Entered: 200, Passed: 20, PeakPassedPerMin: 20, Rejected: 180}
	if got := assembled.Funnel[2]; !reflect.DeepEqual(got, wantIdentity) {
		t.Errorf("identity is %+v, want %+v", got, wantIdentity)
	}
	if got := assembled.Steps[0]; got.Requests != 200 || got.ThroughputPerS != 40 || got.GoodputPerS != 40 { // 200 in 5 s
		t.Errorf("sign-up is %+v", got)
	}
	if got := assembled.Steps[2].ResponseTimePassedS.Count; got != 20 {
		t.Errorf("%v passed attempts have a response time, want 20: rejections must not make it look fast", got)
	}
	batches, fsync := 20.0, 1.0
	wantStation := report.StationRow{
		Name: "writer", Servers: 1, Completions: 200, BusyS: 2, QueueMean: 2, QueueMax: 9, Batches: &batches, FsyncS: &fsync,
	}
	if !reflect.DeepEqual(assembled.Stations, []report.StationRow{wantStation}) {
		t.Errorf("stations are %+v", assembled.Stations)
	}
	if got := assembled.Timeline; got[0].Text != "opening" || got[1].AtS != 2 || got[1].ForS != 1 {
		t.Errorf("the timeline is %+v", got)
	}
	if got := assembled.Series.Stations[0].ScenarioS; !reflect.DeepEqual(got, []float64{2, 10}) { // speed 2
		t.Errorf("the station is read at %v of the scenario", got)
	}
}

// The peak is that of any 60 whole seconds, wherever they start.
func TestPeak(t *testing.T) {
	steps := surge.Journey()[:1]
	recording := recorder.NewRecording(steps)
	observers := recorder.NewRecorder(steps, 1, recording.Add)
	for _, second := range []int{10, 50, 69, 70, 200} { // 10 to 69 are sixty seconds, 10 to 70 are not
		observers.Observer(0).Enter(0, time.Duration(second)*time.Second)
		observers.Observer(0).Observe(funnel.Sample{Attempt: 1, End: time.Duration(second) * time.Second, Final: true})
	}
	observers.Close()
	if got := recorder.Assemble(recording, recorder.Facts{}).Funnel[0].PeakPassedPerMin; got != 3 {
		t.Errorf("the peak is %v, want 3", got)
	}
}

// An attempt that could not be sent is not a request, and its person is unfinished. The report warns of it.
func TestUnsentAttempts(t *testing.T) {
	recording := recorder.NewRecording(surge.Journey())
	observers := recorder.NewRecorder(surge.Journey(), 1, recording.Add)
	observers.Observer(0).Enter(0, 0)
	observers.Observer(0).Observe(funnel.Sample{Attempt: 1, Outcome: funnel.Dropped, Reason: funnel.ReasonLocal, Final: true})
	observers.Close()
	assembled := recorder.Assemble(recording, recorder.Facts{})
	if assembled.Funnel[0].Unfinished != 1 || assembled.Steps[0].Requests != 0 || len(assembled.Warnings) != 1 {
		t.Errorf("%+v, %+v, %q", assembled.Funnel[0], assembled.Steps[0], assembled.Warnings)
	}
	if len(assembled.Invalid) > 0 {
		t.Errorf("the books: %q", assembled.Invalid)
	}
}

// The report's quantiles equal those of hdrhistogram-go for the same values.
func TestQuantilesAreThoseOfHdrHistogram(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		want := hdrhistogram.New(1, int64(time.Hour/time.Microsecond), 3)
		recording := recorder.NewRecording(surge.Journey())
		observers := recorder.NewRecorder(surge.Journey(), 1, recording.Add)
		for range rapid.IntRange(1, 500).Draw(t, "values") {
			micros := 1 + random.Int64N(1<<uint(1+random.IntN(31)))
			if err := want.RecordValue(micros); err != nil {
				t.Fatal(err)
			}
			observers.Observer(0).Observe(funnel.Sample{Attempt: 1, End: time.Duration(micros) * time.Microsecond})
		}
		observers.Close()
		got := recorder.Assemble(recording, recorder.Facts{}).Steps[0].ResponseTimeS
		for percentile, value := range map[float64]float64{50: got.P50, 90: got.P90, 95: got.P95, 99: got.P99, 99.9: got.P999} {
			if expected := float64(want.ValueAtPercentile(percentile)) / 1e6; value != expected {
				t.Fatalf("p%v is %v, hdrhistogram-go says %v", percentile, value, expected)
			}
		}
		if got.Max != float64(want.Max())/1e6 || got.Mean != want.Mean()/1e6 {
			t.Fatalf("mean %v, max %v; hdrhistogram-go says %v and %v", got.Mean, got.Max, want.Mean(), want.Max())
		}
	})
}
