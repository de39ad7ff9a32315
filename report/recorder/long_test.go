package recorder_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"runtime"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/report/recorder"
	"github.com/ombak-sim/ombak/report/render"
)

// longRun feeds a recorder with the same number of attempts in every second, of which one in a hundred is rejected.
type longRun struct {
	recording *recorder.Recording
	recorder  *recorder.Recorder
	rate      int // attempts per second
	fed       int // seconds
}

func newLongRun(rate int) *longRun {
	journey := funnel.Journey{{Name: "order", Kind: funnel.Request}}
	l := &longRun{recording: recorder.NewRecording(journey), rate: rate}
	l.recorder = recorder.NewRecorder(journey, 1, l.recording.Add)
	return l
}

// feed plays up to an instant of the run.
func (l *longRun) feed(until time.Duration) {
	observer := l.recorder.Observer(0)
	for ; l.fed < int(until/time.Second); l.fed++ {
		for i := range l.rate {
			at := time.Duration(l.fed)*time.Second + time.Duration(i)*time.Second/time.Duration(l.rate)
			sample := funnel.Sample{
				Session: uint64(l.fed*l.rate + i), Attempt: 1, Final: true, Intended: at, Start: at,
				End: at + time.Duration(1+i%50)*time.Millisecond/100, Outcome: funnel.Completed, Reason: 200,
			}
			if i%100 == 99 {
				sample.Outcome, sample.Reason = funnel.Rejected, 503
			}
			observer.Scheduled(at)
			observer.Started()
			observer.Enter(0, at)
			observer.Observe(sample)
			observer.Finished(sample.End)
		}
	}
}

func (l *longRun) report() report.Report {
	l.recorder.Close()
	return recorder.Assemble(l.recording, recorder.Facts{Duration: time.Duration(l.fed) * time.Second})
}

