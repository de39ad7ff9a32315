package render_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/report/render"
)

func html(t *testing.T, r report.Report, figures ...render.Figure) string {
	t.Helper()
	var file bytes.Buffer
	if err := render.HTML(&file, r, figures); err != nil {
		t.Fatal(err)
	}
	return file.String()
}

// withoutScripts removes the page's three scripts: the seconds as data, the library, and the code that calls
// it. Any other script in the page is an error.
func withoutScripts(t *testing.T, page string) string {
	t.Helper()
	own := regexp.MustCompile(`(?s)<script( type="application/json" id="seconds")?>.*?</script>`)
	if found := len(own.FindAllString(page, -1)); found != 0 && found != 3 {
		t.Errorf("the page has %d scripts", found)
	}
	return own.ReplaceAllString(page, "")
}

// Names come from scenario files written by others. Markup in them never becomes part of the page.
func TestPageIsSafe(t *testing.T) {
	const hostile = `</title></style><script>alert(1)</script><img src=x onerror=alert(1)>"'--><svg onload=alert(1)>`
	r := assembled(t)
	r.Scenario.Name, r.Plan, r.Command, r.Ombak.Version = hostile, hostile, hostile, hostile
	r.Warnings, r.Invalid = []string{hostile}, []string{hostile}
	r.Funnel[0].Step, r.Steps[0].Step = hostile, hostile
	r.Series.Steps[0].Step = hostile
	r.Timeline[0].Text, r.Timeline[0].Kind = hostile, hostile
	r.Thresholds[0].Source, r.Thresholds[0].Reason = hostile, hostile
	r.Thresholds[0].Severity, r.Thresholds[0].Verdict = hostile, hostile
	r.Processes = []report.Process{{Name: hostile}}
	r.Store = &report.Store{Engine: hostile}
	r.Machine = &report.Machine{OS: hostile}
	for _, verdict := range []report.Verdict{hostile, report.Invalid, report.Fail} {
		r.Verdict = verdict
		text := withoutScripts(t, html(t, r, render.Figure{Name: `"><script>`, Title: hostile, Alt: hostile, SVG: "<svg></svg>"}))
		for _, evil := range []string{"<script", "<img", "<svg onload", "--><"} {
			if strings.Contains(text, evil) {
				t.Errorf("verdict %.10s: %q is in the page", verdict, evil)
			}
		}
		if got := strings.Count(text, "</style>"); got != 1 {
			t.Errorf("verdict %.10s: the style ends %d times", verdict, got)
		}
	}
}

// The page loads nothing else, and its elements are balanced.
func TestPageIsWhole(t *testing.T) {
	figure := render.Figure{Name: "funnel", Title: "How far", Alt: "All of them.", SVG: "<?xml version=\"1.0\"?>\n<svg width=\"760pt\" height=\"440pt\" viewBox=\"0 0 760 440\"></svg>"}
	for name, r := range map[string]report.Report{"a run": assembled(t), "nothing": {}} {
		text := withoutScripts(t, html(t, r, figure))
		for _, outside := range []string{"http://", "https://", "<link", "<script", "@import", "url("} {
			if strings.Contains(text, outside) {
				t.Errorf("%s: %q is in the page", name, outside)
			}
		}
		if !strings.Contains(text, `<svg role="img" aria-label="How far" aria-describedby="figure-funnel-words" viewBox=`) {
			t.Errorf("%s: the figure has no text alternative or a fixed size", name)
		}
		balanced(t, name, text)
	}
}

func balanced(t *testing.T, name, text string) {
	t.Helper()
	decoder := xml.NewDecoder(strings.NewReader(regexp.MustCompile(`<meta [^>]*>`).ReplaceAllString(text, "")))
	decoder.Entity = xml.HTMLEntity
	for {
		if _, err := decoder.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
	}
}

// The verdict comes first, then what to do next, then the figures behind it.
func TestPageOrder(t *testing.T) {
	text, at := html(t, assembled(t)), 0
	for _, section := range []string{
		`id="verdict"`, `id="next"`, `id="funnel"`, `id="thresholds"`, `id="validity"`, `id="reproduce"`, `id="people"`,
	} {
		next := strings.Index(text, section)
		if next < at {
			t.Errorf("%s is out of order", section)
		}
		at = next
	}
}

func TestAdvice(t *testing.T) {
	lost, refused := assembled(t), assembled(t)
	lost.Reconciliation = &report.Reconciliation{Lost: 3}
	busy := assembled(t)
	busy.Stations = []report.StationRow{{Name: "store", Servers: 2, BusyS: 9.5, QueueMax: 1200}}
	crowded := assembled(t)
	crowded.Machine = &report.Machine{CPUs: 2, Usage: &report.Usage{CPUShare: .99, Short: true, ShortageOfResource: "CPU", OthersCores: 1.8}}
	tests := []struct {
		why  string
		r    report.Report
		want string
	}{
		{"a lost sign-up comes first", lost, "3 acknowledged people are not stored"},
		{"the largest loss is named", refused, "At identity (NIK verification) 180 of 200 people were turned away"},
		{"who took the CPU comes first", crowded, "Programs outside the run used 1.8 of the machine's 2 cores, and the service waited for them: stop them"},
		{"the busiest part is named", busy, "bottleneck is store: it was in use 95 % of the time, and up to 1,200 requests waited"},
		{"an invalid run gives no other advice", report.Report{Verdict: report.Invalid, Invalid: []string{"sent late"}}, "Draw no conclusion"},
		{"one replication is a single draw", report.Report{Engine: report.Simulated, Replications: 1}, "--replications"},
		{"a threshold that broke although everyone passed", report.Report{
			Funnel:     []report.FunnelRow{{Step: "a", Entered: 1, Passed: 1}},
			Thresholds: []report.Judgement{{Source: "a.response_time.p50 < 1s", Severity: funnel.Fail, Verdict: report.Fail}},
		}, "look at its response time"},
	}
	for _, test := range tests {
		if got := strings.Join(render.Advice(test.r), "\n"); !strings.Contains(got, test.want) {
			t.Errorf("%s: %q misses %q", test.why, got, test.want)
		}
	}
	if got := render.Advice(crowded); !strings.Contains(got[0], "outside the run") || strings.Contains(strings.Join(got, "\n"), "The bottleneck is the machine's CPU") {
		t.Errorf("others took the CPU, and the advice is %q", got)
	}
}
