package backend

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/ombak-sim/ombak/resilience"
)

// RetryConfig describes how calls that failed are repeated.
type RetryConfig struct {
	resilience.BudgetConfig
	Calls   int           `json:"calls"`   // most calls for one request, the first included
	Pause   time.Duration `json:"pause"`   // before the second call, doubled before each further one
	Longest time.Duration `json:"longest"` // no pause is longer
}

// outlet puts breaker and retry budget around the calls of a registry, behind its gate.
type outlet struct {
	began   time.Time
	retry   RetryConfig
	mutex   sync.Mutex // guards what follows
	breaker *resilience.Breaker
	budget  *resilience.Budget
}

// newOutlet returns nil where calls have neither.
func newOutlet(config RegistryConfig) (*outlet, error) {
	if config.Breaker == nil && config.Retry == nil {
		return nil, nil
	}
	o := &outlet{began: time.Now()}
	if config.Breaker != nil {
		if err := config.Breaker.Validate(); err != nil {
			return nil, err
		}
		o.breaker = resilience.NewBreaker(*config.Breaker)
	}
	if config.Retry != nil {
		if err := config.Retry.Validate(); err != nil {
			return nil, err
		}
		o.retry, o.budget = *config.Retry, resilience.NewBudget(config.Retry.BudgetConfig)
	}
	return o, nil
}

// call makes a call through the gate, and repeats it while it fails and the budget lasts. The outlet
// may be nil.
func (o *outlet) call(ctx context.Context, gate *gate, attempt func() error) error {
	o.first()
	for calls := 1; ; calls++ {
		if err := gate.enter(ctx); err != nil {
			return err
		}
		asked, err := o.once(attempt)
		gate.leave()
		if err == nil || !asked || !o.again(calls, err) {
			return err
		}
		if err := pause(ctx, o.pauses().Again(calls)); err != nil {
			return err
		}
	}
}

// once makes a call unless the breaker is open; asked says whether it did.
func (o *outlet) once(attempt func() error) (asked bool, err error) {
	if o == nil || o.breaker == nil {
		return true, attempt()
	}
	o.mutex.Lock()
	epoch, wait, ok := o.breaker.Allow(time.Since(o.began))
	o.mutex.Unlock()
	if !ok {
		return false, &busyError{wait, "the circuit breaker is open"}
	}
	err = attempt()
	o.mutex.Lock()
	defer o.mutex.Unlock()
	o.breaker.Done(time.Since(o.began), epoch, err == nil)
	return true, err
}

func (o *outlet) first() {
	if o == nil || o.budget == nil {
		return
	}
	o.mutex.Lock()
	defer o.mutex.Unlock()
	o.budget.First()
}

// again takes a repeated call from the budget, unless the failed one was told to come back much later.
func (o *outlet) again(calls int, failed error) bool {
	if o == nil || o.budget == nil || calls >= o.retry.Calls {
		return false
	}
	var told time.Duration
	if busy := (*busyError)(nil); errors.As(failed, &busy) {
		told = busy.retryAfter
	}
	o.mutex.Lock()
	defer o.mutex.Unlock()
	return o.budget.RetryAfter(told)
}

func (o *outlet) pauses() resilience.DeferConfig {
	return resilience.DeferConfig{Pause: o.retry.Pause, Longest: o.retry.Longest}
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

// open is 1 while the breaker gives calls up, else 0.
func (o *outlet) open() float64 {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	if o.breaker.Open() {
		return 1
	}
	return 0
}
