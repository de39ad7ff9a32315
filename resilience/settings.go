package resilience

import (
	"fmt"
	"math"
	"reflect"
	"strings"
	"time"
)

// Rate is a rate per second, of requests or people.
type Rate float64

// Share is a part of a whole, from 0 to 1.
type Share float64

// Settings holds the keys of all policies. Each policy takes its own; see [Descriptor]. A new key of a policy
// is a field here.
type Settings struct {
	Limit     int           `yaml:"limit,omitempty" json:"limit,omitempty"`           // requests served at once, those that wait not counted; adaptive-concurrency: the initial limit
	Queue     int           `yaml:"queue,omitempty" json:"queue,omitempty"`           // most requests that wait, those served not counted; a further one is turned away at once; 0 means none, or 10 million for async-verify
	Deadline  time.Duration `yaml:"deadline,omitempty" json:"deadline,omitempty"`     // longest wait, real time, after which a request is turned away; 0 means none
	Target    time.Duration `yaml:"target,omitempty" json:"target,omitempty"`         // codel: longest wait in a standing queue; aimd: mean service time above which the limit falls
	Interval  time.Duration `yaml:"interval,omitempty" json:"interval,omitempty"`     // codel: how long a queue must be non-empty to be a standing one; 0 means 100 ms
	Algorithm string        `yaml:"algorithm,omitempty" json:"algorithm,omitempty"`   // adaptive-concurrency: gradient (default) or aimd
	Min       int           `yaml:"min,omitempty" json:"min,omitempty"`               // lower bound of the limit, or of servers
	Max       int           `yaml:"max,omitempty" json:"max,omitempty"`               // upper bound of the limit, or of servers
	Rate      Rate          `yaml:"rate,omitempty" json:"rate,omitempty"`             // token-bucket: tokens of each person, shared-token-bucket: tokens of all together, waiting-room: people admitted; per second of real time
	Burst     int           `yaml:"burst,omitempty" json:"burst,omitempty"`           // token buckets, retry-budget, waiting-room: most tokens, retries or people that can be saved; they begin with as many; 0 means 10, or 1 for a waiting-room
	Order     string        `yaml:"order,omitempty" json:"order,omitempty"`           // waiting-room: fifo (default), lottery or serving-number
	Round     time.Duration `yaml:"round,omitempty" json:"round,omitempty"`           // lottery: how long a round is open, real time; 0 means 1 min
	Grace     time.Duration `yaml:"grace,omitempty" json:"grace,omitempty"`           // serving-number: how long a turn lasts, real time; 0 means 10 min
	Every     time.Duration `yaml:"every,omitempty" json:"every,omitempty"`           // stagger: scenario time between turns; autoscale: real time between looks
	Group     int           `yaml:"group,omitempty" json:"group,omitempty"`           // stagger: months that share a turn; 0 means 1
	First     int           `yaml:"first,omitempty" json:"first,omitempty"`           // stagger: the month that begins, 1 to 12; 0 means 1
	Calls     int           `yaml:"calls,omitempty" json:"calls,omitempty"`           // circuit-breaker: number of latest calls that count; 0 means 20
	Share     Share         `yaml:"share,omitempty" json:"share,omitempty"`           // circuit-breaker: share of them that must have failed to open it; 0 means 50 %
	Cooldown  time.Duration `yaml:"cooldown,omitempty" json:"cooldown,omitempty"`     // circuit-breaker: real time before it tries again; autoscale: real time before servers are removed
	Probes    int           `yaml:"probes,omitempty" json:"probes,omitempty"`         // circuit-breaker: calls that must succeed to close it; 0 means 3
	Ratio     Share         `yaml:"ratio,omitempty" json:"ratio,omitempty"`           // retry-budget: retries earned by each first attempt, saved up to burst; a retry costs 1, and one that the budget refuses costs none; 0 means 10 %
	Attempts  int           `yaml:"attempts,omitempty" json:"attempts,omitempty"`     // retry-budget at a call: most calls for one request, the first included; 0 means 3
	Pause     time.Duration `yaml:"pause,omitempty" json:"pause,omitempty"`           // real time before the second call; before call n + 1 it is min(longest, pause · 2^(n − 1)), without jitter
	Longest   time.Duration `yaml:"longest,omitempty" json:"longest,omitempty"`       // upper bound of the pause
	TTL       time.Duration `yaml:"ttl,omitempty" json:"ttl,omitempty"`               // cache: how long an answer may be used, real time
	Size      int           `yaml:"size,omitempty" json:"size,omitempty"`             // cache: most answers kept; 0 means no limit
	HitRate   Share         `yaml:"hit_rate,omitempty" json:"hit_rate,omitempty"`     // station-cache: share of requests that it answers
	Time      time.Duration `yaml:"time,omitempty" json:"time,omitempty"`             // station-cache: time of a request that it answers, real time
	Workers   int           `yaml:"workers,omitempty" json:"workers,omitempty"`       // async-verify: calls at once
	Rule      string        `yaml:"rule,omitempty" json:"rule,omitempty"`             // autoscale: hpa (default) or kpa
	Metric    string        `yaml:"metric,omitempty" json:"metric,omitempty"`         // autoscale: utilization, concurrency or queue
	PerServer float64       `yaml:"per_server,omitempty" json:"per_server,omitempty"` // autoscale: target value of the metric per server
	Boot      time.Duration `yaml:"boot,omitempty" json:"boot,omitempty"`             // autoscale: real time from the decision until a new server works; 0 means 30 s
}

