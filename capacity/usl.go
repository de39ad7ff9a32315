package capacity

import (
	"cmp"
	"errors"
	"math"
)

// USL is the universal scalability law: throughput at a concurrency.
//
// Source: N. J. Gunther, "Guerrilla Capacity Planning", 2007, chapter 4, with λ for the throughput of one: X(N) = λN/(1 + σ(N−1) + κN(N−1)).
//
// Where:
//   - N is the concurrency: people, clients or threads that always have one request under way
//   - λ, σ, κ are Lambda, Sigma and Kappa
type USL struct {
	Sigma  float64 // contention: the share of the work that is serialized
	Kappa  float64 // coherency: the cost of each pair that must agree; above 0 throughput has a peak
	Lambda float64 // throughput per second at a concurrency of 1
}

func (m USL) check() error {
	return cmp.Or(notNegative("contention σ", m.Sigma), notNegative("coherency κ", m.Kappa), positive("throughput λ at a concurrency of 1", m.Lambda))
}

// Throughput returns X(N) per second.
func (m USL) Throughput(concurrency float64) (float64, error) {
	if err := cmp.Or(m.check(), atLeastOne(concurrency)); err != nil {
		return 0, err
	}
	return inRange(m.at(concurrency))
}

func (m USL) at(n float64) float64 {
	return m.Lambda * (n / (1 + m.Sigma*(n-1) + m.Kappa*n*(n-1)))
}

// ResponseTime returns N/X(N), seconds (Little's law in a closed loop without think time).
func (m USL) ResponseTime(concurrency float64) (float64, error) {
	throughput, err := m.Throughput(concurrency)
	if err != nil {
		return 0, err
	}
	return inRange(concurrency / throughput)
}

func atLeastOne(concurrency float64) error {
	if concurrency >= 1 && !math.IsInf(concurrency, 1) {
		return nil
	}
	return errors.New("the concurrency must be a finite number, 1 or more")
}

// PeakConcurrency returns the concurrency of the highest throughput, √((1−σ)/κ), not rounded. It returns false if there
// is no peak above a concurrency of 1. Source: Gunther, 2007, chapter 4.
func (m USL) PeakConcurrency() (float64, bool) {
	peak := math.Sqrt((1 - m.Sigma) / m.Kappa)
	if m.Kappa <= 0 || !(peak >= 1) || math.IsInf(peak, 1) {
		return 0, false
	}
	return peak, true
}

// PeakThroughput returns the highest throughput per second, and false if there is no peak; see [USL.PeakConcurrency].
func (m USL) PeakThroughput() (float64, bool) {
	peak, found := m.PeakConcurrency()
	if !found {
		return 0, false
	}
	return m.at(peak), true
}

// Knee returns the concurrency above which throughput grows little: the smaller of the peak and 1/σ, where λN meets the
// ceiling λ/σ of contention alone. It is +Inf for a line.
func (m USL) Knee() float64 {
	knee := 1 / m.Sigma
	if peak, found := m.PeakConcurrency(); found {
		knee = min(knee, peak)
	}
	return knee
}
