package setup

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/scenarios"
)

// No output of a run contains the value of a variable.
func TestVariablesAreMaskedEverywhere(t *testing.T) {
	run := &Planned{
		Scenario: &scenarios.Scenario{Vars: map[string]scenarios.Var{"token": {}, "key": {Default: "hunter22", Secret: true}, "zone": {Default: "jakarta"}}},
		Options:  Options{Vars: map[string]string{"token": "s3cret", "longer": "s3cret-and-more", "short": "1"}},
	}
	m := run.Mask()
	cause := fmt.Errorf("dial s3cret.example: %w", io.ErrUnexpectedEOF)
	if err := m.Error(cause); strings.Contains(err.Error(), "s3cret") || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("the error is %v", err)
	}
	var log bytes.Buffer
	_, _ = m.Writer(&log).Write([]byte("with s3cret-and-more, hunter22, jakarta and 1"))
	if got, want := log.String(), "with ***, ***, jakarta and 1"; got != want {
		t.Errorf("the log is %q, want %q", got, want)
	}
	r := report.Report{
		Warnings: []string{"w s3cret"}, Invalid: []string{"i s3cret"}, Command: "ombak s3cret",
		Timeline: []report.Event{{Text: "t s3cret"}}, Thresholds: []report.Judgement{{Reason: "r s3cret"}},
	}
	m.Report(&r)
	var text bytes.Buffer
	if err := report.Write(&text, r); err != nil || strings.Contains(text.String(), "s3cret") || strings.Count(text.String(), "***") != 5 {
		t.Errorf("the report is %s, %v", text.String(), err)
	}
}
