package plots_test

import (
	"bytes"
	"flag"
	"image/png"
	"maps"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/plots"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/report/recorder"
)

var (
	update = flag.Bool("update", false, "rewrite the golden figures")
	look   = flag.String("look", "", "write the figures of all test runs into this folder")
)

// Each figure of the gallery is identical to the one in testdata.
func TestGolden(t *testing.T) {
	for _, figure := range gallery(t) {
		holds(t, filepath.Join("testdata", figure.Name+".svg"), figure.SVG)
		if _, err := png.Decode(bytes.NewReader(figure.PNG)); err != nil {
			t.Errorf("%s: %v", figure.Name, err)
		}
	}
}

// glyphs matches the font that a figure embeds. Its compressed form may vary.
var glyphs = regexp.MustCompile(`base64,[0-9A-Za-z+/=]+`)

// holds compares with a file, or rewrites it.
func holds(t *testing.T, golden string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(glyphs.ReplaceAll(got, nil), glyphs.ReplaceAll(want, nil)) {
		t.Errorf("it differs from %s; look at it with -look DIR, then accept it with -update", golden)
	}
}

func TestLook(t *testing.T) {
	if *look == "" {
		t.Skip("only with -look DIR")
	}
	for name, r := range map[string]report.Report{"short": short(), "day": day(), "empty": {}, "one": single()} {
		figures, err := plots.All(r)
		if err != nil {
			t.Fatal(err)
		}
		for _, figure := range figures {
			show(t, name, figure)
		}
	}
	for _, figure := range gallery(t) {
		show(t, "gallery", figure)
	}
}

func show(t *testing.T, name string, figure plots.Figure) {
	t.Helper()
	for ending, file := range map[string][]byte{".png": figure.PNG, ".svg": figure.SVG} {
		if err := os.WriteFile(filepath.Join(*look, name+"-"+figure.Name+ending), file, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// single returns a run of one person in one second.
func single() report.Report {
	steps := journey()[1:2]
	recording := recorder.NewRecording(steps)
	observers := recorder.NewRecorder(steps, 1, recording.Add)
	observers.Observer(0).Enter(0, 0)
	observers.Observer(0).Observe(funnel.Sample{Attempt: 1, Final: true})
	observers.Close()
	return recorder.Assemble(recording, recorder.Facts{Duration: time.Second})
}

// No series makes a figure fail.
func TestAnySeriesIsDrawn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows, steps := rapid.IntRange(0, 5).Draw(t, "rows"), rapid.IntRange(0, 3).Draw(t, "steps")
		counts := func() []int64 { return rapid.SliceOfN(rapid.Int64Range(0, 3), rows, rows).Draw(t, "counts") }
		times := func() report.Column {
			return rapid.SliceOfN(rapid.SampledFrom([]float64{0, 1e-6, 1, 3600, math.NaN()}), rows, rows).Draw(t, "times")
		}
		r := report.Report{Timeline: rapid.SliceOfN(rapid.Custom(event), 0, 14).Draw(t, "events")}
		for row := range rows {
			r.Series.TS = append(r.Series.TS, int64(row-1))
		}
		for step := range steps {
			name := journey()[step].Name
			r.Funnel = append(r.Funnel, report.FunnelRow{Step: name, Entered: float64(step), Unfinished: float64(step)})
			r.Steps = append(r.Steps, report.StepRow{Step: name, ResponseTimeS: &report.Quantiles{P99: float64(step)}})
			r.Series.Steps = append(r.Series.Steps, report.StepSeries{
				Step: name, Entered: counts(), Requests: counts(), Passed: counts(), Declined: counts(), Rejected: counts(),
				Failed: counts(), TimedOut: counts(), Abandoned: counts(), P50: times(), P95: times(), P99: times(),
			})
		}
		for station := range rapid.IntRange(0, 3).Draw(t, "stations") {
			r.Series.Stations = append(r.Series.Stations, report.StationSeries{
				Name: "step:" + journey()[station].Name, TS: times()[:0:0], BusyS: nil,
			})
			last := &r.Series.Stations[station]
			for k := range rows {
				last.TS, last.BusyS = append(last.TS, float64(k/2)), append(last.BusyS, float64(rapid.IntRange(0, 9).Draw(t, "busy")))
			}
			last.Servers, last.Busy, last.Queued = counts(), counts(), counts()
			if station > 0 { // a waiting room, whose counts may be inconsistent
				last.Servers = make([]int64, len(last.TS))
			}
			for i := range last.TS {
				last.Arrivals, last.Completions = append(last.Arrivals, uint64(last.Busy[i])), append(last.Completions, uint64(last.Queued[i]))
			}
		}
		draws := plots.Drawings()
		if _, err := draws[rapid.SampledFrom(slices.Sorted(maps.Keys(draws))).Draw(t, "figure")](r); err != nil {
			t.Fatal(err)
		}
	})
}

func event(t *rapid.T) report.Event {
	return report.Event{
		AtS: rapid.Float64Range(-10, 10).Draw(t, "at"), ForS: rapid.Float64Range(0, 10).Draw(t, "for"),
		Kind: rapid.SampledFrom([]funnel.MarkKind{funnel.PhaseMark, funnel.FaultMark}).Draw(t, "kind"), Text: "an event",
	}
}
