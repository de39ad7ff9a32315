package registry

import (
	"context"
	"crypto/sha256"
	"strings"
	"sync"
	"time"

	"github.com/ombak-sim/ombak/resilience"
)

// answers caches a registry's answers in memory only, under hashes of the questions.
type answers[V any] struct {
	began time.Time
	mutex sync.Mutex // guards the fields below
	cache *resilience.Cache[question, V, chan fetched[V]]
}

type question [sha256.Size]byte

// fetched is the result of a call, for the callers that waited for it.
type fetched[V any] struct {
	value V
	err   error
}

// newAnswers returns nil if caching is not configured.
func newAnswers[V any](config *resilience.CacheConfig) *answers[V] {
	if config == nil {
		return nil
	}
	return &answers[V]{began: time.Now(), cache: resilience.NewCache[question, V, chan fetched[V]](*config)}
}

// get returns the answer to a question from the cache, from a call under way, or from a new call. The receiver
// may be nil.
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

// settle stores an answer, or removes a failed question, and returns the callers that wait for it.
func (a *answers[V]) settle(key question, value V, err error) []chan fetched[V] {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	if err != nil {
		return a.cache.Fail(key)
	}
	return a.cache.Store(key, value, time.Since(a.began))
}

// change gives the cache another time to live and size, or switches it off or on. It reports whether there is a cache. The
// receiver may be nil.
func (a *answers[V]) change(config resilience.CacheConfig, on bool) bool {
	if a == nil {
		return false
	}
	a.mutex.Lock()
	defer a.mutex.Unlock()
	a.cache.Change(time.Since(a.began), config, on)
	return true
}

// changePolicy changes a policy in front of the calls of a client whose answers may be cached.
func changePolicy[V any](client *Client, answers *answers[V], config resilience.Config, on bool) bool {
	if cache, is := config.(resilience.CacheConfig); is {
		return answers.change(cache, on)
	}
	if gated, is := config.(resilience.Gated); is {
		client.limit.Store(int64(gated.Gate().Concurrency))
	}
	return client.protection.change(config, on)
}
