package workload

import (
	"cmp"
	"iter"
	"math"
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
	Scale   float64       `json:"scale"`          // factor on the number of people; 0 means 1. Whoever comes at 0.1 comes at 0.2 too, and at 2
	From    time.Duration `json:"from,omitempty"` // first instant that counts
	To      time.Duration `json:"to,omitempty"`   // first instant that no longer counts; 0 means the end

	// Curve is the rate by which people are placed inside the bins. Without a curve the rate is constant in each bin.
	Curve Curve `json:"curve,omitempty"`
	// Random draws each bin's count from a Poisson distribution whose mean is the count of the bin or of the curve.
	// Otherwise counts are exact.
	Random bool `json:"random,omitempty"`
	// Renewal is the distribution of the gaps between people, up to a factor: gaps are stretched so that their mean is one
	// over the rate. It replaces Mode and Random. Nil means that people are placed by Mode.
	Renewal *Distribution `json:"renewal,omitempty"`

	shift float64 // of even arrivals, in gaps
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
	mean := a.mean(i)
	if mean <= 0 {
		return 0
	}
	stream := a.Seed.Stream(totals^a.Purpose, uint64(i), 0, 0)
	return int(distuv.Poisson{Lambda: mean, Src: &stream}.Rand())
}

// mean returns the expected number of people in bin i.
func (a Arrivals) mean(i int) float64 {
	if len(a.Curve) > 0 {
		start, end := a.expected(i)
		return end - start
	}
	return float64(a.Bins.Counts[i])
}

// Total returns the number of people in all bins, before windowing. With a scale below 1 it counts those who are left
// out too, and so it does in the last part of a scale above 1.
func (a Arrivals) Total() (total int) {
	for _, part := range a.parts() {
		total += part.total()
	}
	return total
}

// Base returns the arrivals at a scale of at most 1. Their ordinals are below its total.
func (a Arrivals) Base() Arrivals { return a.parts()[0] }

// total counts one part.
func (a Arrivals) total() (total int) {
	m := maker{of: a}
	for i := range a.Bins.Counts {
		total += m.skip(i)
	}
	return total
}

// expected returns the curve's integral at the start and at the end of bin i.
func (a Arrivals) expected(i int) (start, end float64) {
	return a.Curve.Expected(a.Bins.Width * time.Duration(i)), a.Curve.Expected(a.Bins.Width * time.Duration(i+1))
}

// bin appends the arrivals of bin i to buffer in order of time and returns it. First is the ordinal of the bin's first
// person: the sum of the counts before.
func (a Arrivals) bin(i int, first uint64, buffer []Arrival) []Arrival {
	count, place := a.Count(i), a.placing(i)
	instants := make([]time.Duration, count)
	stream := a.Seed.Stream(a.Purpose, uint64(i), 0, 0)
	for k := range instants {
		offset := 0.0
		switch a.Mode {
		case Burst:
		case Even:
			offset = (float64(k) + 0.5) / float64(count)
			if a.shift > 0 {
				_, offset = math.Modf(offset + a.shift/float64(count))
			}
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

// All yields every arrival in order of time. It holds one bin in memory. At a scale above 1 the further people have the
// ordinals from the total of [Arrivals.Base] on.
func (a Arrivals) All() iter.Seq[Arrival] {
	return func(yield func(Arrival) bool) {
		var makers []*maker
		first := uint64(0)
		parts := a.parts()
		for i, part := range parts {
			makers = append(makers, &maker{of: part, first: first})
			if i < len(parts)-1 {
				first += uint64(part.total())
			}
		}
		var buffer []Arrival
		for i := range a.Bins.Counts {
			start, end := a.Bins.Width*time.Duration(i), a.Bins.Width*time.Duration(i+1)
			buffer = buffer[:0]
			for _, m := range makers {
				if end > a.From && (a.To == 0 || start < a.To) {
					buffer = m.next(i, buffer)
				} else {
					m.skip(i)
				}
			}
			if len(makers) > 1 {
				slices.SortStableFunc(buffer, func(a, b Arrival) int { return cmp.Compare(a.At, b.At) })
			}
			for _, arrival := range buffer {
				if !yield(arrival) {
					return
				}
			}
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
