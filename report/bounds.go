package report

import (
	"fmt"

	"github.com/ombak-sim/ombak/units"
)

// The bounds of what a report may ask to be drawn. Scenarios stay far below them.
const (
	mostRows    = 500       // steps, stations and processes each
	mostNotes   = 20_000    // thresholds, warnings and marks each
	mostSeconds = 1_000_000 // rows of a series: more than eleven days
	longestName = 1_000     // bytes
	longestNote = 20_000    // bytes
	mostCount   = 1e15      // people or requests
)

// drawable returns an error for a report that would keep figures and pages busy for long: too many rows, endless names, or
// counts beyond any run. It looks only at lengths, so that it is quick.
func (r *Report) drawable() error {
	for _, list := range []struct {
		what         string
		length, most int
	}{
		{"rows in the funnel", len(r.Funnel), mostRows},
		{"steps", len(r.Steps), mostRows},
		{"stations", len(r.Stations), mostRows},
		{"processes", len(r.Processes), mostRows},
		{"agents", len(r.Fleet), mostRows * 20},
		{"placed parts", len(r.Placed), mostRows},
		{"steps in the series", len(r.Series.Steps), mostRows},
		{"stations in the series", len(r.Series.Stations), mostRows},
		{"processes in the series", len(r.Series.Processes), mostRows},
		{"steps in the heat", len(r.Series.Heat), mostRows},
		{"transitions", len(r.Transitions), mostRows * 10},
		{"thresholds", len(r.Thresholds), mostNotes},
		{"warnings", len(r.Warnings), mostNotes},
		{"marks", len(r.Timeline), mostNotes},
		{"seconds", len(r.Series.TS), mostSeconds},
	} {
		if list.length > list.most {
			return fmt.Errorf("the report has %s %s, and at most %s can be shown; give a report.json as ombak wrote it",
				units.Count(float64(list.length)), list.what, units.Count(float64(list.most)))
		}
	}
	for _, name := range r.names() {
		if len(name) > longestName {
			return fmt.Errorf("the report has a name of %s bytes, %q…, and at most %s can be shown; give a report.json as ombak wrote it",
				units.Count(float64(len(name))), name[:40], units.Count(longestName))
		}
	}
	for _, note := range r.Warnings {
		if len(note) > longestNote {
			return fmt.Errorf("the report has a warning of %s bytes, and at most %s can be shown; give a report.json as ombak wrote it",
				units.Count(float64(len(note))), units.Count(longestNote))
		}
	}
	return nil
}

// names returns everything in the report that is drawn as a label.
func (r *Report) names() []string {
	names := []string{r.Scenario.Name, r.Plan, r.Ombak.Version, r.Ombak.Commit}
	if r.Machine != nil {
		names = append(names, r.Machine.OS)
	}
	for i := range r.Funnel {
		names = append(names, r.Funnel[i].Step)
	}
	for i := range r.Steps {
		names = append(names, r.Steps[i].Step)
	}
	for i := range r.Stations {
		names = append(names, r.Stations[i].Name)
	}
	for i := range r.Processes {
		names = append(names, r.Processes[i].Name)
	}
	for i := range r.Placed {
		names = append(names, r.Placed[i].Agent, r.Placed[i].Part)
	}
	for i := range r.Fleet {
		names = append(names, r.Fleet[i].Agent, r.Fleet[i].Why)
	}
	for i := range r.Series.Steps {
		names = append(names, r.Series.Steps[i].Step)
	}
	for i := range r.Series.Stations {
		names = append(names, r.Series.Stations[i].Name)
	}
	for i := range r.Series.Processes {
		names = append(names, r.Series.Processes[i].Name)
	}
	for i := range r.Transitions {
		names = append(names, r.Transitions[i].From, r.Transitions[i].To)
	}
	for i := range r.Thresholds {
		names = append(names, r.Thresholds[i].Source)
	}
	for i := range r.Timeline {
		names = append(names, r.Timeline[i].Text)
	}
	return names
}