// field returns a pointer to the setting of a key.
func (s *Settings) field(key string) any {
	value := reflect.ValueOf(s).Elem()
	for i := range value.NumField() {
		if name, _, _ := strings.Cut(value.Type().Field(i).Tag.Get("yaml"), ","); name == key {
			return value.Field(i).Addr().Interface()
		}
	}
	panic("resilience: no setting is called " + key)
}

// Policy is the name of a policy with its settings. It is plain data, which is sent to the process that runs
// the policy.
type Policy struct {
	Name string `json:"name"`
	Settings
}

// Descriptor returns the policy's descriptor. That of an unknown policy has no name.
func (p Policy) Descriptor() Descriptor {
	descriptor, _ := Named(p.Name)
	return descriptor
}

// WithDefaults sets the defaults of settings that are left out.
func (p Policy) WithDefaults() Policy {
	if fill := p.Descriptor().Default; fill != nil {
		p.Settings = fill(p.Settings)
	}
	return p
}

// Config returns the policy's configuration, or the first mistake in its settings, which must be complete.
func (p Policy) Config() (Config, error) {
	descriptor, known := Named(p.Name)
	if !known {
		return nil, fmt.Errorf("the policy %q is unknown", p.Name)
	}
	config := descriptor.Config(p.Settings)
	return config, config.Validate()
}

// Scaled multiplies the limits of the policy. Counts stay at least 1.
func (p Policy) Scaled(factor float64) Policy {
	if factor == 1 {
		return p
	}
	for _, key := range p.Descriptor().Scales {
		switch field := p.field(key).(type) {
		case *int:
			if *field > 0 {
				*field = max(1, int(math.Round(float64(*field)*factor)))
			}
		case *Rate:
			*field *= Rate(factor)
		}
	}
	return p
}

// Bounds returns what [Policy.Scaled] multiplies: counts, and a rate, which is 0 if there is none.
func (p Policy) Bounds() (counts []int, rate Rate) {
	for _, key := range p.Descriptor().Scales {
		switch field := p.field(key).(type) {
		case *int:
			counts = append(counts, *field)
		case *Rate:
			rate = *field
		}
	}
	return counts, rate
}

// Value returns the setting of a key.
func (s Settings) Value(key string) any { return reflect.ValueOf(s.field(key)).Elem().Interface() }
