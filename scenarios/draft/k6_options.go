package draft

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/grafana/sobek"
)

// execsOf returns the names of the functions that the scenarios of the options run.
func execsOf(exported *sobek.Object) []string {
	var names []string
	for _, described := range scenariosOf(exported) {
		name, _ := described["exec"].(string)
		if name = first(name, "default"); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return []string{"default"}
	}
	return names
}

// optionsValue returns the options of the script as plain values.
func optionsValue(exported *sobek.Object) map[string]any {
	options, _ := exportOf(exported.Get("options")).(map[string]any)
	return options
}

// scenariosOf returns the scenarios of the options, in the order of their names.
func scenariosOf(exported *sobek.Object) []map[string]any {
	named, _ := optionsValue(exported)["scenarios"].(map[string]any)
	var all []map[string]any
	for _, name := range sorted(named) {
		if described, is := named[name].(map[string]any); is {
			all = append(all, described)
		}
	}
	return all
}

// number returns a plain value as a number.
func number(value any) float64 {
	switch value := value.(type) {
	case int64:
		return float64(value)
	case float64:
		return value
	}
	return 0
}

// k6Time reads a duration such as 1m30s, or milliseconds.
func k6Time(value any) time.Duration {
	if text, is := value.(string); is {
		took, err := time.ParseDuration(strings.ReplaceAll(text, "d", "h"))
		if err == nil {
			return took
		}
	}
	return time.Duration(number(value) * float64(time.Millisecond))
}

// optionsOfK6 takes arrivals and thresholds from the options.
func (d *draft) optionsOfK6(exported *sobek.Object) {
	options := optionsValue(exported)
	var open []map[string]any
	for _, described := range scenariosOf(exported) {
		if kind, _ := described["executor"].(string); strings.HasSuffix(kind, "-arrival-rate") {
			open = append(open, described)
		} else {
			d.notes.say("the executor %q keeps a number of people busy instead of following arrivals; a rate of 10/s stands in its place", kind)
		}
	}
	if len(open) > 0 {
		d.arrivals = k6Arrivals(open[0])
		if len(open) > 1 {
			d.notes.say("the arrivals are those of the first of %d scenarios; the others are left out", len(open))
		}
	}
	for _, key := range []string{"vus", "stages", "iterations"} {
		if options[key] != nil {
			d.notes.say("the option %s keeps a number of people busy instead of following arrivals; a rate of 10/s stands in its place", key)
		}
	}
	d.thresholdsOfK6(options)
}

// k6Arrivals writes the rates of an executor.
func k6Arrivals(described map[string]any) []string {
	unit := k6Time(described["timeUnit"])
	if unit <= 0 {
		unit = time.Second
	}
	perSecond := func(value any) string { return fmt.Sprintf("%.6g/s", number(value)/unit.Seconds()) }
	lines := []string{"people:   # as in the options of the script"}
	if wait := k6Time(described["startTime"]); wait > 0 {
		lines = append(lines, fmt.Sprintf("  - {for: %v, rate: 0/s}", wait))
	}
	if described["executor"] == "constant-arrival-rate" {
		return append(lines, fmt.Sprintf("  - {for: %v, rate: %s}", max(k6Time(described["duration"]), time.Second), perSecond(described["rate"])))
	}
	stages, _ := described["stages"].([]any)
	last := described["startRate"]
	for _, one := range stages {
		stage, _ := one.(map[string]any)
		if took := k6Time(stage["duration"]); took > 0 {
			lines = append(lines, fmt.Sprintf("  - {for: %v, from: %s, to: %s}", took, perSecond(last), perSecond(stage["target"])))
		}
		last = stage["target"]
	}
	if len(lines) == 1 {
		return nil
	}
	return lines
}

var k6Condition = regexp.MustCompile(`^(p\([\d.]+\)|avg|med|max|min)\s*(<=?)\s*([\d.]+)$`)

// thresholdsOfK6 takes over the conditions on response times and failures of all requests.
func (d *draft) thresholdsOfK6(options map[string]any) {
	named, _ := options["thresholds"].(map[string]any)
	for _, metric := range sorted(named) {
		list, _ := named[metric].([]any)
		for _, one := range list {
			text, _ := one.(string)
			if described, is := one.(map[string]any); is {
				text, _ = described["threshold"].(string)
			}
			match := k6Condition.FindStringSubmatch(strings.TrimSpace(text))
			switch {
			case metric == "http_req_duration" && match != nil && match[1] != "min":
				d.thresholds = append(d.thresholds, match[1]+match[2]+match[3]+"ms")
			case metric == "http_req_failed" && strings.HasPrefix(text, "rate"):
				d.thresholds = append(d.thresholds, strings.ReplaceAll(text, " ", ""))
			default:
				d.notes.say("the threshold %s: %s is left out", metric, text)
			}
		}
	}
}
