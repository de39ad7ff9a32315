package resilience

import (
	"cmp"
	"fmt"
	"math"
	"time"
)

// The rules of [ScaleConfig].
const (
	HPA = "hpa"
	KPA = "kpa"
)

// Metric is what an autoscaler measures.
type Metric string

// The metrics.
const (
	ByUtilization Metric = "utilization" // share of the servers in use, 0 to 1
	ByConcurrency Metric = "concurrency" // requests at the station per server, waiting ones included
	ByQueue       Metric = "queue"       // requests waiting per server
)

// ScaleConfig describes a [Scaler].
type ScaleConfig struct {
	Looks
	Rule     string        `json:"rule"`   // hpa or kpa
	Target   float64       `json:"target"` // target value of the metric, in its unit
	Min      int           `json:"min"`
	Max      int           `json:"max"`
	Cooldown time.Duration `json:"cooldown"` // servers are removed only if no look within this time wanted them
}

// Validate returns the first mistake in the description.
func (c ScaleConfig) Validate() error {
	switch {
	case c.Rule != HPA && c.Rule != KPA:
		return fmt.Errorf("the rule %q is unknown; use %s or %s", c.Rule, HPA, KPA)
	case c.Metric != ByUtilization && c.Metric != ByConcurrency && c.Metric != ByQueue:
		return fmt.Errorf("the metric %q is unknown; use %s, %s or %s", c.Metric, ByUtilization, ByConcurrency, ByQueue)
	case !(c.Target > 0) || math.IsInf(c.Target, 0):
		return fmt.Errorf("the target is %v; it must be above 0", c.Target)
	case c.Metric == ByUtilization && c.Target > 1:
		return fmt.Errorf("the target is %v; a utilization is at most 1", c.Target)
	case c.Rule == KPA && c.Metric == ByUtilization:
		return fmt.Errorf("%s does not scale by utilization; use %s or %s", KPA, ByConcurrency, ByQueue)
	case c.Min < 1 || c.Max < c.Min:
		return fmt.Errorf("servers range from %d to %d; min must be 1 or more, and max at least min", c.Min, c.Max)
	case c.Every <= 0 || c.Boot < 0 || c.Cooldown < 0:
		return fmt.Errorf("the interval between looks is %v, boot %v and cooldown %v; the interval must be above 0 and the others not negative", c.Every, c.Boot, c.Cooldown)
	}
	return nil
}

// Steer returns a [Scaler], and when it looks.
func (c ScaleConfig) Steer() (Looks, Steerer) { return c.Looks, NewScaler(c) }

// Scaler decides how many servers there should be. Each look gives it the mean of the metric since the look
// before.
//
// HPA is the rule of Kubernetes' Horizontal Pod Autoscaler (documentation, "Algorithm details"): desired =
// ⌈servers · metric/target⌉, with no change within a tolerance of 10 %. It scales down only to the largest
// number desired during the cooldown (in Kubernetes: the stabilization window).
//
// KPA is the rule of Knative's pod autoscaler (documentation, "Additional autoscaling configuration"):
// desired = ⌈total/target⌉, where total is the mean over a stable window of 60 s. If the mean over the last
// tenth of it wants twice the present servers, it panics: it scales up at once, and not down until a stable
// window has passed since the panic.
type Scaler struct {
	config ScaleConfig
	looks  []look // the looks of the longest window in use, the latest last
	panics bool
	since  time.Duration // time of the latest look that panicked
	off    bool
}

// look is what was measured and wanted at one look.
type look struct {
	at    time.Duration
	total float64 // kpa: the metric of all servers together
	wants int
}

const (
	hpaTolerance = 0.1
	stableWindow = time.Minute
	panicWindow  = stableWindow / 10
	panicFactor  = 2
)

// NewScaler returns a Scaler. The configuration must be valid.
func NewScaler(config ScaleConfig) *Scaler { return &Scaler{config: config} }

