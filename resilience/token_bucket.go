package resilience

import (
	"cmp"
	"errors"
	"time"
)

// BucketConfig describes [Buckets].
type BucketConfig struct {
	Rate  float64 `json:"rate"`  // tokens per second of each client
	Burst int     `json:"burst"` // most tokens that a client can save; also the number at the start
}

// Validate returns the first mistake in the description.
func (c BucketConfig) Validate() error {
	if !(c.Rate > 0) || c.Burst < 1 {
		return errors.New("a token bucket needs a rate above 0 and a burst of 1 or more")
	}
	return nil
}

// Filter returns full buckets.
func (c BucketConfig) Filter() Filter { return &bucketFilter{buckets: NewBuckets(c)} }

// bucketFilter takes tokens from the bucket of each person.
type bucketFilter struct {
	buckets *Buckets
	off     bool
}

func (f *bucketFilter) Allow(now time.Duration, whom Asker) (time.Duration, bool) {
	if f.off {
		return 0, true
	}
	return f.buckets.Allow(now, whom.Person)
}

// Buckets holds a token bucket for each client. A request takes a token, or is rejected.
//
// A bucket is stored as one number, as in the generic cell rate algorithm: the time at which it will be full
// again (ATM Forum, Traffic Management 4.1 (1999), sec. 4.4.2; equivalent to Turner's leaky bucket, IEEE
// Communications Magazine 24 (1986)). A full bucket equals that of a client never seen, so it is forgotten.
type Buckets struct {
	every  time.Duration // time between two tokens
	depth  time.Duration // time that a full bucket is worth
	full   map[uint64]time.Duration
	forget int // number of clients from which full buckets are forgotten
}

// minSwept is the smallest table that is swept.
const minSwept = 1024

// NewBuckets returns full buckets. The configuration must be valid.
func NewBuckets(config BucketConfig) *Buckets {
	every := max(1, time.Duration(float64(time.Second)/config.Rate))
	return &Buckets{every: every, depth: every * time.Duration(config.Burst), full: map[uint64]time.Duration{}, forget: minSwept}
}

// Allow takes a token of the client. If there is none, wait is the time until the next one.
func (b *Buckets) Allow(now time.Duration, client uint64) (wait time.Duration, ok bool) {
	full := max(b.full[client], now) + b.every
	if wait = full - b.depth - now; wait > 0 {
		return wait, false
	}
	b.full[client] = full
	if len(b.full) >= b.forget {
		b.sweep(now)
	}
	return 0, true
}

func (b *Buckets) sweep(now time.Duration) {
	for client, full := range b.full {
		if full <= now {
			delete(b.full, client)
		}
	}
	b.forget = max(minSwept, 2*len(b.full))
}

// Len returns the number of clients remembered.
func (b *Buckets) Len() int { return len(b.full) }

// Len returns the number of clients remembered.
func (f *bucketFilter) Len() int { return f.buckets.Len() }

func tokenBucket() Descriptor {
	return Descriptor{
		Name: "token-bucket", Does: "limits the requests of each person.", Source: "ATM Forum TM 4.1 (GCRA)",
		Places: doors(), Live: only(AtStep), Needs: words("rate"), Takes: words("burst"),
		Default: func(s Settings) Settings {
			s.Burst = cmp.Or(s.Burst, 10)
			return s
		},
		Config:  func(s Settings) Config { return BucketConfig{Rate: float64(s.Rate), Burst: s.Burst} },
		Changes: changing("rate burst", turnWaits, ""),
		Asks:    AsksPerson, Code: "too_many_requests", Message: "you ask too often; try again later",
	}
}

var _ Filtering = BucketConfig{}
