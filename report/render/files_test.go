package render_test

import (
	"bytes"
	"encoding/csv"
	"io"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/report/internal/surge"
	"github.com/ombak-sim/ombak/report/recorder"
	"github.com/ombak-sim/ombak/report/render"
	"github.com/ombak-sim/ombak/report/threshold"
)

func assembled(t *testing.T) report.Report {
	t.Helper()
	recording, facts := surge.Recorded()
	conditions, err := threshold.ParseAll([]funnel.Threshold{
		{Source: "sign-up.passed >= 99.9% of scheduled"},
		{Source: "identity.passed >= 50% of entered"},
		{Source: "identity.response_time.p99 < 1s", Severity: funnel.Warn},
	})
	if err != nil {
		t.Fatal(err)
	}
	return threshold.Rules{Conditions: conditions}.Judge(recorder.Assemble(recording, facts), recording, facts.Clock)
}

// The same run gives the same bytes in every file.
func TestFilesAreDeterministic(t *testing.T) {
	for name, write := range map[string]func(io.Writer, report.Report) error{
		"report.json": report.Write, "series.csv": render.CSV, "latency.hlog": render.HistogramLog,
		"summary.md": render.Markdown, "text": render.Text,
	} {
		var first, second bytes.Buffer
		if err := write(&first, assembled(t)); err != nil {
			t.Fatal(err)
		}
		if err := write(&second, assembled(t)); err != nil {
			t.Fatal(err)
		}
		if first.Len() == 0 || first.String() != second.String() {
			t.Errorf("%s differs from run to run", name)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"schema":"ombak.report/v1","series":{"t_s":[1],"scenario_s":[2],"scheduled":[0]},"histograms":{"schedule_lag":"HISTFAAAA"}}`))
	f.Add([]byte(`{"schema":"ombak.report/v1","funnel":[{"step":"sign-up","entered":1}],"thresholds":[{"source":"lost == 0"}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		read, err := report.Read(bytes.NewReader(text))
		if err != nil {
			return
		}
		for _, write := range []func(io.Writer, report.Report) error{report.Write, render.CSV, render.Markdown, render.Text} {
			if err := write(io.Discard, read); err != nil {
				t.Error(err)
			}
		}
	})
}

func TestHistogramLogIsReadBack(t *testing.T) {
	var log bytes.Buffer
	want := assembled(t)
	started := time.Date(2020, 4, 11, 12, 0, 0, 0, time.UTC)
	want.Started = &started
	if err := render.HistogramLog(&log, want); err != nil {
		t.Fatal(err)
	}
	reader := hdrhistogram.NewHistogramLogReader(&log)
	for _, step := range want.Steps {
		histogram, err := reader.NextIntervalHistogram()
		if err != nil || histogram == nil {
			t.Fatalf("%s: %v, %v", step.Step, histogram, err)
		}
		if histogram.Tag() != step.Step || float64(histogram.TotalCount()) != step.ResponseTimeS.Count {
			t.Errorf("read %s with %d values, want %s with %v", histogram.Tag(), histogram.TotalCount(), step.Step, step.ResponseTimeS.Count)
		}
		if got := float64(histogram.ValueAtPercentile(99)) / 1e6; got != step.ResponseTimeS.P99 {
			t.Errorf("%s: p99 is %v, the report says %v", step.Step, got, step.ResponseTimeS.P99)
		}
	}
}

func TestCSV(t *testing.T) {
	var file bytes.Buffer
	written := assembled(t)
	if err := render.CSV(&file, written); err != nil {
		t.Fatal(err)
	}
	records, err := csv.NewReader(&file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(records) != 1+len(written.Series.TS) || len(records[0]) != 4+11*len(surge.Journey()) {
		t.Fatalf("%d rows of %d fields", len(records), len(records[0]))
	}
	if got := strings.Join(records[1][:5], " "); got != "0 0 50 50 48" { // 50 enter in a second; the last two are answered in the next
		t.Errorf("the first row begins %q", got)
	}
	if records[2][1] != "2" {
		t.Errorf("scenario_s is %s after a real second at speed 2", records[2][1])
	}
}

func TestTextFitsTheTerminal(t *testing.T) {
	large := assembled(t)
	for i := range large.Funnel {
		row := &large.Funnel[i]
		*row = report.FunnelRow{
			Step: "a-step-with-quite-a-long-name", Entered: 1432133, Passed: 1063028, PeakPassedPerMin: 80000, Declined: 2400000,
			Abandoned: 1432133, Rejected: 1432133, Failed: 1432133, TimedOut: 1432133, Unfinished: 1432133, Retries: 14321330,
		}
	}
	for name, r := range map[string]report.Report{"small": assembled(t), "large": large, "empty": {}} {
		var text bytes.Buffer
		if err := render.Text(&text, r); err != nil {
			t.Fatal(err)
		}
		table, _, _ := strings.Cut(text.String(), "verdict:")
		for line := range strings.Lines(table) {
			if width := utf8.RuneCountInString(strings.TrimRight(line, "\n")); width > 100 {
				t.Errorf("%s: %d characters: %s", name, width, line)
			}
		}
		t.Log("\n" + text.String())
	}
}
