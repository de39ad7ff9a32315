package render_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/ombak-sim/ombak/report/render"
)

// GitHub refuses a step summary of more than 1 MiB.
func TestSummaryIsBounded(t *testing.T) {
	r := assembled(t)
	for range 200_000 {
		r.Warnings = append(r.Warnings, "the backend made 12 calls of dukcapil, which counted 11")
	}
	var file bytes.Buffer
	if err := render.Markdown(&file, r); err != nil {
		t.Fatal(err)
	}
	if file.Len() >= 1<<20 {
		t.Errorf("%d bytes", file.Len())
	}
	if !strings.HasSuffix(file.String(), "report.json holds the rest.\n") || !strings.Contains(file.String(), "## Funnel") {
		t.Error("the note that it was cut is missing, or the funnel was cut")
	}
}

func TestSummaryShowsMarkupAsLetters(t *testing.T) {
	r := assembled(t)
	r.Scenario.Name = "<img src=x onerror=alert(1)>"
	r.Funnel[0].Step = "a|b\n<script>"
	var file bytes.Buffer
	if err := render.Markdown(&file, r); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(file.String(), "<img") || strings.Contains(file.String(), "<script") {
		t.Errorf("markup reached the summary:\n%s", &file)
	}
}
