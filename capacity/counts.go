package capacity

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Counts is the curve of a funnel: how many people have passed each step by each instant, since the opening.
type Counts struct {
	Steps  []string    // in the order of the funnel
	Times  []float64   // seconds since the opening, rising
	Passed [][]float64 // for each time, how many have passed each step so far
}

const (
	leastCounts = 5      // rows that a curve needs, that of the opening not counted
	mostCounts  = 10_000 // rows that a file may have
	mostColumns = 100
	mostPassed  = 1e12
	mostSeconds = 1e10 // 300 years
)

const countsForm = "write time,FIRST-STEP,SECOND-STEP,… in the first line and the counts so far in each further line"

// ReadCounts reads a CSV file with a column "time" and a column for each step, in the order of the funnel. The times
// are seconds or durations since the opening, or instants in RFC 3339 of which the first is the opening. Counts are of
// all people so far. Lines that begin with # are comments.
func ReadCounts(r io.Reader) (Counts, error) {
	in := csv.NewReader(r)
	in.Comment, in.TrimLeadingSpace = '#', true
	header, err := in.Read()
	if err != nil {
		return Counts{}, fmt.Errorf("the counts have no first line that can be read; %s", countsForm)
	}
	counts, err := headed(header)
	if err != nil {
		return Counts{}, err
	}
	var opening time.Time
	for {
		fields, err := in.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return Counts{}, fmt.Errorf("the counts cannot be read: %w; %s", err, countsForm)
		}
		at, passed, err := countsRow(fields, &opening)
		if err != nil {
			line, _ := in.FieldPos(0)
			return Counts{}, fmt.Errorf("line %d: %w", line, err)
		}
		counts.Times, counts.Passed = append(counts.Times, at), append(counts.Passed, passed)
		if len(counts.Times) > mostCounts {
			return Counts{}, fmt.Errorf("there are more than %d rows of counts; keep every tenth", mostCounts)
		}
	}
	if len(counts.Times) > 0 && counts.Times[0] > 0 {
		counts.Times = slices.Insert(counts.Times, 0, 0)
		counts.Passed = slices.Insert(counts.Passed, 0, make([]float64, len(counts.Steps)))
	}
	return counts, counts.check()
}

// headed reads the first line.
func headed(header []string) (Counts, error) {
	for i, name := range header {
		header[i] = strings.TrimSpace(strings.TrimPrefix(name, "\ufeff"))
		if header[i] == "" || slices.Contains(header[:i], header[i]) || strings.ContainsFunc(header[i], unicode.IsControl) {
			return Counts{}, fmt.Errorf("column %d of the counts has no name of its own in one line; %s", i+1, countsForm)
		}
	}
	if header[0] != "time" || len(header) < 2 || len(header) > mostColumns {
		return Counts{}, fmt.Errorf("the first line of the counts is %q; %s", strings.Join(header, ","), countsForm)
	}
	return Counts{Steps: slices.Clone(header[1:])}, nil
}

func countsRow(fields []string, opening *time.Time) (at float64, passed []float64, err error) {
	if at, err = countsTime(strings.TrimSpace(fields[0]), opening); err != nil {
		return 0, nil, err
	}
	for _, field := range fields[1:] {
		count, err := strconv.ParseFloat(strings.TrimSpace(field), 64)
		if err != nil {
			return 0, nil, fmt.Errorf("the count %q is not a number; leave the line out if a count is not known", field)
		}
		passed = append(passed, count)
	}
	return at, passed, nil
}

// countsTime reads a time as seconds since the opening. The first instant becomes the opening.
func countsTime(text string, opening *time.Time) (float64, error) {
	if seconds, err := strconv.ParseFloat(text, 64); err == nil {
		return seconds, nil
	}
	if span, err := time.ParseDuration(text); err == nil {
		return span.Seconds(), nil
	}
	instant, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return 0, fmt.Errorf("the time %q is none; give seconds since the opening, a duration as in 1h30m, or 2020-04-11T19:00:00+07:00", text)
	}
	if opening.IsZero() {
		*opening = instant
	}
	return instant.Sub(*opening).Seconds(), nil
}

// check returns an error that names the first fault of the counts.
func (c Counts) check() error {
	if len(c.Steps) < 2 {
		return errors.New("the counts have one step only; give a column for each of at least two")
	}
	if len(c.Times)-1 < leastCounts {
		return fmt.Errorf("there are %d rows of counts after the opening; a curve needs at least %d, because one snapshot cannot tell who will still come from who never will", max(0, len(c.Times)-1), leastCounts)
	}
	if len(c.Passed) != len(c.Times) {
		return fmt.Errorf("there are %d times and %d rows of counts; give as many", len(c.Times), len(c.Passed))
	}
	for i, row := range c.Passed {
		if err := c.checkRow(i, row); err != nil {
			return fmt.Errorf("row %d of the counts, time %v s: %w", i+1, c.Times[i], err)
		}
	}
	first := c.Passed[0]
	if c.Times[0] != 0 || slices.Max(first) > 0 {
		return errors.New("the first row has counts at the instant of the opening; begin with a row of the opening, where all counts are 0")
	}
	busy := 0 // rows with people at the first step
	for i := range c.Times[1:] {
		if c.Passed[i+1][0] > c.Passed[i][0] {
			busy++
		}
	}
	if busy == 0 {
		return fmt.Errorf("nobody passed %s; there is nothing to forecast from", c.Steps[0])
	}
	return nil
}

func (c Counts) checkRow(i int, row []float64) error {
	if at := c.Times[i]; !(at >= 0 && at <= mostSeconds) {
		return errors.New("the time is no number of seconds since the opening; give 0 or more")
	}
	if i > 0 && c.Times[i] <= c.Times[i-1] {
		return errors.New("the time is not after that of the row before; sort the rows and keep one for each time")
	}
	if len(row) != len(c.Steps) {
		return fmt.Errorf("there are %d counts for %d steps; give one for each", len(row), len(c.Steps))
	}
	for k, count := range row {
		switch {
		case !(count >= 0 && count <= mostPassed) || count != math.Trunc(count):
			return fmt.Errorf("the count %v of %s is not a whole number of people from 0 to 10¹²", count, c.Steps[k])
		case i > 0 && count < c.Passed[i-1][k]:
			return fmt.Errorf("%s falls from %.0f to %.0f; give counts of all people so far, which never fall", c.Steps[k], c.Passed[i-1][k], count)
		case k > 0 && count > row[k-1]:
			return fmt.Errorf("%.0f have passed %s but only %.0f the step before, %s; put the columns in the order of the funnel", count, c.Steps[k], row[k-1], c.Steps[k-1])
		}
	}
	return nil
}

// thinned returns at most n rows besides that of the opening: every so many, and the last.
func (c Counts) thinned(n int) Counts {
	last := len(c.Times) - 1
	if last <= n {
		return c
	}
	thin := Counts{Steps: c.Steps}
	for i := range n + 1 {
		k := i * last / n
		thin.Times, thin.Passed = append(thin.Times, c.Times[k]), append(thin.Passed, c.Passed[k])
	}
	return thin
}

// increments returns how many passed step k between each row and the one before.
func (c Counts) increments(k int) []float64 {
	steps := make([]float64, len(c.Times)-1)
	for i := range steps {
		steps[i] = c.Passed[i+1][k] - c.Passed[i][k]
	}
	return steps
}
