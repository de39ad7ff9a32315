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

// AdaptiveConfig describes how a [Gate] learns how many requests to admit at once. It starts from the
// Concurrency of the gate.
type AdaptiveConfig struct {
	Algorithm string        `json:"algorithm"` // gradient or aimd
	Min       int           `json:"min"`       // lower bound of the concurrency
	Max       int           `json:"max"`       // upper bound of the concurrency
	Target    time.Duration `json:"target"`    // aimd: the mean service time above which the concurrency falls
}

// Validate returns the first mistake in the description.
func (c AdaptiveConfig) Validate(start int) error {
	switch {
	case c.Algorithm != Gradient && c.Algorithm != AIMD:
		return fmt.Errorf("the algorithm %q is unknown; use %s or %s", c.Algorithm, Gradient, AIMD)
	case c.Min < 1 || c.Min > start || start > c.Max:
		return fmt.Errorf("the concurrency has min %d, start %d and max %d; use 1 ≤ min ≤ start ≤ max", c.Min, start, c.Max)
	case c.Algorithm == AIMD && c.Target <= 0:
		return fmt.Errorf("aimd needs a target; give the mean service time above which the concurrency falls")
	}
	return nil
}

// The parameters of both algorithms. Where Netflix's concurrency-limits has the same parameter, its value is
// used.
const (
	windowTime        = time.Second // shortest window of measurement
	windowCompletions = 10          // fewest completions in a window
	backoffRatio      = 0.9         // aimd: share of the concurrency that is left after it falls
	tolerance         = 1.5         // gradient: ratio to the usual service time up to which there is no congestion
	smoothing         = 0.2         // gradient: weight of the newest window in the concurrency and in the usual service time
)

// adaptive estimates how many requests a service can work on at once without slowing down.
//
// Gradient compares the mean service time of each window with the usual one, that of a service at low load:
//
//	limit ← (1 - s)·limit + s·(limit · max(½, min(1, τ·usual/now)) + √limit)
//
// This is the rule of Netflix's concurrency-limits (Kuchibhotla, "Performance Under Load", Netflix Technology
// Blog, 2018). Its idea is the congestion window of TCP Vegas (Brakmo and Peterson, IEEE JSAC 13 (1995)).
// AIMD adds one after a good window and takes a tenth after a bad one: Chiu and Jain, "Analysis of the
// Increase and Decrease Algorithms for Congestion Avoidance in Computer Networks", Computer Networks and ISDN
// Systems 17 (1989). Neither changes the limit while less than half of it is in use, because then the limit
// does not bound the service.
//
// Note: taking the long-term mean as the usual time, as Gradient2Limit does, was rejected. In a surge of
// hours the mean would learn the congestion, and the limit would drift away.
//
// The mean service time of a window is its time in use divided by its completions (Little's law), so no
// request needs a clock of its own.
type adaptive struct {
	config AdaptiveConfig
	limit  float64
	usual  float64 // mean service time at low load, ns; 0 means none yet
	since  time.Duration
	before Stats // the counts at that time
}

func newAdaptive(config AdaptiveConfig, start int) *adaptive {
	return &adaptive{config: config, limit: float64(start)}
}

// observe takes the counts after a completion and returns the new concurrency.
func (a *adaptive) observe(now time.Duration, stats Stats) int {
	completions := stats.Completions - a.before.Completions
	if elapsed := now - a.since; elapsed >= windowTime && completions >= windowCompletions {
		busy := float64(stats.BusyTime - a.before.BusyTime)
		a.adjust(busy/float64(completions), busy/float64(elapsed))
		a.since, a.before = now, stats
	}
	return int(a.limit)
}

// adjust takes the mean service time of a window, in ns, and its mean number in service.
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

// learn updates the usual service time from windows at low load. Under load it only lowers it.
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
		Changes: changing("min max limit queue deadline target", gateWaits+" What it has learned stays, unless a limit is set.", "it has learned by its algorithm"),
		Default: func(s Settings) Settings {
			s.Algorithm, s.Limit = cmp.Or(s.Algorithm, Gradient), cmp.Or(s.Limit, s.Min)
			return s
		},
		Config: func(s Settings) Config {
			return GateConfig{FIFOConfig: s.fifo(), Adaptive: &AdaptiveConfig{Algorithm: s.Algorithm, Min: s.Min, Max: s.Max, Target: s.Target}}
		},
	}
}
