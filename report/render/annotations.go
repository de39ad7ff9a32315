package render

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
)

// Annotations writes workflow commands that GitHub Actions shows beside a run: an error for every broken
// threshold and every reason why a run is invalid, a warning for every threshold that only warns or is
// inconclusive, and a one-line notice.
func Annotations(w io.Writer, r report.Report) error {
	var b strings.Builder
	for _, reason := range r.Invalid {
		annotate(&b, "error", "the run is invalid", reason)
	}
	for _, threshold := range r.Thresholds {
		switch {
		case r.Verdict == report.Invalid || threshold.Verdict == report.Pass:
		case threshold.Verdict == report.Fail && threshold.Severity != funnel.Warn:
			annotate(&b, "error", threshold.Source, threshold.Reason)
		default:
			annotate(&b, "warning", threshold.Source, threshold.Reason)
		}
	}
	for _, warning := range r.Warnings {
		annotate(&b, "warning", "ombak", warning)
	}
	annotate(&b, "notice", fmt.Sprintf("%s: %s", r.Scenario.Name, r.Verdict), Conclusion(r, ""))
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("writing the annotations: %w", err)
	}
	return nil
}

func annotate(b *strings.Builder, level, title, message string) {
	data := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	property := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
	fmt.Fprintf(b, "::%s title=%s::%s\n", level, property.Replace(title), data.Replace(message))
}

// loadMetric is one metric as k6 summarizes it, which GitLab reads; times are in milliseconds.
type loadMetric map[string]float64

// LoadPerformance writes the JSON that GitLab's load_performance report reads, the format of k6's
// --summary-export. Times are those of the main step, from the intended instant. Checks are the thresholds.
func LoadPerformance(w io.Writer, r report.Report) error {
	metrics := map[string]loadMetric{}
	checks := loadMetric{"passes": 0, "fails": 0, "value": 0}
	for _, threshold := range r.Thresholds {
		if threshold.Verdict == report.Pass {
			checks["passes"]++
		} else {
			checks["fails"]++
		}
	}
	if all := checks["passes"] + checks["fails"]; all > 0 {
		checks["value"] = checks["passes"] / all
		metrics["checks"] = checks
	}
	requests := 0.0
	for _, step := range r.Steps {
		requests += step.Requests
		if q := step.ResponseTimePassedS; q != nil && step.Step == report.MainStep(r) {
			times := loadMetric{"avg": 1e3 * q.Mean, "med": 1e3 * q.P50, "max": 1e3 * q.Max, "p(90)": 1e3 * q.P90, "p(95)": 1e3 * q.P95, "p(99)": 1e3 * q.P99}
			metrics["http_req_duration"], metrics["http_req_waiting"] = times, times
		}
	}
	metrics["http_reqs"] = loadMetric{"count": requests}
	if r.DurationS > 0 {
		metrics["http_reqs"]["rate"] = requests / r.DurationS
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(map[string]any{"metrics": metrics}); err != nil {
		return fmt.Errorf("writing the load performance: %w", err)
	}
	return nil
}
