package scenarios

import (
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/ombak-sim/ombak/workload"
)

// Think is a think time: a distribution, or the column of a feeder that holds durations. Its text form is that of the
// distribution, or ${feeder.NAME.COLUMN}.
type Think struct {
	workload.Distribution
	Feeder, Column string // empty for a distribution
}

var cellForm = regexp.MustCompile(`^\$\{feeder\.([^.}]+)\.([^}]+)\}$`)

// MarshalText implements encoding.TextMarshaler.
func (t Think) MarshalText() ([]byte, error) {
	if t.Feeder != "" {
		return fmt.Appendf(nil, "${feeder.%s.%s}", t.Feeder, t.Column), nil
	}
	return t.Distribution.MarshalText()
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (t *Think) UnmarshalText(text []byte) error {
	if cell := cellForm.FindSubmatch(text); cell != nil {
		*t = Think{Feeder: string(cell[1]), Column: string(cell[2])}
		return nil
	}
	*t = Think{}
	return t.Distribution.UnmarshalText(text)
}

// Longest returns the longest think time in the data, or 0 for a distribution.
func (s *Scenario) Longest(t Think) time.Duration {
	longest := time.Duration(0)
	table := s.tables[t.Feeder]
	if column := slices.Index(table.Columns, t.Column); column >= 0 {
		for _, row := range table.Rows {
			if duration, err := time.ParseDuration(row[column]); err == nil {
				longest = max(longest, duration)
			}
		}
	}
	return longest
}

// validateThink reports data that holds no durations.
func (s *Scenario) validateThink(t Think, path string) {
	if t.Feeder == "" {
		return
	}
	table, known := s.tables[t.Feeder]
	column := slices.Index(table.Columns, t.Column)
	switch {
	case !known:
		s.source.faultAt(path, hintWord(t.Feeder, keys(s.Feeders)), "there is no feeder %q", t.Feeder)
		return
	case column < 0:
		s.source.faultAt(path, hintWord(t.Column, table.Columns), "the feeder %q has no column %q", t.Feeder, t.Column)
		return
	}
	for i, row := range table.Rows {
		if duration, err := time.ParseDuration(row[column]); err != nil || duration < 0 {
			s.source.faultAt(path, "write for example 250ms or 10s in the file", "row %d of the feeder %q has %q in the column %q, which is not a duration", i+1, t.Feeder, row[column], t.Column)
			return
		}
	}
}
