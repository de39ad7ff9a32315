package sim

import "time"

// Cache remembers answers for a time to live, and lets those who ask for what is being fetched wait
// for the one fetch (coalescing).
type Cache struct {
	ttl     time.Duration
	answers map[uint64]cached
}

// cached is an answer, or one on its way.
type cached struct {
	expires  time.Duration
	fetching bool
	waiting  []int32 // owners, besides the one who fetches
}

// NewCache returns an empty cache.
func NewCache(ttl time.Duration) *Cache {
	return &Cache{ttl: ttl, answers: map[uint64]cached{}}
}

// Lookup is what a cache says to one who asks.
type Lookup uint8

// The lookups.
const (
	Hit   Lookup = iota // the answer is there
	Fetch               // it is not: the caller fetches it and calls Store or Fail
	Wait                // it is on its way: Store or Fail will name the caller
)

// Look asks for a key.
func (c *Cache) Look(key uint64, owner int32, now time.Duration) Lookup {
	answer, known := c.answers[key]
	switch {
	case known && answer.fetching:
		answer.waiting = append(answer.waiting, owner)
		c.answers[key] = answer
		return Wait
	case known && now < answer.expires:
		return Hit
	}
	c.answers[key] = cached{fetching: true}
	return Fetch
}

// Store keeps a fetched answer and returns who waited for it.
func (c *Cache) Store(key uint64, now time.Duration) (waiting []int32) {
	waiting = c.answers[key].waiting
	c.answers[key] = cached{expires: now + c.ttl}
	return waiting
}

// Fail tells that a fetch came to nothing and returns who waited for it.
func (c *Cache) Fail(key uint64) (waiting []int32) {
	waiting = c.answers[key].waiting
	delete(c.answers, key)
	return waiting
}
