package scenarios

import (
	"math"
	"time"

	"github.com/ombak-sim/ombak/resilience"
	"github.com/ombak-sim/ombak/workload"
)

// defaultBacklog is how many accepted checks may wait where a plan does not say: a nation.
const defaultBacklog = 10_000_000

// withDefaults fills what the file left open.
func (p Policy) withDefaults() Policy {
	switch p.Policy {
	case "codel":
		setDefault(&p.Target, 5*time.Millisecond)
		setDefault(&p.Interval, max(100*time.Millisecond, p.Target))
	case "adaptive-concurrency":
		setDefault(&p.Algorithm, resilience.Gradient)
		setDefault(&p.Limit, p.Min)
	case "token-bucket":
		setDefault(&p.Burst, 10)
	case "waiting-room":
		setDefault(&p.Order, string(resilience.FIFO))
		if p.Order == string(resilience.Lottery) {
			setDefault(&p.Round, time.Minute)
		}
		if p.Order == string(resilience.ServingNumber) {
			setDefault(&p.Grace, 10*time.Minute)
		}
	case "circuit-breaker":
		setDefault(&p.Calls, 20)
		setDefault(&p.Share, 0.5)
		setDefault(&p.Cooldown, 5*time.Second)
		setDefault(&p.Probes, 3)
	case "retry-budget":
		setDefault(&p.Ratio, 0.1)
		setDefault(&p.Burst, 10)
		setDefault(&p.Attempts, 3)
		setDefault(&p.Pause, 100*time.Millisecond)
		setDefault(&p.Longest, max(time.Second, p.Pause))
	case "async-verify":
		setDefault(&p.Queue, defaultBacklog)
		setDefault(&p.Pause, 5*time.Second)
		setDefault(&p.Longest, max(5*time.Minute, p.Pause))
	case "autoscale":
		p.scaleDefaults()
	}
	return p
}

func (p *Policy) scaleDefaults() {
	setDefault(&p.Rule, resilience.HPA)
	metric := resilience.ByUtilization
	if p.Rule == resilience.KPA {
		metric = resilience.ByConcurrency
	}
	setDefault(&p.Metric, string(metric))
	setDefault(&p.Min, 1)
	setDefault(&p.Every, 15*time.Second)
	setDefault(&p.Boot, 30*time.Second)
	setDefault(&p.Cooldown, 5*time.Minute)
}

// Gate describes the queueing policies; false for the others.
func (p Policy) Gate() (resilience.GateConfig, bool) {
	config := resilience.GateConfig{FIFOConfig: resilience.FIFOConfig{Concurrency: p.Limit, Queue: p.Queue, Deadline: p.Deadline}}
	switch p.Policy {
	case "static-limit", "bounded-fifo", "bulkhead":
	case "codel":
		config.CoDel = &resilience.CoDelConfig{Target: p.Target, Interval: p.Interval}
	case "adaptive-concurrency":
		config.Adaptive = &resilience.AdaptiveConfig{Algorithm: p.Algorithm, Min: p.Min, Max: p.Max, Target: p.Target}
	case "priority-shed":
		config.Priority = true
	default:
		return resilience.GateConfig{}, false
	}
	return config, true
}

// Buckets describes a token-bucket.
func (p Policy) Buckets() resilience.BucketConfig {
	return resilience.BucketConfig{Rate: p.Rate.PerSecond(), Burst: p.Burst}
}

// Room describes a waiting-room.
func (p Policy) Room() resilience.RoomConfig {
	return resilience.RoomConfig{Order: resilience.Order(p.Order), Rate: p.Rate.PerSecond(), Burst: p.Burst, Round: p.Round, Grace: p.Grace}
}

// Stagger describes a stagger-by-birth-month.
func (p Policy) Stagger() resilience.StaggerConfig {
	return resilience.StaggerConfig{Every: p.Every, Group: p.Group, First: p.First}
}

// Breaker describes a circuit-breaker.
func (p Policy) Breaker() resilience.BreakerConfig {
	return resilience.BreakerConfig{Calls: p.Calls, Share: float64(p.Share), Cooldown: p.Cooldown, Probes: p.Probes}
}

// Budget describes a retry-budget.
func (p Policy) Budget() resilience.BudgetConfig {
	return resilience.BudgetConfig{Ratio: float64(p.Ratio), Burst: float64(p.Burst)}
}

// Cache describes a registry-cache.
func (p Policy) Cache() resilience.CacheConfig {
	return resilience.CacheConfig{TTL: p.TTL, Size: p.Size}
}

// Deferred describes an async-verify, and the pauses of a retry-budget at a call.
func (p Policy) Deferred() resilience.DeferConfig {
	return resilience.DeferConfig{Workers: p.Workers, Backlog: p.Queue, Pause: p.Pause, Longest: p.Longest}
}

// Scale describes an autoscale.
func (p Policy) Scale() resilience.ScaleConfig {
	return resilience.ScaleConfig{
		Rule: p.Rule, Metric: resilience.Metric(p.Metric), Target: p.PerServer, Min: p.Min, Max: p.Max, Every: p.Every, Boot: p.Boot, Cooldown: p.Cooldown,
	}
}

// check returns the first fault of the settings together.
func (p Policy) check() error {
	if gate, isGate := p.Gate(); isGate {
		return gate.Validate()
	}
	switch p.Policy {
	case "token-bucket":
		return p.Buckets().Validate()
	case "waiting-room":
		return p.Room().Validate()
	case "stagger-by-birth-month":
		return p.Stagger().Validate()
	case "circuit-breaker":
		return p.Breaker().Validate()
	case "retry-budget":
		pauses := p.Deferred()
		pauses.Workers, pauses.Backlog = max(1, p.Attempts), 1
		if err := pauses.Validate(); err != nil {
			return err
		}
		return p.Budget().Validate()
	case "registry-cache":
		return p.Cache().Validate()
	case "async-verify":
		return p.Deferred().Validate()
	case "autoscale":
		return p.Scale().Validate()
	}
	return nil
}

// Scaled multiplies what bounds a policy by --scale-system; counts stay at least 1.
func (p Policy) Scaled(factor float64) Policy {
	if factor == 1 {
		return p
	}
	for _, count := range p.counts() {
		if *count > 0 {
			*count = max(1, int(math.Round(float64(*count)*factor)))
		}
	}
	if p.Policy == "waiting-room" {
		p.Rate *= workload.Rate(factor)
	}
	return p
}

// counts are those that bound a policy.
func (p *Policy) counts() []*int { return []*int{&p.Limit, &p.Queue, &p.Min, &p.Max, &p.Workers} }

// Counts are those that [Policy.Scaled] multiplies.
func (p Policy) Counts() (counts []int) {
	for _, count := range p.counts() {
		counts = append(counts, *count)
	}
	return counts
}

// Admits is the rate that [Policy.Scaled] multiplies; 0 where a policy has none.
func (p Policy) Admits() workload.Rate {
	if p.Policy == "waiting-room" {
		return p.Rate
	}
	return 0
}
