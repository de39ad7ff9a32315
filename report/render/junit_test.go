package render_test

import (
	"bytes"
	"encoding/xml"
	"strings"
	"testing"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/report/render"
)

// suites is what a consumer of JUnit's XML reads.
type suites struct {
	Suite struct {
		Tests    int `xml:"tests,attr"`
		Failures int `xml:"failures,attr"`
		Errors   int `xml:"errors,attr"`
		Skipped  int `xml:"skipped,attr"`
		Cases    []struct {
			Name    string    `xml:"name,attr"`
			Skipped *struct{} `xml:"skipped"`
			Error   *struct{} `xml:"error"`
			Failure *struct{} `xml:"failure"`
		} `xml:"testcase"`
	} `xml:"testsuite"`
}

func readJUnit(t *testing.T, r report.Report) (read suites) {
	t.Helper()
	var file bytes.Buffer
	if err := render.JUnit(&file, r); err != nil {
		t.Fatal(err)
	}
	if err := xml.Unmarshal(file.Bytes(), &read); err != nil {
		t.Fatalf("%v in\n%s", err, &file)
	}
	return read
}

func TestJUnit(t *testing.T) {
	value := 1.0
	judgements := []report.Judgement{
		{Source: "lost == 0", Severity: funnel.Fail, Verdict: report.Pass, Value: &value},
		{Source: "a.passed < 1", Severity: funnel.Fail, Verdict: report.Fail, Reason: "it is 1"},
		{Source: "b.passed < 1", Severity: funnel.Warn, Verdict: report.Fail, Reason: "it is 1"},
		{Source: "c.response_time.p99 < 1s", Severity: funnel.Fail, Verdict: report.Inconclusive, Reason: "too few"},
	}
	tests := []struct {
		why                      string
		verdict                  report.Verdict
		tests, failures, errors_ int
		skipped                  int
	}{
		{"one broke, one warns, one has too little data", report.Fail, 5, 1, 0, 2},
		{"no threshold of an invalid run is judged", report.Invalid, 5, 0, 1, 4},
	}
	for _, test := range tests {
		got := readJUnit(t, report.Report{Verdict: test.verdict, Invalid: []string{"sent late"}, Thresholds: judgements}).Suite
		if got.Tests != test.tests || got.Failures != test.failures || got.Errors != test.errors_ || got.Skipped != test.skipped || len(got.Cases) != test.tests {
			t.Errorf("%s: %+v", test.why, got)
		}
	}
}

// Names may contain markup, control characters and invalid UTF-8. The output is still valid XML.
func TestJUnitEscapes(t *testing.T) {
	const hostile = "]]><script>alert(1)</script> & \"q\" \x00 \xff"
	r := report.Report{Scenario: report.Scenario{Name: hostile}, Plan: hostile, Verdict: report.Fail, Thresholds: []report.Judgement{
		{Source: hostile, Verdict: report.Fail, Reason: hostile, Severity: funnel.Fail},
	}}
	read := readJUnit(t, r)
	if got := read.Suite.Cases[1].Name; !strings.HasPrefix(got, `]]><script>alert(1)</script> & "q"`) {
		t.Errorf("the case is called %q", got)
	}
}