// Look returns how many servers there should be. It takes the mean metric per server since the last look, the
// number of servers, and the number wanted so far, which includes servers that still boot.
func (s *Scaler) Look(now time.Duration, metric float64, servers, wanted int) int {
	seen := look{at: now, total: metric * float64(servers)}
	if s.config.Rule == HPA {
		seen.wants = s.hpa(metric, servers, wanted)
	} else {
		seen.wants = s.kpa(seen, servers, wanted)
	}
	seen.wants = max(s.config.Min, min(s.config.Max, seen.wants))
	if s.remember(seen); s.off {
		return wanted
	}
	return s.stabilize(seen.wants, wanted)
}

func (s *Scaler) hpa(metric float64, servers, wanted int) int {
	ratio := metric / s.config.Target
	if math.Abs(ratio-1) <= hpaTolerance {
		return wanted
	}
	return int(min(math.Ceil(float64(servers)*ratio), math.MaxInt32))
}

func (s *Scaler) kpa(seen look, servers, wanted int) int {
	stable, urgent := s.mean(seen, stableWindow), s.mean(seen, panicWindow)
	if urgent >= panicFactor*servers {
		s.panics, s.since = true, seen.at
	} else if seen.at-s.since >= stableWindow {
		s.panics = false
	}
	if s.panics {
		return max(wanted, urgent, stable)
	}
	return stable
}

// mean returns how many servers the mean total of a window wants.
func (s *Scaler) mean(seen look, window time.Duration) int {
	sum, count := seen.total, 1.0
	for i := len(s.looks) - 1; i >= 0 && seen.at-s.looks[i].at < window; i-- {
		sum += s.looks[i].total
		count++
	}
	return int(min(math.Ceil(sum/count/s.config.Target), math.MaxInt32))
}

func (s *Scaler) remember(seen look) {
	s.looks = append(s.looks, seen)
	longest := max(stableWindow, s.config.Cooldown)
	for len(s.looks) > 1 && seen.at-s.looks[0].at > longest {
		s.looks = s.looks[1:]
	}
}

// stabilize removes servers only if no look of the cooldown wanted them.
func (s *Scaler) stabilize(wants, wanted int) int {
	if wants >= wanted {
		return wants
	}
	now := s.looks[len(s.looks)-1].at
	for _, seen := range s.looks {
		if now-seen.at <= s.config.Cooldown {
			wants = max(wants, seen.wants)
		}
	}
	return min(wants, wanted)
}

func autoscale() Descriptor {
	return Descriptor{
		Name: "autoscale", Does: "adds servers to a station and removes them, according to what it measures there.", Source: "Kubernetes HPA; Knative KPA",
		Places: only(AtStation), Needs: words("per_server max"), Takes: words("rule metric min every boot cooldown"), Scales: words("min max"),
		Changes: changing("per_server min max every cooldown", "Those who wait stay; the next look, at the old interval, decides by the new settings.", "the looks so far were by its rule and metric, and servers that boot already keep their time"),
		Default: func(s Settings) Settings {
			metric := ByUtilization
			if s.Rule = cmp.Or(s.Rule, HPA); s.Rule == KPA {
				metric = ByConcurrency
			}
			s.Metric, s.Min = cmp.Or(s.Metric, string(metric)), cmp.Or(s.Min, 1)
			s.Every, s.Boot, s.Cooldown = cmp.Or(s.Every, 15*time.Second), cmp.Or(s.Boot, 30*time.Second), cmp.Or(s.Cooldown, 5*time.Minute)
			return s
		},
		Config: func(s Settings) Config {
			looks := Looks{Metric: Metric(s.Metric), Every: s.Every, Boot: s.Boot}
			return ScaleConfig{Looks: looks, Rule: s.Rule, Target: s.PerServer, Min: s.Min, Max: s.Max, Cooldown: s.Cooldown}
		},
	}
}

var _ Steering = ScaleConfig{}
