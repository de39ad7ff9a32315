package report_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/ombak-sim/ombak/report"
)

func TestReportIsReadBack(t *testing.T) {
	var first, second bytes.Buffer
	written := played(t)
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

func TestReadRefuses(t *testing.T) {
	var whole bytes.Buffer
	if err := report.Write(&whole, played(t)); err != nil {
		t.Fatal(err)
	}
	text := whole.String()
	tests := []struct{ why, text, want string }{
		{"a count below 0 in the heat", strings.Replace(text, `"counts": [`, `"counts": [[-1],`, 1), "-1"},
		{"nothing", "", "cut off after 0 bytes"},
		{"a part", text[:len(text)/2], "cut off"},
		{"no JSON", "<html>", "not JSON at byte 1"},
		{"trailing text", text + "{}", "not JSON"},
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

// A report of redline has levels and nothing else. No field is null, and no unknown field is 0.
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
