package recorder_test

import (
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/report/internal/surge"
	"github.com/ombak-sim/ombak/report/recorder"
)

// split records the same people as a whole and divided into parts.
func split(parts int) (whole report.Report, reports []report.Report) {
	random := rand.New(rand.NewPCG(8, 8))
	all := recorder.NewRecording(surge.Journey())
	var recordings []*recorder.Recording
	var observers []*recorder.ShardObserver
	var recorders []*recorder.Recorder
	for range parts {
		recording := recorder.NewRecording(surge.Journey())
		shard := recorder.NewRecorder(surge.Journey(), 1, func(delta recorder.Delta) { recording.Add(delta); all.Add(delta) })
		recordings, recorders, observers = append(recordings, recording), append(recorders, shard), append(observers, shard.Observer(0))
	}
	for person := range uint64(2000) {
		observer := observers[person%uint64(parts)]
		at := time.Duration(person) * 60 * time.Millisecond
		observer.Scheduled(at)
		observer.Started()
		for _, event := range walk(random, person, at) {
			event.send(observer)
		}
		observer.Finished(at)
	}
	facts := func(k int) recorder.Facts {
		started := time.Date(2026, 1, 2, 3, 4, 5, k, time.UTC)
		return recorder.Facts{
			Scenario: report.Scenario{Name: "split", Seed: 1}, Started: &started, Duration: 130 * time.Second,
		}
	}
	for k, recording := range recordings {
		recorders[k].Close()
		reports = append(reports, recorder.Assemble(recording, facts(k)))
	}
	return recorder.Assemble(all, facts(0)), reports
}

// The parts add up to exactly what one generator would have reported.
func TestPartsAddUp(t *testing.T) {
	for _, n := range []int{1, 2, 5} {
		whole, parts := split(n)
		merged, err := recorder.Merge(parts)
		if err != nil {
			t.Fatal(err)
		}
		for name, pair := range map[string][2]any{
			"offered": {merged.Offered, whole.Offered}, "funnel": {merged.Funnel, whole.Funnel}, "steps": {merged.Steps, whole.Steps},
			"histograms": {merged.Histograms, whole.Histograms}, "generator": {merged.Generator, whole.Generator},
			"seconds": {merged.Series.TS, whole.Series.TS}, "passed": {merged.Series.Steps[0].Passed, whole.Series.Steps[0].Passed},
			"requests": {merged.Series.Steps[2].Requests, whole.Series.Steps[2].Requests}, "scheduled": {merged.Series.Scheduled, whole.Series.Scheduled},
		} {
			if !reflect.DeepEqual(pair[0], pair[1]) {
				t.Errorf("%d parts: %s differs:\n%+v\n%+v", n, name, pair[0], pair[1])
			}
		}
		for i, p95 := range merged.Series.Steps[0].P95 {
			if p95 == p95 && p95 != whole.Series.Steps[0].P95[i] {
				t.Errorf("%d parts: the p95 of second %d is %v, not %v nor absent", n, i, p95, whole.Series.Steps[0].P95[i])
			}
		}
	}
}

func TestMergeRefuses(t *testing.T) {
	tests := []struct {
		why, want string
		spoil     func(*report.Report)
	}{
		{"another seed", "scenario or seed", func(r *report.Report) { r.Scenario.Seed = 2 }},
		{"another plan", "plan or speed", func(r *report.Report) { r.Plan = "other" }},
		{"a simulation", "simulated", func(r *report.Report) { r.Engine = report.Simulated }},
		{"a whole drill", "whole drill", func(r *report.Report) { r.Reconciliation = &report.Reconciliation{} }},
		{"other steps", "its steps differ", func(r *report.Report) { r.Funnel, r.Steps = r.Funnel[:1], r.Steps[:1] }},
		{"a damaged histogram", "damaged", func(r *report.Report) { r.Histograms.ScheduleLag = "HISTF" }},
	}
	for _, test := range tests {
		_, parts := split(2)
		test.spoil(&parts[1])
		if _, err := recorder.Merge(parts); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", test.why, err)
		}
	}
	_, parts := split(2)
	if _, err := recorder.Merge([]report.Report{parts[0], parts[0]}); err == nil || !strings.Contains(err.Error(), "once") {
		t.Errorf("the same part twice: %v", err)
	}
}

// Reports that name their part merge only as K = 1 … N of one run, each once.
func TestMergeNeedsEachPartOnce(t *testing.T) {
	part := func(k, n int) *report.Part { return &report.Part{K: k, N: n, Scale: 1} }
	tests := []struct {
		why, want string
		spoil     func([]report.Report) []report.Report
	}{
		{"each once, in any order", "", func(r []report.Report) []report.Report { return []report.Report{r[2], r[0], r[1]} }},
		{"the last is missing", "part 3/3 is missing", func(r []report.Report) []report.Report { return r[:2] }},
		{"a part played twice", "part 1/3 is given twice", func(r []report.Report) []report.Report { r[2].Part = part(1, 3); return r }},
		{"the whole beside its part", "others do not", func(r []report.Report) []report.Report { r[1].Part = nil; return r }},
		{"parts of another division", "number of parts", func(r []report.Report) []report.Report { r[1].Part = part(2, 4); return r }},
		{"another scale", "scale", func(r []report.Report) []report.Report { r[1].Part.Scale = 0.5; return r }},
		{"another window", "window", func(r []report.Report) []report.Report { r[1].Part.FromS = 60; return r }},
		{"another rate", "rate", func(r []report.Report) []report.Report { r[1].Part.MaxRate = 9; return r }},
		{"a part that does not exist", "does not exist", func(r []report.Report) []report.Report { r[1].Part = part(4, 3); return r }},
		{"unmarked reports, one twice", "report 3 is report 2 again", func(r []report.Report) []report.Report {
			for i := range r {
				r[i].Part = nil
			}
			r[2] = r[1]
			return r
		}},
	}
	for _, test := range tests {
		_, parts := split(3)
		for i := range parts {
			parts[i].Part = part(i+1, 3)
		}
		merged, err := recorder.Merge(test.spoil(parts))
		if test.want == "" {
			if err != nil || merged.Part != nil || strings.Contains(strings.Join(merged.Warnings, ""), "missing") {
				t.Errorf("%s: %v, %+v, %q", test.why, err, merged.Part, merged.Warnings)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v; want %q", test.why, err, test.want)
		}
	}
}

// Handshakes add up, and their mean times are weighted.
func TestHandshakesAddUp(t *testing.T) {
	_, parts := split(3)
	two, four := 2.0, 4.0
	parts[0].Generator.Handshakes = &report.Handshakes{Full: 1, FullMeanS: &four}
	parts[2].Generator.Handshakes = &report.Handshakes{Full: 3, FullMeanS: &two, Resumed: 5, ResumedMeanS: &two}
	merged, err := recorder.Merge(parts)
	if err != nil {
		t.Fatal(err)
	}
	mean := 2.5 // (1 × 4 + 3 × 2) / 4
	if want := (&report.Handshakes{Full: 4, FullMeanS: &mean, Resumed: 5, ResumedMeanS: &two}); !reflect.DeepEqual(merged.Generator.Handshakes, want) {
		t.Errorf("%+v, want %+v", merged.Generator.Handshakes, want)
	}
}
