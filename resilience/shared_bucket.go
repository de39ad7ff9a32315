package resilience

import (
	"cmp"
	"time"
)

// SharedBucketConfig describes one token bucket that all requests share.
type SharedBucketConfig struct {
	Rate  float64 `json:"rate"`  // tokens per second
	Burst int     `json:"burst"` // most tokens saved; also the number at the start
}

// Validate returns the first mistake in the description.
func (c SharedBucketConfig) Validate() error { return BucketConfig(c).Validate() }

// Filter returns a full bucket.
func (c SharedBucketConfig) Filter() Filter {
	return &sharedFilter{buckets: NewBuckets(BucketConfig(c))}
}

// sharedFilter takes all tokens from the bucket of nobody in particular.
type sharedFilter struct {
	buckets *Buckets
	off     bool
}

func (f *sharedFilter) Allow(now time.Duration, _ Asker) (time.Duration, bool) {
	if f.off {
		return 0, true
	}
	return f.buckets.Allow(now, 0)
}

func sharedTokenBucket() Descriptor {
	return Descriptor{
		Name: "shared-token-bucket", Does: "limits the requests of all people together.", Source: "ATM Forum TM 4.1 (GCRA)",
		Places: doors(), Live: doors(), Needs: words("rate"), Takes: words("burst"), Scales: words("rate burst"),
		Default: func(s Settings) Settings {
			s.Burst = cmp.Or(s.Burst, 10)
			return s
		},
		Config:  func(s Settings) Config { return SharedBucketConfig{Rate: float64(s.Rate), Burst: s.Burst} },
		Changes: changing("rate burst", turnWaits, ""),
		Code:    "too_many_requests", Message: "too many people ask at once; try again later",
	}
}

var _ Filtering = SharedBucketConfig{}
