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
)

// Point is the throughput measured at a concurrency in a closed loop: this many requests are always in flight.
type Point struct {
	Concurrency float64 // requests in flight, 1 or more
	Throughput  float64 // completed per second, above 0
}

// maxPoints is the most points in a file.
const maxPoints = 100_000

// ReadPoints reads a CSV file with the header "concurrency,throughput". Lines that begin with # are
// comments.
func ReadPoints(r io.Reader) ([]Point, error) {
	in := csv.NewReader(r)
	in.Comment, in.FieldsPerRecord, in.TrimLeadingSpace = '#', 2, true
	header, err := in.Read()
	if errors.Is(err, io.EOF) {
		return nil, errors.New("the file of points is empty; its first line must be \"concurrency,throughput\"")
	}
	if malformed := (*csv.ParseError)(nil); err != nil && !errors.As(err, &malformed) {
		return nil, fmt.Errorf("the points cannot be read: %w; give a CSV file with the header concurrency,throughput", err)
	}
	if len(header) > 0 {
		header[0] = strings.TrimPrefix(header[0], "\ufeff")
		header = []string{strings.TrimSpace(header[0]), strings.TrimSpace(header[len(header)-1])}
	}
	if err != nil || !slices.Equal(header, []string{"concurrency", "throughput"}) {
		return nil, errors.New("the first line of the points must be \"concurrency,throughput\"")
	}
	var points []Point
	for {
		fields, err := in.Read()
		if errors.Is(err, io.EOF) {
			return points, nil
		}
		if err != nil {
			return nil, fmt.Errorf("the points cannot be read: %w; write two numbers per line, separated by a comma", err)
		}
		point, err := parsePoint(fields)
		if err != nil {
			line, _ := in.FieldPos(0)
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
		if points = append(points, point); len(points) > maxPoints {
			return nil, fmt.Errorf("there are more than %d points; give averages", maxPoints)
		}
	}
}

func parsePoint(fields []string) (Point, error) {
	var values [2]float64
	for i, field := range fields {
		value, err := strconv.ParseFloat(strings.TrimSpace(field), 64)
		if err != nil {
			return Point{}, fmt.Errorf("%q is not a number", field)
		}
		values[i] = value
	}
	point := Point{Concurrency: values[0], Throughput: values[1]}
	return point, point.check()
}

func (p Point) check() error {
	if !(p.Concurrency >= 1) || math.IsInf(p.Concurrency, 1) {
		return fmt.Errorf("the concurrency is %v; it must be a finite number, 1 or more", p.Concurrency)
	}
	return positive("throughput", p.Throughput)
}
