package resilience

import (
	"cmp"
	"errors"
	"time"
)

// BreakerConfig describes a [Breaker].
type BreakerConfig struct {
	Calls    int           `json:"calls"`    // number of latest calls that count
	Share    float64       `json:"share"`    // share of them that must have failed to open the breaker, above 0
	Cooldown time.Duration `json:"cooldown"` // how long it stays open before it lets calls try
	Probes   int           `json:"probes"`   // calls that must then succeed to close it
}

// Validate returns the first mistake in the description.
func (c BreakerConfig) Validate() error {
	if c.Calls < 1 || !(c.Share > 0 && c.Share <= 1) || c.Cooldown <= 0 || c.Probes < 1 {
		return errors.New("a breaker needs calls of 1 or more, a share above 0 and up to 1, a cooldown above 0 and probes of 1 or more")
	}
	return nil
}

// Guard returns a closed breaker.
func (c BreakerConfig) Guard() Guard { return NewBreaker(c) }

// Breaker stops calls to a dependency that fails too often. Nobody waits for its timeouts, and it gets time
// to recover. After a cooldown single calls may try.
//
// Its states are closed, open and half-open: Nygard, "Release It!" (2007), sec. 5.2. It counts failures among
// the last calls, not within a time, so it needs no timer and means the same at any load.
type Breaker struct {
	config  BreakerConfig
	state   breakerState
	epoch   Epoch // of the state; results of calls that began under another epoch do not count
	results []bool
	place   int
	failed  int
	until   time.Duration // end of the open state
	probing int           // half-open: calls under way
	good    int           // half-open: calls that succeeded
	off     bool          // allows everything and learns nothing
}

type breakerState uint8

const (
	breakerClosed breakerState = iota
	breakerOpen
	breakerHalfOpen
)

// Epoch identifies the state of a [Breaker] in which a call began.
type Epoch uint32

// NewBreaker returns a closed breaker. The configuration must be valid.
func NewBreaker(config BreakerConfig) *Breaker {
	return &Breaker{config: config, results: make([]bool, 0, config.Calls)}
}

// Allow reports whether a call may be made. If it may, the caller must pass the result to Done, or return the
// turn with Skip. If it may not, wait is the time until the next attempt.
func (b *Breaker) Allow(now time.Duration) (epoch Epoch, wait time.Duration, ok bool) {
	if b.off {
		return b.epoch, 0, true
	}
	if b.state == breakerOpen && now >= b.until {
		b.turn(breakerHalfOpen)
	}
	switch b.state {
	case breakerOpen:
		return b.epoch, b.until - now, false
	case breakerHalfOpen:
		if b.probing+b.good >= b.config.Probes {
			return b.epoch, b.config.Cooldown, false
		}
		b.probing++
	}
	return b.epoch, 0, true
}

// Done records the result of a call that was allowed under an epoch.
func (b *Breaker) Done(now time.Duration, epoch Epoch, ok bool) {
	switch {
	case epoch != b.epoch || b.state == breakerOpen || b.off:
	case b.state == breakerHalfOpen && !ok:
		b.open(now)
	case b.state == breakerHalfOpen:
		b.probing--
		if b.good++; b.good >= b.config.Probes {
			b.turn(breakerClosed)
		}
	default:
		b.note(!ok)
		if len(b.results) == b.config.Calls && float64(b.failed) >= b.config.Share*float64(b.config.Calls) {
			b.open(now)
		}
	}
}

// Skip records that an allowed call was not made.
func (b *Breaker) Skip(epoch Epoch) {
	if epoch == b.epoch && b.state == breakerHalfOpen {
		b.probing--
	}
}

// Open reports whether calls are stopped.
func (b *Breaker) Open() bool { return b.state == breakerOpen }

func (b *Breaker) open(now time.Duration) {
	b.turn(breakerOpen)
	b.until = now + b.config.Cooldown
}

func (b *Breaker) turn(state breakerState) {
	b.state, b.probing, b.good, b.failed, b.place = state, 0, 0, 0, 0
	b.results = b.results[:0]
	b.epoch++
}

// note adds a result to the ring of the last calls.
func (b *Breaker) note(failed bool) {
	if len(b.results) < b.config.Calls {
		b.results = append(b.results, failed)
	} else {
		if b.results[b.place] {
			b.failed--
		}
		b.results[b.place] = failed
		b.place = (b.place + 1) % b.config.Calls
	}
	if failed {
		b.failed++
	}
}

func circuitBreaker() Descriptor {
	return Descriptor{
		Name: "circuit-breaker", Does: "stops calls that fail too often, and tries again after a pause.", Source: "Nygard 2007",
		Places: only(AtCall), Live: only(AtCall), Takes: words("calls share cooldown probes"),
		Changes: changing("calls share cooldown probes", "Nobody waits at it: the latest results count on, and a new cooldown counts from when it opened.", ""),
		Default: func(s Settings) Settings {
			s.Calls, s.Share = cmp.Or(s.Calls, 20), cmp.Or(s.Share, 0.5)
			s.Cooldown, s.Probes = cmp.Or(s.Cooldown, 5*time.Second), cmp.Or(s.Probes, 3)
			return s
		},
		Config: func(s Settings) Config {
			return BreakerConfig{Calls: s.Calls, Share: float64(s.Share), Cooldown: s.Cooldown, Probes: s.Probes}
		},
	}
}

var _ Guarding = BreakerConfig{}
