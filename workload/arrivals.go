package workload

import (
	"iter"
	"slices"
	"time"

	"gonum.org/v1/gonum/stat/distuv"
)

// Mode is how arrivals are placed inside a bin.
type Mode string

// The modes.
const (
	Poisson Mode = "poisson" // independent uniform instants: a Poisson process given its counts
	Even    Mode = "even"    // equal gaps
	Burst   Mode = "burst"   // all at the start of the bin
)

// Arrival is the arrival of one person at one instant.
type Arrival struct {
	At      time.Duration // scenario time of the scheduled step
	Ordinal uint64        // place in the stream of arrivals; the same in every thinned or windowed part
}

// Arrivals is one stream of people. Each bin has its own random stream, so bins can be made one by one in any order, and
// memory does not grow with the run.
type Arrivals struct {
	Seed    Seed          `json:"seed"`
	Purpose Purpose       `json:"purpose"` // distinguishes the streams of one scenario
	Bins    Bins          `json:"bins"`
	Mode    Mode          `json:"mode"`
	Scale   float64       `json:"scale"`          // share of people kept, in (0, 1]; 0 means 1. Whoever is kept at 0.1 is kept at 0.2 too
	From    time.Duration `json:"from,omitempty"` // first instant that counts
	To      time.Duration `json:"to,omitempty"`   // first instant that no longer counts; 0 means the end

	// Curve is the rate by which people are placed inside the bins. Without a curve the rate is constant in each bin.
	Curve Curve `json:"curve,omitempty"`
	// Random draws each bin's count from a Poisson distribution whose mean is the count of the bin or of the curve.
	// Otherwise counts are exact.
	Random bool `json:"random,omitempty"`
}

var (
	thinning = NewPurpose("arrivals/thinning")
	totals   = NewPurpose("arrivals/totals")
)

// Count returns the number of people in bin i, before thinning and windowing.
func (a Arrivals) Count(i int) int {
	if !a.Random {
		return a.Bins.Counts[i]
	}
	mean := float64(a.Bins.Counts[i])
	if len(a.Curve) > 0 {
		start, end := a.expected(i)
		mean = end - start
	}
	if mean <= 0 {
		return 0
	}
	stream := a.Seed.Stream(totals^a.Purpose, uint64(i), 0, 0)
	return int(distuv.Poisson{Lambda: mean, Src: &stream}.Rand())
}

// Total returns the number of people in all bins, before thinning and windowing.
func (a Arrivals) Total() int {
	total := 0
	for i := range a.Bins.Counts {
		total += a.Count(i)
	}
	return total
}

// expected returns the curve's integral at the start and at the end of bin i.
func (a Arrivals) expected(i int) (start, end float64) {
	return a.Curve.Expected(a.Bins.Width * time.Duration(i)), a.Curve.Expected(a.Bins.Width * time.Duration(i+1))
}

// Bin appends the arrivals of bin i to buffer in order of time and returns it. First is the ordinal of the bin's first
// person: the sum of the counts before.
func (a Arrivals) Bin(i int, first uint64, buffer []Arrival) []Arrival {
	count, place := a.Count(i), a.placing(i)
	instants := make([]time.Duration, count)
	stream := a.Seed.Stream(a.Purpose, uint64(i), 0, 0)
	for k := range instants {
		offset := 0.0
		switch a.Mode {
		case Burst:
		case Even:
			offset = (float64(k) + 0.5) / float64(count)
		default:
			offset = stream.Float64()
		}
		instants[k] = place(offset)
	}
	slices.Sort(instants)
	for k, at := range instants {
		if ordinal := first + uint64(k); a.counts(at, ordinal) {
			buffer = append(buffer, Arrival{At: at, Ordinal: ordinal})
		}
	}
	return buffer
}

// placing returns the function from [0, 1) to instants of bin i that turns uniform numbers into arrivals at the curve's
// rate.
func (a Arrivals) placing(i int) func(offset float64) time.Duration {
	start := a.Bins.Width * time.Duration(i)
	if from, to := a.expected(i); to > from {
		last := start + a.Bins.Width - 1
		return func(offset float64) time.Duration {
			return min(last, max(start, a.Curve.When(from+offset*(to-from))))
		}
	}
	return func(offset float64) time.Duration { return start + time.Duration(offset*float64(a.Bins.Width)) }
}

func (a Arrivals) counts(at time.Duration, ordinal uint64) bool {
	if at < a.From || a.To > 0 && at >= a.To {
		return false
	}
	return a.Scale == 0 || a.Scale >= 1 || a.Seed.Uniform(thinning^a.Purpose, ordinal) < a.Scale
}

// All yields every arrival in order of time. It holds one bin in memory.
func (a Arrivals) All() iter.Seq[Arrival] {
	return func(yield func(Arrival) bool) {
		var first uint64
		var buffer []Arrival
		for i := range a.Bins.Counts {
			start, end := a.Bins.Width*time.Duration(i), a.Bins.Width*time.Duration(i+1)
			if end > a.From && (a.To == 0 || start < a.To) {
				buffer = a.Bin(i, first, buffer[:0])
				for _, arrival := range buffer {
					if !yield(arrival) {
						return
					}
				}
			}
			first += uint64(a.Count(i))
		}
	}
}

// Peak returns the number of arrivals, and the most of them in any window of the given length. The instants must be in
// order.
func Peak(instants iter.Seq[time.Duration], window time.Duration) (total, most int) {
	var recent []time.Duration // a queue of those inside the window
	head := 0
	for at := range instants {
		recent = append(recent, at)
		for recent[head] <= at-window {
			head++
		}
		most = max(most, len(recent)-head)
		if head > len(recent)/2 {
			recent = append(recent[:0], recent[head:]...)
			head = 0
		}
		total++
	}
	return total, most
}
