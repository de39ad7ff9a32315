package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"

	"github.com/ombak-sim/ombak/capacity"
	"github.com/ombak-sim/ombak/units"
)

// answer is what a formula gives: exactly those figures that apply.
type answer struct {
	values    map[string]any // float64, int, or figures by name
	intervals map[string]capacity.Interval
	notes     []string
	warnings  []string
}

func (a answer) writeJSON(s streams) error {
	a.warn(s)
	object := maps.Clone(a.values)
	if len(a.intervals) > 0 {
		object["ci95"] = a.intervals
	}
	text, err := json.Marshal(object)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.out, "%s\n", text)
	return err
}

func (a answer) warn(s streams) {
	for _, warning := range a.warnings {
		fmt.Fprintf(s.err, "warning: %s\n", warning)
	}
}

func (a answer) writeTable(s streams, source string) error {
	var rows [][]string
	for _, key := range calcKeys() {
		switch value := a.values[key.name].(type) {
		case map[string]float64:
			for _, name := range slices.Sorted(maps.Keys(value)) {
				rows = append(rows, []string{key.name + " " + name, digits(value[name]) + key.unit, key.meaning})
			}
		case float64:
			rows = append(rows, []string{key.name, digits(value) + key.unit, key.meaning + a.interval(key)})
		case int:
			rows = append(rows, []string{key.name, strconv.Itoa(value), key.meaning})
		}
	}
	if _, err := io.WriteString(s.out, units.Table("", rows)); err != nil {
		return err
	}
	for _, note := range a.notes {
		fmt.Fprintln(s.out, note)
	}
	fmt.Fprintf(s.out, "source: %s\n", source)
	a.warn(s)
	return nil
}

func (a answer) interval(key calcKey) string {
	interval, found := a.intervals[key.name]
	if !found {
		return ""
	}
	return fmt.Sprintf(" (95 %%: %s to %s)", digits(interval[0]), digits(interval[1]))
}

func digits(value float64) string { return strconv.FormatFloat(value, 'g', 7, 64) }

// calcKey is a figure that a formula may give.
type calcKey struct{ name, unit, meaning string }

// calcKeys lists all figures in the order of the table.
func calcKeys() []calcKey {
	return []calcKey{
		{"servers", "", "servers needed"},
		{"utilization", "", "busy share of the servers"},
		{"l", "", "requests in the system"},
		{"lq", "", "requests waiting"},
		{"w", " s", "time in the system"},
		{"wq", " s", "time waiting"},
		{"p0", "", "probability that nobody is there"},
		{"p_wait", "", "probability to have to wait"},
		{"p_block", "", "probability to be turned away"},
		{"p_abandon", "", "probability to leave before service"},
		{"throughput", "/s", "requests through the system"},
		{"response_time", " s", "from sending a request to its answer"},
		{"queue", "", "requests at the center, those in service included"},
		{"sigma", "", "contention: share of work that is done one after the other"},
		{"kappa", "", "coherency: cost of each pair that must agree"},
		{"lambda", "/s", "throughput at a concurrency of 1"},
		{"peak_concurrency", "", "concurrency of the highest throughput"},
		{"peak_throughput", "/s", "highest throughput"},
		{"backlog", "", "most that wait"},
		{"longest_wait", " s", "longest wait, first come first served"},
		{"attempts", "/s", "attempts, retries included"},
		{"amplification", "", "attempts for each request"},
		{"critical_failure", "", "share of failures above which attempts exceed the capacity"},
		{"safe_rate", "/s", "requests up to which no share of failures does"},
		{"hit_rate", "", "share of requests that the cache answers"},
	}
}
