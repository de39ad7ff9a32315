package registry

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/ombak-sim/ombak/resilience"
)

// protection applies a registry's policies to its calls: the gate, then the guard. A failed call may be
// retried. A nil field means that there is no such policy.
type protection struct {
	gate     *Gate
	cache    *resilience.CacheConfig // applied outside of the others; see answers
	began    time.Time
	mutex    sync.Mutex // guards the fields below
	guard    resilience.Guard
	repeater resilience.Repeater
}

// newProtection sorts policies by kind. If there is no gate, it creates one that only counts.
func newProtection(policies []resilience.Policy) (*protection, error) {
	p := &protection{began: time.Now()}
	var gate resilience.GateConfig
	for _, policy := range policies {
		config, err := policy.Config()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", policy.Name, err)
		}
		switch config := config.(type) {
		case resilience.Gated:
			gate = config.Gate()
		case resilience.CacheConfig:
			p.cache = &config
		case resilience.Guarding:
			p.guard = config.Guard()
		case resilience.Repeating:
			p.repeater = config.Repeater()
		default:
			return nil, fmt.Errorf("%s cannot protect calls to a registry", policy.Name)
		}
	}
	var err error
	p.gate, err = NewGate(gate)
	return p, err
}

// call makes a call through the gate and retries it as the policies allow.
func (p *protection) call(ctx context.Context, attempt func() error) error {
	p.first()
	if p.cache != nil {
		ctx = withoutCaller(ctx) // others may wait for the same answer
	}
	for calls := 1; ; calls++ {
		if err := p.gate.Enter(ctx); err != nil {
			return err
		}
		asked, err := p.once(attempt)
		p.gate.Leave()
		if err == nil || !asked {
			return err
		}
		length, again := p.again(calls, err)
		if !again {
			return err
		}
		if err := pause(ctx, length); err != nil {
			return err
		}
	}
}

// change gives a policy other settings, or switches it off or on. It reports whether there is such a policy.
func (p *protection) change(config resilience.Config, on bool) bool {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	now := time.Since(p.began)
	switch config := config.(type) {
	case resilience.Gated:
		p.gate.Change(config.Gate(), on)
		return true
	case resilience.Guarding:
		return change(p.guard, now, config, on)
	case resilience.Repeating:
		return change(p.repeater, now, config, on)
	}
	return false
}

// change changes a policy, if it is there and can change.
func change(policy any, now time.Duration, config resilience.Config, on bool) bool {
	changing, can := policy.(resilience.Changing)
	if can {
		changing.Change(now, config, on)
	}
	return can
}

// once makes a call unless the guard rejects it. It reports whether the call was made.
func (p *protection) once(attempt func() error) (asked bool, err error) {
	if p.guard == nil {
		return true, attempt()
	}
	p.mutex.Lock()
	epoch, wait, ok := p.guard.Allow(time.Since(p.began))
	p.mutex.Unlock()
	if !ok {
		return false, &BusyError{wait, "the circuit breaker is open"}
	}
	err = attempt()
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.guard.Done(time.Since(p.began), epoch, err == nil)
	return true, err
}

func (p *protection) first() {
	if p.repeater == nil {
		return
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.repeater.First()
}

// again reports whether to retry after the given number of calls, and after what pause.
func (p *protection) again(calls int, failed error) (pause time.Duration, again bool) {
	if p.repeater == nil {
		return 0, false
	}
	var told time.Duration
	if busy := (*BusyError)(nil); errors.As(failed, &busy) {
		told = busy.RetryAfter
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return p.repeater.Again(calls, told)
}

// pause waits, unless ctx ends first.
func pause(ctx context.Context, length time.Duration) error {
	timer := time.NewTimer(length)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// opener is a guard that exposes its state.
type opener interface{ Open() bool }

// open returns a func whose value is 1 while the guard rejects calls and 0 otherwise. It returns false if the
// guard does not expose its state.
func (p *protection) open() (show func() float64, known bool) {
	guard, known := p.guard.(opener)
	return func() float64 {
		p.mutex.Lock()
		defer p.mutex.Unlock()
		if guard.Open() {
			return 1
		}
		return 0
	}, known
}
