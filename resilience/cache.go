package resilience

import (
	"errors"
	"time"
)

// CacheConfig describes a [Cache].
type CacheConfig struct {
	TTL  time.Duration `json:"ttl"`            // how long an answer may be used
	Size int           `json:"size,omitempty"` // most answers kept; 0 means no limit
}

// Validate returns the first mistake in the description.
func (c CacheConfig) Validate() error {
	if c.TTL <= 0 || c.Size < 0 {
		return errors.New("a cache needs a ttl above 0 and a size of 0 (meaning no limit) or more")
	}
	return nil
}

// Cache keeps answers for a time to live. Callers who ask for an answer that is being fetched wait for that
// fetch (coalescing), so that a popular or repeated question reaches the registry only once.
//
// Freshness by age: RFC 9111 (2022), sec. 4.2. Waiting for the one fetch: the leases against thundering herds
// of Nishtala et al., "Scaling Memcache at Facebook", NSDI 2013, sec. 3.2.1. Only answers are kept, never
// failures, because a failure of the registry says nothing about the person.
//
// Note: removing the least recently used answer was rejected. All answers live equally long, so the oldest is
// the first to expire, and a queue finds it in O(1).
type Cache[K comparable, V, W any] struct {
	config  CacheConfig
	answers map[K]*answer[V, W]
	order   []kept[K] // keys of the answers, the oldest first; some have been replaced since
	head    int
	off     bool // keeps nothing and tells nothing
}

// answer is a known answer, or one that is being fetched.
type answer[V, W any] struct {
	value    V
	expires  time.Duration
	fetching bool
	waiting  []W // those who wait, without the one who fetches
}

type kept[K comparable] struct {
	key     K
	expires time.Duration
}

// NewCache returns an empty cache. The configuration must be valid.
func NewCache[K comparable, V, W any](config CacheConfig) *Cache[K, V, W] {
	return &Cache[K, V, W]{config: config, answers: map[K]*answer[V, W]{}}
}

// Lookup is the result of asking a cache.
type Lookup uint8

// The lookups.
const (
	Hit   Lookup = iota // the answer is known
	Fetch               // it is not known: the caller fetches it and calls Store or Fail
	Wait                // it is being fetched: Store or Fail will return the waiter
)

// Look asks for a key. If the answer is being fetched, Store or Fail will return the waiter.
func (c *Cache[K, V, W]) Look(key K, waiter W, now time.Duration) (V, Lookup) {
	c.forget(now)
	if c.off {
		var none V
		return none, Fetch
	}
	known := c.answers[key]
	switch {
	case known == nil:
		known = &answer[V, W]{fetching: true}
		c.answers[key] = known
	case known.fetching:
		known.waiting = append(known.waiting, waiter)
		return known.value, Wait
	default:
		return known.value, Hit
	}
	return known.value, Fetch
}

// Store keeps a fetched answer and returns those who waited for it.
func (c *Cache[K, V, W]) Store(key K, value V, now time.Duration) (waiting []W) {
	if waiting = c.settle(key); c.off {
		return waiting
	}
	expires := now + c.config.TTL
	c.answers[key] = &answer[V, W]{value: value, expires: expires}
	c.order = append(c.order, kept[K]{key, expires})
	c.forget(now)
	return waiting
}

// Fail records that a fetch failed and returns those who waited for it.
func (c *Cache[K, V, W]) Fail(key K) (waiting []W) { return c.settle(key) }

// settle ends a fetch.
func (c *Cache[K, V, W]) settle(key K) (waiting []W) {
	if known := c.answers[key]; known != nil && known.fetching {
		waiting = known.waiting
		delete(c.answers, key)
	}
	return waiting
}

// Len returns the number of answers kept.
func (c *Cache[K, V, W]) Len() int { return len(c.order) - c.head }

// forget removes answers that are too old or too many.
func (c *Cache[K, V, W]) forget(now time.Duration) {
	for c.head < len(c.order) {
		oldest := c.order[c.head]
		if oldest.expires > now && (c.config.Size == 0 || c.Len() <= c.config.Size) {
			break
		}
		if known := c.answers[oldest.key]; known != nil && !known.fetching && known.expires == oldest.expires {
			delete(c.answers, oldest.key)
		}
		c.head++
	}
	if c.head > len(c.order)/2 {
		c.order = append(c.order[:0], c.order[c.head:]...)
		c.head = 0
	}
}

func registryCache() Descriptor {
	return Descriptor{
		Name: "cache", Formerly: "registry-cache", Does: "keeps answers, and lets callers wait for an answer that is being fetched.", Source: "RFC 9111; Nishtala et al. 2013",
		Places: only(AtCall), Live: only(AtCall), Needs: words("ttl"), Takes: words("size"),
		Changes: changing("ttl size", "Those who wait for an answer that is being fetched still get it, and a new ttl counts from when an answer was fetched.", ""),
		Config:  func(s Settings) Config { return CacheConfig{TTL: s.TTL, Size: s.Size} },
	}
}
