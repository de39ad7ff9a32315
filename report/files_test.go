package report_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
)

func assembled(t *testing.T) report.Report {
	t.Helper()
	recording, facts := surge()
	conditions, err := report.ParseThresholds([]funnel.Threshold{
		{Source: "sign-up.passed >= 99.9% of scheduled"},
		{Source: "identity.passed >= 50% of entered"},
		{Source: "identity.response_time.p99 < 1s", Severity: funnel.Warn},
	})
	if err != nil {
		t.Fatal(err)
	}
	facts.Conditions = conditions
	return report.Assemble(recording, facts)
}

func TestReportIsReadBack(t *testing.T) {
	var first, second bytes.Buffer
	written := assembled(t)
	if err := report.Write(&first, written); err != nil {
		t.Fatal(err)
	}
	if !json.Valid(first.Bytes()) {
		t.Fatal("report.json is not JSON")
	}
	read, err := report.Read(bytes.NewReader(first.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	if err := report.Write(&second, read); err != nil {
		t.Fatal(err)
	}
	if first.String() != second.String() {
		t.Error("report.json changes when it is read and written again")
	}
	if !reflect.DeepEqual(read.Funnel, written.Funnel) || !reflect.DeepEqual(read.Steps, written.Steps) {
		t.Error("the funnel changes when it is read")
	}
}

// The same run gives the same bytes in every file.
func TestFilesAreDeterministic(t *testing.T) {
	for name, write := range map[string]func(io.Writer, report.Report) error{
		"report.json": report.Write, "series.csv": report.WriteCSV, "latency.hlog": report.WriteHistogramLog,
		"summary.md": report.WriteSummary, "text": report.WriteText,
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

func TestReadRefuses(t *testing.T) {
	var whole bytes.Buffer
	if err := report.Write(&whole, assembled(t)); err != nil {
		t.Fatal(err)
	}
	text := whole.String()
	tests := []struct{ why, text, want string }{
		{"nothing", "", "cut off after 0 bytes"},
		{"a part", text[:len(text)/2], "cut off"},
		{"no JSON", "<html>", "not JSON at byte 1"},
		{"something after it", text + "{}", "not JSON"},
		{"another document", `{"a":1}`, "no schema"},
		{"a newer format", `{"schema":"ombak.report/v2"}`, `"ombak.report/v2"`},
		{"a list", `[1]`, "a JSON array"},
		{"a wrong type", strings.Replace(text, `"seed": 7`, `"seed": "seven"`, 1), "scenario.seed is a JSON string"},
		{"a wrong type in a column", strings.Replace(text, `"p50": [`, `"p50": [true,`, 1), "column"},
		{"a column of another length", strings.Replace(text, `"entered": [`, `"entered": [1,`, 1), "sign-up.entered has"},
	}
	for _, test := range tests {
		_, err := report.Read(strings.NewReader(test.text))
		if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v; want %q", test.why, err, test.want)
		}
	}
}

// A report of redline has levels and nothing else; nothing is null and nothing is a fake 0.
func TestLevelsAreReadBack(t *testing.T) {
	var file bytes.Buffer
	levels := []report.Level{{OfferedPerS: 100, Report: "level-01/report.json"}}
	if err := report.Write(&file, report.Report{Schema: report.Schema, Levels: levels}); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(file.String(), "null") {
		t.Errorf("something is null:\n%s", file.String())
	}
	read, err := report.Read(&file)
	if err != nil || !reflect.DeepEqual(read.Levels, levels) {
		t.Errorf("read %+v, %v", read.Levels, err)
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
		for _, write := range []func(io.Writer, report.Report) error{report.Write, report.WriteCSV, report.WriteSummary, report.WriteText} {
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
	if err := report.WriteHistogramLog(&log, want); err != nil {
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
	if err := report.WriteCSV(&file, written); err != nil {
		t.Fatal(err)
	}
	records, err := csv.NewReader(&file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(records) != 1+len(written.Series.TS) || len(records[0]) != 3+11*len(journey()) {
		t.Fatalf("%d rows of %d fields", len(records), len(records[0]))
	}
	if got := strings.Join(records[1][:5], " "); got != "0 0 50 50 48" { // 50 enter in a second, the last two are answered in the next
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
		if err := report.WriteText(&text, r); err != nil {
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
