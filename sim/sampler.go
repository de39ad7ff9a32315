package sim

import (
	"math"
	"time"

	"github.com/ombak-sim/ombak/workload"
)

// sampler is a workload.Distribution prepared for 10⁹ draws. Its family is a small number and its mean is in
// nanoseconds. It returns the same quantiles as the distribution.
type sampler struct {
	family uint8
	mean   float64 // ns
	whole  *workload.Distribution
}

const (
	constantFamily uint8 = iota
	exponentialFamily
	otherFamily
)

func newSampler(d workload.Distribution) sampler {
	s := sampler{family: otherFamily, mean: d.Mean() * float64(time.Second), whole: &d}
	switch d.Kind() {
	case workload.Constant:
		s.family = constantFamily
	case workload.Exponential:
		s.family = exponentialFamily
	}
	return s
}

// draw returns the quantile of one uniform random number. A constant draws none. 1 − u is exact for the 53 bits of
// u, so Log is as precise as Log1p.
func (s *sampler) draw(stream *workload.Stream) time.Duration {
	switch s.family {
	case constantFamily:
		return time.Duration(s.mean)
	case exponentialFamily:
		return time.Duration(-s.mean * math.Log(1-stream.Float64()))
	}
	return s.whole.Draw(stream)
}
