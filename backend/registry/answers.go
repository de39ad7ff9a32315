package registry

import (
	"context"
	"crypto/sha256"
	"strings"
	"sync"
	"time"

	"github.com/ombak-sim/ombak/resilience"
)

// answers keeps what a registry said, in memory only, under hashes of what was asked.
type answers[V any] struct {
	began time.Time
	mutex sync.Mutex // guards what follows
	cache *resilience.Cache[question, V, chan fetched[V]]
}

type question [sha256.Size]byte

// fetched is what a call came to, for those who waited for it.
type fetched[V any] struct {
	value V
	err   error
}

// newAnswers returns nil where nothing is kept.
func newAnswers[V any](config *resilience.CacheConfig) *answers[V] {
	if config == nil {
		return nil
	}
	return &answers[V]{began: time.Now(), cache: resilience.NewCache[question, V, chan fetched[V]](*config)}
}

// get returns the answer to a question: the one that is kept, the one that is on its way, or that of
// a call. Answers may be nil.
func (a *answers[V]) get(ctx context.Context, call func() (V, error), asked ...string) (V, error) {
	if a == nil {
		return call()
	}
	key := question(sha256.Sum256([]byte(strings.Join(asked, "\x00"))))
	other := make(chan fetched[V], 1)
	value, lookup := a.look(key, other)
	switch lookup {
	case resilience.Hit:
		return value, nil
	case resilience.Wait:
		select {
		case came := <-other:
			return came.value, came.err
		case <-ctx.Done():
			return value, ctx.Err()
		}
	}
	value, err := call()
	for _, waiting := range a.settle(key, value, err) {
		waiting <- fetched[V]{value, err}
	}
	return value, err
}

func (a *answers[V]) look(key question, other chan fetched[V]) (V, resilience.Lookup) {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	return a.cache.Look(key, other, time.Since(a.began))
}

// settle keeps an answer, or forgets a failure, and returns who waited.
func (a *answers[V]) settle(key question, value V, err error) []chan fetched[V] {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	if err != nil {
		return a.cache.Fail(key)
	}
	return a.cache.Store(key, value, time.Since(a.began))
}
