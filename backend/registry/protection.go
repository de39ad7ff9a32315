package registry

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/ombak-sim/ombak/resilience"
)

// protection puts the policies of a registry around its calls: the gate, then the guard; a call that failed may
// be repeated. What is nil is not there.
type protection struct {
	gate     *Gate
	cache    *resilience.CacheConfig // kept around the whole; see answers
	began    time.Time
	mutex    sync.Mutex // guards what follows
	guard    resilience.Guard
	repeater resilience.Repeater
}

// newProtection sorts policies by their kinds. Without a gate one is made that only counts.
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
			return nil, fmt.Errorf("%s does not protect calls", policy.Name)
		}
	}
	var err error
	p.gate, err = NewGate(gate)
	return p, err
}

// call makes a call through the gate, and repeats it while it fails and the policies have it so.
func (p *protection) call(ctx context.Context, attempt func() error) error {
	p.first()
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

// once makes a call unless the guard stops it; asked reports whether it did.
func (p *protection) once(attempt func() error) (asked bool, err error) {
	if p.guard == nil {
		return true, attempt()
	}
	p.mutex.Lock()
	epoch, wait, ok := p.guard.Allow(time.Since(p.began))
	p.mutex.Unlock()
	if !ok {
		return false, &BusyError{wait, "calls are stopped for a while"}
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

// again reports whether there is another call after so many, and after what pause.
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

// pause waits, unless ctx ends.
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

// opener is a guard that shows its state.
type opener interface{ Open() bool }

// open is 1 while calls are given up, else 0. It is false where no guard shows its state.
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
