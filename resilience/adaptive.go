package resilience

import (
	"cmp"
	"fmt"
	"math"
	"time"
)

// The algorithms of [AdaptiveConfig].
const (
	Gradient = "gradient"
	AIMD     = "aimd"
)

// AdaptiveConfig describes how a [Gate] learns how many requests to let in at once. It starts from
// the Concurrency that the gate is given.
type AdaptiveConfig struct {
	Algorithm string        `json:"algorithm"` // gradient or aimd
	Min       int           `json:"min"`       // the concurrency never falls below it
	Max       int           `json:"max"`       // nor rises above it
	Target    time.Duration `json:"target"`    // aimd: the mean service time above which the concurrency falls
}

// Validate returns the first fault of the description.
func (c AdaptiveConfig) Validate(start int) error {
	switch {
	case c.Algorithm != Gradient && c.Algorithm != AIMD:
		return fmt.Errorf("the algorithm %q is unknown; use %s or %s", c.Algorithm, Gradient, AIMD)
	case c.Min < 1 || c.Min > start || start > c.Max:
		return fmt.Errorf("the concurrency runs from %d over %d to %d; it must begin at 1 or more and not fall", c.Min, start, c.Max)
	case c.Algorithm == AIMD && c.Target <= 0:
		return fmt.Errorf("aimd needs a target; give the mean service time above which the concurrency falls")
	}
	return nil
}

// The parameters of both algorithms, those of Netflix's concurrency-limits where it has them.
const (
	windowTime        = time.Second // a window of measurement lasts at least so long
	windowCompletions = 10          // and has at least so many completions
	backoffRatio      = 0.9         // aimd: what remains of the concurrency when it falls
	tolerance         = 1.5         // gradient: service times up to so many times the usual one are no congestion
	smoothing         = 0.2         // gradient: weight of the newest window, in the concurrency and in the usual service time
)

// adaptive estimates how many requests a service can work on at once without slowing down.
//
// Gradient compares the mean service time of each window with the usual one, that of an idle service:
//
//	limit ← (1 - s)·limit + s·(limit · max(½, min(1, τ·usual/now)) + √limit)
//
// as Netflix's concurrency-limits do (Kuchibhotla, "Performance Under Load", Netflix Technology Blog,
// 2018), whose idea is the congestion window of TCP Vegas (Brakmo and Peterson, IEEE JSAC 13 (1995)).
// AIMD adds one after a good window and takes a tenth after a bad
// one: Chiu and Jain, "Analysis of the Increase and Decrease Algorithms for Congestion Avoidance in
// Computer Networks", Computer Networks and ISDN Systems 17 (1989). Neither changes anything while
// less than half the places are in use, for then the limit is not what bounds.
//
// Note: taking the long-term mean for the usual time, as Gradient2Limit does, was rejected: in a surge
// of hours the mean learns the congestion, and the limit creeps away.
//
// Where the service times come from: a window's mean is its time in use divided by its completions
// (Little's law), so that no request needs a clock of its own.
type adaptive struct {
	config AdaptiveConfig
	limit  float64
	usual  float64 // mean service time at low load, ns; 0 means none yet
	since  time.Duration
	before Stats // at that time
}

func newAdaptive(config AdaptiveConfig, start int) *adaptive {
	return &adaptive{config: config, limit: float64(start)}
}

// observe takes the counts after a completion and returns the concurrency from now on.
func (a *adaptive) observe(now time.Duration, stats Stats) int {
	completions := stats.Completions - a.before.Completions
	if elapsed := now - a.since; elapsed >= windowTime && completions >= windowCompletions {
		busy := float64(stats.BusyTime - a.before.BusyTime)
		a.adjust(busy/float64(completions), busy/float64(elapsed))
		a.since, a.before = now, stats
	}
	return int(a.limit)
}

// adjust takes a window's mean service time, in ns, and mean number in service.
func (a *adaptive) adjust(service, inUse float64) {
	bounds := inUse >= a.limit/2
	switch {
	case a.config.Algorithm == AIMD && service > float64(a.config.Target):
		a.limit *= backoffRatio
	case a.config.Algorithm == AIMD && bounds:
		a.limit++
	case a.config.Algorithm == Gradient:
		a.learn(service, bounds)
		if bounds && service > 0 {
			gradient := max(0.5, min(1, tolerance*a.usual/service))
			a.limit += smoothing * (a.limit*gradient + math.Sqrt(a.limit) - a.limit)
		}
	}
	a.limit = max(float64(a.config.Min), min(float64(a.config.Max), a.limit))
}

// learn follows the service time at low load, and under load only down.
func (a *adaptive) learn(service float64, bounds bool) {
	switch {
	case a.usual == 0 || service < a.usual:
		a.usual = service
	case !bounds:
		a.usual += smoothing * (service - a.usual)
	}
}

func adaptiveConcurrency() Descriptor {
	return Descriptor{
		Name: "adaptive-concurrency", Does: "learns how many requests may be served at once.", Source: "Netflix concurrency-limits 2018; Chiu and Jain 1989",
		Places: anywhere(), Live: anywhere(), Needs: words("min max"), Takes: words("algorithm limit queue deadline target"), Scales: words("min max limit queue"),
		Default: func(s Settings) Settings {
			s.Algorithm, s.Limit = cmp.Or(s.Algorithm, Gradient), cmp.Or(s.Limit, s.Min)
			return s
		},
		Config: func(s Settings) Config {
			return GateConfig{FIFOConfig: s.fifo(), Adaptive: &AdaptiveConfig{Algorithm: s.Algorithm, Min: s.Min, Max: s.Max, Target: s.Target}}
		},
	}
}
