package capacity

import (
	"fmt"
	"math"

	"github.com/ombak-sim/ombak/workload"
)

// piece is a stretch of time on which a rate is linear.
type piece struct {
	begin, end float64 // seconds
	from, to   float64 // per second, at begin and end
	level      float64 // number before begin
}

func (p piece) slope() float64 { return (p.to - p.from) / (p.end - p.begin) }

func (p piece) rate(t float64) float64 {
	if t >= p.end {
		return p.to
	}
	return p.from + p.slope()*(t-p.begin)
}

// count returns the number of arrivals or departures in the piece.
func (p piece) count() float64 { return (p.from + p.to) / 2 * (p.end - p.begin) }

// time returns when the level is reached; the level must lie within the piece.
func (p piece) time(level float64) float64 {
	x := level - p.level
	if x <= 0 {
		return p.begin
	}
	root := math.Sqrt(max(0, p.from*p.from+2*p.slope()*x))
	return min(p.end, p.begin+2*x/(p.from+root))
}

// pieces checks segments and places them one after another from time 0. It leaves out segments of no length.
func pieces(what string, segments []workload.Segment) ([]piece, error) {
	var all []piece
	var begin, level float64
	for i, segment := range segments {
		from, to := segment.From.PerSecond(), segment.To.PerSecond()
		if segment.For < 0 || notNegative("rate", from) != nil || notNegative("rate", to) != nil {
			return nil, fmt.Errorf("segment %d of the %s lasts %v from %v to %v; it must last 0 or more, with finite rates of 0 or more",
				i+1, what, segment.For, segment.From, segment.To)
		}
		if segment.For == 0 {
			continue
		}
		p := piece{begin: begin, end: begin + segment.For.Seconds(), from: from, to: to, level: level}
		all = append(all, p)
		begin, level = p.end, level+p.count()
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("the %s has no segment that lasts; give at least one", what)
	}
	return all, nil
}

// at returns the part of the curve between two times that lie within one piece. After the last piece the rate is after.
func at(curve []piece, begin, end, after float64) (from, to float64) {
	for _, p := range curve {
		if begin >= p.begin && end <= p.end {
			return p.rate(begin), p.rate(end)
		}
	}
	return after, after
}
