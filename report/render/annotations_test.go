package render_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/ombak-sim/ombak/report/render"
)

func TestAnnotations(t *testing.T) {
	r := assembled(t)
	r.Warnings = []string{"half:\n100%, ::error::forged"}
	var text bytes.Buffer
	if err := render.Annotations(&text, r); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(text.String()), "\n")
	want := []string{
		"::error title=identity.passed >= 50%25 of entered::it is 10%25 of entered",
		"::warning title=identity.response_time.p99 < 1s::",
		"::warning title=ombak::half:%0A100%25, ::error::forged",
		"::notice title=surge%3A fail::",
	}
	if len(lines) != len(want) {
		t.Fatalf("%d lines:\n%s", len(lines), &text)
	}
	for i := range want {
		if !strings.HasPrefix(lines[i], want[i]) {
			t.Errorf("line %d is %q, want %q", i+1, lines[i], want[i])
		}
	}
}

func TestLoadPerformance(t *testing.T) {
	var file bytes.Buffer
	if err := render.LoadPerformance(&file, assembled(t)); err != nil {
		t.Fatal(err)
	}
	var read struct {
		Metrics map[string]map[string]float64 `json:"metrics"`
	}
	if err := json.Unmarshal(file.Bytes(), &read); err != nil {
		t.Fatal(err)
	}
	if got := read.Metrics["checks"]; got["passes"] != 1 || got["fails"] != 2 {
		t.Errorf("checks: %v", got)
	}
	if got := read.Metrics["http_reqs"]; got["count"] != 600 || got["rate"] != 120 {
		t.Errorf("requests: %v", got)
	}
	// GitLab's widget shows requests per second, the checks, and these two as the time to the first byte.
	if waiting, took := read.Metrics["http_req_waiting"], read.Metrics["http_req_duration"]; waiting["p(90)"] == 0 || waiting["p(90)"] != took["p(90)"] || waiting["p(95)"] != took["p(95)"] {
		t.Errorf("waiting: %v", waiting)
	}
	if got := read.Metrics["http_req_duration"]["p(95)"]; got < 40 || got > 42 { // ms; every sign-up takes 41
		t.Errorf("p95 is %v ms", got)
	}
}