// heap returns the bytes in use.
func heap() uint64 {
	var stats runtime.MemStats
	runtime.GC()
	runtime.GC() // what the first has found to be finalized
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

// TestLongRuns: in 48 virtual hours with 172.8 million attempts (a hundredth of them with -short), memory and the report
// grow for 24 hours and not after that, and all totals are exact.
func TestLongRuns(t *testing.T) {
	rate := 1000
	if testing.Short() {
		rate = 10
	}
	before := heap()
	run := newLongRun(rate)
	run.feed(24 * time.Hour)
	day := heap() - before
	size := func() int {
		text, err := json.Marshal(recorder.Assemble(run.recording, recorder.Facts{Duration: time.Duration(run.fed) * time.Second}))
		if err != nil {
			t.Fatal(err)
		}
		return len(text)
	}
	daily := size()
	run.feed(48 * time.Hour)
	if now := heap() - before; now > day+day/4+16<<20 {
		t.Errorf("%d MB after 48 hours, %d MB after 24", now>>20, day>>20)
	}
	if now := size(); now > daily+daily/4 {
		t.Errorf("the report has %d bytes after 48 hours, %d after 24", now, daily)
	}
	checkLongRun(t, run.report(), 48*60*60, rate, 2)
}

// checkLongRun compares all totals with what was fed.
func checkLongRun(t *testing.T, r report.Report, seconds, rate int, width int64) {
	t.Helper()
	total, rejected := float64(seconds*rate), float64(seconds*(rate/100))
	if row := r.Funnel[0]; row.Entered != total || row.Passed != total-rejected || row.Rejected != rejected || row.PeakPassedPerMin != 60*float64(rate-rate/100) {
		t.Errorf("the funnel has %+v; want %v people, %v rejected", row, total, rejected)
	}
	if r.Offered.Scheduled != total || r.Offered.PeakPerMin != 60*float64(rate) || r.Steps[0].Requests != total {
		t.Errorf("offered %+v, requests %v; want %v, and %d in the busiest minute", r.Offered, r.Steps[0].Requests, total, 60*rate)
	}
	if count, err := r.Histograms.DecodeResponseTime("order", report.SentOutcomes()...); err != nil || float64(count.TotalCount()) != total {
		t.Errorf("the histogram counts %v (%v), want %v", count.TotalCount(), err, total)
	}
	s := r.Series
	if s.Width() != width || len(s.TS) != seconds/int(width) || len(s.TS) > 86400 {
		t.Errorf("%d rows of %d s; want %d s, and at most those of a day", len(s.TS), s.Width(), width)
	}
	sums := [3]int64{}
	for i := range s.TS {
		sums[0], sums[1], sums[2] = sums[0]+s.Scheduled[i], sums[1]+s.Steps[0].Requests[i], sums[2]+s.Steps[0].Passed[i]
	}
	if sums != [3]int64{int64(total), int64(total), int64(total - rejected)} {
		t.Errorf("the series adds up to %v; want %v, of which %v passed", sums, total, total-rejected)
	}
	var text bytes.Buffer
	if err := render.CSV(&text, r); err != nil {
		t.Fatal(err)
	}
	records, err := csv.NewReader(&text).ReadAll()
	if err != nil || len(records) != 1+len(s.TS) || last(records[0]) != "for_s" || last(records[1]) != strconv.FormatInt(width, 10) {
		t.Errorf("the CSV has %d rows, beginning with %v, %v", len(records), records[:min(2, len(records))], err)
	}
}

// TestPartsOfLongRuns: parts with rows of different widths add up.
func TestPartsOfLongRuns(t *testing.T) {
	short, long := newLongRun(1), newLongRun(1)
	short.feed(12 * time.Hour)
	long.feed(30 * time.Hour)
	parts := []report.Report{short.report(), long.report()}
	for k := range parts {
		parts[k].Part = &report.Part{K: k + 1, N: 2}
		parts[k].Scenario = report.Scenario{Name: "split", Seed: 1}
	}
	merged, err := recorder.Merge(parts)
	if err != nil {
		t.Fatal(err)
	}
	passed := int64(0)
	for _, n := range merged.Series.Steps[0].Passed {
		passed += n
	}
	if want := int64(42 * 60 * 60); merged.Series.Width() != 2 || len(merged.Series.TS) != 15*60*60 || passed != want || merged.Series.TS[1] != 2 {
		t.Errorf("%d rows of %d s with %d who passed, want %d", len(merged.Series.TS), merged.Series.Width(), passed, want)
	}
	if err := short.recording.Merge(long.recording); err != nil {
		t.Fatal(err)
	}
	whole := recorder.Assemble(short.recording, recorder.Facts{Duration: 30 * time.Hour})
	if whole.Funnel[0].Passed != float64(passed) || whole.Series.Width() != 2 || whole.Funnel[0].PeakPassedPerMin != 120 {
		t.Errorf("recordings add up to %+v in rows of %d s", whole.Funnel[0], whole.Series.Width())
	}
}

// TestWideRowsAddUp: whatever the seconds of a run and their order, no count is lost when rows are merged, and there are
// never more rows than those of a day.
func TestWideRowsAddUp(t *testing.T) {
	journey := funnel.Journey{{Name: "order", Kind: funnel.Request}}
	rapid.Check(t, func(t *rapid.T) {
		recording, scheduled := recorder.NewRecording(journey), int64(0)
		for range rapid.IntRange(1, 40).Draw(t, "deltas") {
			delta := recorder.Delta{Second: rapid.Int64Range(-100, 5_000_000).Draw(t, "second"), Scheduled: rapid.Uint64Range(0, 9).Draw(t, "people")}
			scheduled += int64(delta.Scheduled)
			recording.Add(delta)
		}
		s := recorder.Assemble(recording, recorder.Facts{}).Series
		sum := int64(0)
		for i := range s.TS {
			sum += s.Scheduled[i]
			if i > 0 && s.TS[i] != s.TS[i-1]+s.Width() {
				t.Fatalf("row %d begins at %d, the one before at %d, %d s wide", i, s.TS[i], s.TS[i-1], s.Width())
			}
		}
		if sum != scheduled || len(s.TS) > 86400 {
			t.Fatalf("%d scheduled in %d rows, want %d", sum, len(s.TS), scheduled)
		}
	})
}

// TestReadingsAreBounded: at most a day's readings of a station are kept, with the last one and the longest queue.
func TestReadingsAreBounded(t *testing.T) {
	var readings recorder.Readings
	for second := range 200_001 {
		readings.Add(funnel.Reading{Station: "web", At: time.Duration(second) * time.Second, Completions: uint64(second), Queued: map[bool]int{true: 9}[second == 777]})
	}
	all := readings.All()
	longest := 0
	for i, reading := range all {
		longest = max(longest, reading.QueueMax, reading.Queued)
		if i > 0 && reading.At <= all[i-1].At {
			t.Fatal("the readings are out of order")
		}
	}
	if last := all[len(all)-1]; len(all) > 86400 || last.Completions != 200_000 || longest != 9 {
		t.Errorf("%d readings, the last %+v, the longest queue %d", len(all), last, longest)
	}
}

func last(fields []string) string { return fields[len(fields)-1] }
