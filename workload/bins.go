package workload

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
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

// Times returns the bins with their counts multiplied by a factor. It rounds the sums from the start, not single bins, so
// that nobody is lost to rounding.
func (b Bins) Times(factor float64) Bins {
	if factor == 1 {
		return b
	}
	scaled, sum, before := Bins{Width: b.Width, Counts: make([]int, len(b.Counts))}, 0, 0
	for i, count := range b.Counts {
		sum += count
		cumulative := int(math.Round(float64(sum) * factor))
		scaled.Counts[i], before = cumulative-before, cumulative
	}
	return scaled
}

// Duration returns the end of the last bin.
func (b Bins) Duration() time.Duration { return b.Width * time.Duration(len(b.Counts)) }

// ReadCounts reads a CSV of counts. With the header "minute,visits,signups" it holds one row per
// minute from minute 0, without gaps. The visits count everyone who arrives, those who sign up included. With the header
// "time,count" it holds rows at even distances of time, and all of its people sign up.
// ReadCounts returns the people who sign up and those who only look.
func ReadCounts(r io.Reader) (signups, lookers Bins, err error) {
	reader := csv.NewReader(r)
	header, err := reader.Read()
	if err != nil {
		return signups, lookers, fmt.Errorf("reading the header: %w", err)
	}
	switch strings.Join(header, ",") {
	case "minute,visits,signups":
		return readMinutes(reader)
	case "time,count":
		signups, err = readTimes(reader)
		return signups, Bins{Width: signups.Width}, err
	}
	return signups, lookers, fmt.Errorf("the header is %q; it must be minute,visits,signups or time,count", header)
}

func readMinutes(reader *csv.Reader) (signups, lookers Bins, err error) {
	signups, lookers = Bins{Width: time.Minute}, Bins{Width: time.Minute}
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

// maxCount is the largest count of one bin. More people than the country has are a typing error.
const maxCount = 300_000_000

func readCount(record []string, wantMinute int) (visits, signups int, err error) {
	var numbers [3]int
	for i, field := range record {
		numbers[i], err = strconv.Atoi(field)
		if err != nil || numbers[i] < 0 || numbers[i] > maxCount {
			return 0, 0, fmt.Errorf("%q is not a count; write a whole number from 0 to %d", field, maxCount)
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
