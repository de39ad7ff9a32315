package workload

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// maxBins is the most bins of a file of counts or a log: a month of seconds.
const maxBins = 31 * 24 * 3600

// readTimes reads rows of (time, count) at even distances. The time of the first row is scenario time 0. A count covers
// the span from its row's time to that of the next row.
func readTimes(reader *csv.Reader) (Bins, error) {
	var bins Bins
	var first, previous time.Duration
	for {
		record, err := reader.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return Bins{}, err
		}
		at, count, err := readTime(record)
		if n := len(bins.Counts); err == nil && n == 0 {
			first = at
		} else if err == nil {
			if n == 1 {
				bins.Width = at - first
			}
			if step := at - previous; step <= 0 || step != bins.Width {
				err = fmt.Errorf("the time %s lies %v after the one before; rows must follow at even distances (here %v), with a count of 0 if nobody arrives", record[0], step, bins.Width)
			}
		}
		if err == nil && len(bins.Counts) == maxBins {
			err = fmt.Errorf("more than %d rows; use a coarser granularity", maxBins)
		}
		if err != nil {
			line, _ := reader.FieldPos(0)
			return Bins{}, fmt.Errorf("line %d: %w", line, err)
		}
		previous = at
		bins.Counts = append(bins.Counts, count)
	}
	if len(bins.Counts) < 2 {
		return Bins{}, errors.New("fewer than two rows, so the span of a count is unknown; add a last row with the count 0")
	}
	return bins, nil
}

func readTime(record []string) (time.Duration, int, error) {
	at, err := parseInstant(record[0])
	if err != nil {
		return 0, 0, err
	}
	count, err := strconv.Atoi(record[1])
	if err != nil || count < 0 || count > maxCount {
		return 0, 0, fmt.Errorf("%q is not a count; write a whole number from 0 to %d", record[1], maxCount)
	}
	return at, count, nil
}

// parseInstant parses a time in any form that logs and spreadsheets write. Only differences of its results are meaningful.
func parseInstant(text string) (time.Duration, error) {
	if seconds, err := strconv.ParseFloat(text, 64); err == nil && seconds >= 0 && seconds < 1e10 {
		return time.Duration(seconds*1e6) * time.Microsecond, nil
	}
	if duration, err := time.ParseDuration(text); err == nil {
		return duration, nil
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02T15:04", "2006-01-02", "15:04:05", "15:04"} {
		if at, err := time.Parse(layout, text); err == nil {
			if at.Year() == 0 { // a clock time without a date
				at = at.AddDate(1970, 0, 0)
			}
			return at.Sub(time.Unix(0, 0)), nil
		}
	}
	return 0, fmt.Errorf("%q is not a time; write seconds (90), a duration (1m30s), a clock time (19:00) or an instant (2020-04-11T19:00:00+07:00)", text)
}

// ReadAccessLog counts the lines of a web server's log per second, in the common or the combined log
// format. If match is not empty, it counts only requests that begin with it, as in "POST /signups". The second of the
// earliest line counted is scenario time 0. Lines may be in any order.
func ReadAccessLog(r io.Reader, match string) (Bins, error) {
	perSecond := map[int64]int{}
	scanner := bufio.NewScanner(r)
	scanner.Buffer(nil, 1<<20)
	number, first, last := 0, int64(0), int64(0)
	for scanner.Scan() {
		number++
		line, err := ParseAccessLine(scanner.Text())
		if err != nil {
			return Bins{}, fmt.Errorf("line %d: %w", number, err)
		}
		if !strings.HasPrefix(line.Method+" "+line.Path, match) {
			continue
		}
		second := line.At.Unix()
		if len(perSecond) == 0 {
			first, last = second, second
		}
		first, last = min(first, second), max(last, second)
		perSecond[second]++
	}
	switch err := scanner.Err(); {
	case err != nil:
		return Bins{}, err
	case len(perSecond) == 0:
		return Bins{}, fmt.Errorf("no line of %d begins its request with %q", number, match)
	case last-first >= maxBins:
		return Bins{}, fmt.Errorf("the log spans %v; cut out the part to play", time.Duration(last-first)*time.Second)
	}
	bins := Bins{Width: time.Second, Counts: make([]int, last-first+1)}
	for second, count := range perSecond {
		bins.Counts[second-first] = count
	}
	return bins, nil
}

// AccessLine holds the fields of one line of an access log.
type AccessLine struct {
	At           time.Time
	Method, Path string
	Status       int
}

// ParseAccessLine reads a line of the common or the combined log format:
//
//	host ident user [10/Oct/2000:13:55:36 -0700] "GET /path HTTP/1.1" 200 2326 "referer" "agent"
func ParseAccessLine(line string) (AccessLine, error) {
	malformed := func(what string) (AccessLine, error) {
		return AccessLine{}, fmt.Errorf("the line has no %s; it must be of the common or combined log format, as in: h - - [10/Oct/2000:13:55:36 -0700] \"GET / HTTP/1.1\" 200 5", what)
	}
	_, rest, found := strings.Cut(line, "[")
	stamp, rest, closed := strings.Cut(rest, "]")
	if !found || !closed {
		return malformed("time in brackets")
	}
	at, err := time.Parse("02/Jan/2006:15:04:05 -0700", stamp)
	if err != nil {
		return malformed("time such as 10/Oct/2000:13:55:36 -0700")
	}
	_, rest, found = strings.Cut(rest, `"`)
	request, rest, closed := strings.Cut(rest, `"`)
	method, target, spaced := strings.Cut(request, " ")
	if !found || !closed {
		return malformed("request in quotes")
	}
	if !spaced { // the client did not speak HTTP, and the server logs what it sent
		method, target = "", request
	}
	target, _, _ = strings.Cut(target, " ")
	fields := strings.Fields(rest)
	if len(fields) == 0 {
		return malformed("status")
	}
	status, err := strconv.Atoi(fields[0])
	if err != nil || status < 0 || status > 999 {
		return malformed("status")
	}
	return AccessLine{At: at, Method: method, Path: target, Status: status}, nil
}
