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

// figure is one value that a formula may answer. The key names it in the JSON object and in the table.
type figure struct{ key, unit, meaning string }

// answer holds the values of a formula by the keys of its figures. Figures that do not apply are absent.
type answer struct {
	values    map[string]any // float64, int, or a map[string]float64 with one value per station; the table skips anything else
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
	var rows [][]string
	for _, figure := range f.figures {
		switch value := a.values[figure.key].(type) {
		case map[string]float64:
			for _, name := range slices.Sorted(maps.Keys(value)) {
				rows = append(rows, []string{figure.key + " " + name, digits(value[name]) + figure.unit, figure.meaning})
			}
		case float64:
			rows = append(rows, []string{figure.key, digits(value) + figure.unit, figure.meaning + a.interval(figure.key)})
		case int:
			rows = append(rows, []string{figure.key, strconv.Itoa(value), figure.meaning})
		}
	}
	if _, err := io.WriteString(s.out, units.Table("", rows)); err != nil {
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
