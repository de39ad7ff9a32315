package threshold

import (
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
)

// Condition is a parsed threshold:
//
//	condition = selector comparison bound [ "over" duration ] [ "during" duration ".." duration ]
//	selector  = people | "schedule_lag." quantile | step "." count | step "." time "." quantile | [ step "." ] ( "rate" | "recovery" ) | k6
//	k6        = "p(95)" … | "avg" | "med" | "max": response_time_passed of the sign-up, or of the first step if there is none
//	recovery  = time from the busiest stretch of arrivals until the step recovers; see [report.Recovery]
//	people    = "scheduled" "sent" "completed" "dropped" "acknowledged" "persisted" "lost" "unacknowledged" "duplicates"
//	count     = "entered" "passed" "peak_passed_per_min" … (a column of the funnel), "visits", "requests", "throughput_per_s", "goodput_per_s"
//	time      = "response_time" | "response_time_passed" | "service_time"
//	quantile  = "mean" | "max" | "p50" | "p99" | "p999" | "p(99.95)" …
//	comparison= ">=" | "<=" | ">" | "<" | "==" | "!="
//	bound     = number | number "%" "of" count | number unit        (a time needs its unit: 250ms)
//
// Rate is the share, from 0 to 1, of people who entered and were rejected, failed or timed out.
//
// A window applies to the counts of a step that the series records by the second, and to shares of them.
// During also applies to quantiles of response_time. During selects the seconds from one instant of the
// scenario to another. Over evaluates the condition on every stretch of the given real seconds, and judges
// the worst.
type Condition struct {
	Source     string          // as written
	Severity   funnel.Severity // empty means fail
	Abort      time.Duration   // a broken threshold ends a live run from this time after the start on; 0 means never
	selector   selector
	comparison string
	bound      float64 // in seconds for a time, in percent for a share
	of         string  // count that the share is taken of
	window     window
	known      *windowed // figure of a response time within a window, once measured
	unknown    error     // why the recording does not know it
}

// selector names one figure of a report.
type selector struct {
	step     string  // empty for the whole run
	figure   string  // name of a count or a time
	quantile string  // as written; empty for a count
	percent  float64 // from 0 to 100, unless the quantile is mean or max
}

// Step returns the step that the condition is about, or "" if it is about the whole run. The caller checks
// that the step exists.
func (c Condition) Step() string { return c.selector.step }

// About returns the condition about a step if it needs one and names none, as in p(95)<500ms.
func (c Condition) About(step string) Condition {
	if c.selector.needsStep() {
		c.selector.step = step
	}
	return c
}

// StepIn returns the step of a report that the condition is about: the main step if the condition names none
// and needs one, or "" if it is about the whole run.
func (c Condition) StepIn(r report.Report) string { return c.selector.resolve(r).step }

// MostTime returns the quantile of a time and the bound that it must stay below, in seconds, if the condition is such a one.
func (c Condition) MostTime() (quantile string, seconds float64, is bool) {
	is = c.selector.quantile != "" && c.selector.step != "" && (c.comparison == "<" || c.comparison == "<=")
	return c.selector.quantile, c.bound, is
}

// isTime reports whether the figure is a time.
func (s selector) isTime() bool { return s.quantile != "" || s.figure == recovery }

func peopleWords() []string {
	return []string{"scheduled", "sent", "completed", "dropped", "acknowledged", "persisted", "lost", "unacknowledged", "duplicates"}
}

func countWords() []string {
	return []string{
		"entered", "passed", "peak_passed_per_min", "declined", "abandoned", "rejected", "failed", "timed_out",
		"unfinished", "retries", "visits", "requests", "throughput_per_s", "goodput_per_s",
	}
}

func timeWords() []string { return []string{"response_time", "response_time_passed", "service_time"} }

func quantileWords() []string { return []string{"mean", "p50", "p90", "p95", "p99", "p999", "max"} }

// ofWords returns the counts that a share can be taken of.
func ofWords(step string) []string {
	if step == "" {
		return peopleWords()
	}
	return append([]string{"scheduled"}, countWords()...)
}

const scheduleLag = "schedule_lag"
