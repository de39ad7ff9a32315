package workload

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"time"
)

// Bins hold exact counts of arrivals in consecutive intervals of one width, from scenario time 0.
type Bins struct {
	Width  time.Duration `json:"width"`
	Counts []int         `json:"counts"`
}

// Total returns the number of arrivals in all bins.
func (b Bins) Total() int {
	total := 0
	for _, count := range b.Counts {
		total += count
	}
	return total
}

// Duration returns the end of the last bin.
func (b Bins) Duration() time.Duration { return b.Width * time.Duration(len(b.Counts)) }

// Segment is one piece of a piecewise-linear arrival rate.
type Segment struct {
	For  time.Duration `yaml:"for" json:"for"`   // how long the piece lasts
	From Rate          `yaml:"from" json:"from"` // rate at its start
	To   Rate          `yaml:"to" json:"to"`     // rate at its end
}

// NewBins turns a piecewise-linear rate into counts per bin of the given width. The count of a bin
// is the difference of the rounded cumulative integral at its ends, so that no arrival is lost to
// rounding: the total is the integral, rounded once.
func NewBins(segments []Segment, width time.Duration) Bins {
	bins := Bins{Width: width}
	var duration time.Duration
	for _, segment := range segments {
		duration += segment.For
	}
	before := 0
	for end := width; end-width < duration; end += width {
		cumulative := int(math.Round(integral(segments, min(end, duration))))
		bins.Counts = append(bins.Counts, cumulative-before)
		before = cumulative
	}
	return bins
}

// integral returns the expected number of arrivals in [0, until].
func integral(segments []Segment, until time.Duration) float64 {
	total := 0.0
	for _, segment := range segments {
		if until <= 0 {
			break
		}
		part := min(segment.For, until)
		share := part.Seconds() / segment.For.Seconds()
		end := float64(segment.From) + share*float64(segment.To-segment.From)
		total += part.Seconds() * (float64(segment.From) + end) / 2
		until -= part
	}
	return total
}

// ReadCounts reads a CSV with the header "minute,visits,signups": one row per minute from minute 0,
// without gaps; visits count everyone who comes, those who sign up included.
// It returns the people who sign up and those who only look.
func ReadCounts(r io.Reader) (signups, lookers Bins, err error) {
	signups, lookers = Bins{Width: time.Minute}, Bins{Width: time.Minute}
	reader := csv.NewReader(r)
	reader.FieldsPerRecord = 3
	header, err := reader.Read()
	if err != nil {
		return signups, lookers, fmt.Errorf("reading the header: %w", err)
	}
	if header[0] != "minute" || header[1] != "visits" || header[2] != "signups" {
		return signups, lookers, fmt.Errorf("the header is %q; it must be minute,visits,signups", header)
	}
	for {
		record, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return signups, lookers, nil
		}
		if err != nil {
			return signups, lookers, err
		}
		visits, signup, err := readCount(record, len(signups.Counts))
		if err != nil {
			line, _ := reader.FieldPos(0)
			return signups, lookers, fmt.Errorf("line %d: %w", line, err)
		}
		signups.Counts = append(signups.Counts, signup)
		lookers.Counts = append(lookers.Counts, visits-signup)
	}
}

// maxCount bounds one bin: more people than the country has is a typing error.
const maxCount = 300_000_000

func readCount(record []string, wantMinute int) (visits, signups int, err error) {
	var numbers [3]int
	for i, field := range record {
		numbers[i], err = strconv.Atoi(field)
		if err != nil || numbers[i] < 0 || numbers[i] > maxCount {
			return 0, 0, fmt.Errorf("%q is no count; write a whole number from 0 to %d", field, maxCount)
		}
	}
	switch {
	case numbers[0] != wantMinute:
		return 0, 0, fmt.Errorf("minute is %d where %d was expected; rows must follow minute by minute from 0", numbers[0], wantMinute)
	case numbers[2] > numbers[1]:
		return 0, 0, fmt.Errorf("signups (%d) exceed visits (%d)", numbers[2], numbers[1])
	}
	return numbers[1], numbers[2], nil
}
