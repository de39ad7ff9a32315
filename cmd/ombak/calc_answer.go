package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"text/tabwriter"

	"github.com/ombak-sim/ombak/capacity"
)

// figure is one value that a formula may answer. The key names it in the JSON object and in the table.
type figure struct{ key, unit, meaning string }

// answer holds the values of a formula by the keys of its figures. Figures that do not apply are absent.
type answer struct {
	values    map[string]any // float64 or int, or a map[string]float64 with one value for each station; the table skips anything else
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

func (a answer) writeTable(s streams, f formula) error {
	table := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	for _, figure := range f.figures {
		switch value := a.values[figure.key].(type) {
		case map[string]float64:
			for _, name := range slices.Sorted(maps.Keys(value)) {
				fmt.Fprintf(table, "%s %s\t%s\t%s\n", figure.key, name, digits(value[name])+figure.unit, figure.meaning)
			}
		case float64:
			fmt.Fprintf(table, "%s\t%s\t%s%s\n", figure.key, digits(value)+figure.unit, figure.meaning, a.interval(figure.key))
		case int:
			fmt.Fprintf(table, "%s\t%d\t%s\n", figure.key, value, figure.meaning)
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, note := range a.notes {
		fmt.Fprintln(s.out, note)
	}
	fmt.Fprintf(s.out, "source: %s\n", f.source)
	a.warn(s)
	return nil
}

func (a answer) interval(key string) string {
	interval, found := a.intervals[key]
	if !found {
		return ""
	}
	return fmt.Sprintf(" (95 %%: %s to %s)", digits(interval[0]), digits(interval[1]))
}

func digits(value float64) string { return strconv.FormatFloat(value, 'g', 7, 64) }
