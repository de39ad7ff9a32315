package registry

import (
	"context"
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/ombak-sim/ombak/resilience"
)

// Gate runs a queueing policy in real time: callers wait at it as goroutines.
type Gate struct {
	began   time.Time
	mutex   sync.Mutex // guards the fields below
	policy  *resilience.Gate
	waiting map[resilience.Ticket]chan bool // true admits, false rejects
	timer   *time.Timer                     // the next deadline
}

// BusyError means that a registry cannot be called now, or that a gate is closed.
type BusyError struct {
	RetryAfter time.Duration // an estimate
	Reason     string
}

func (e *BusyError) Error() string { return e.Reason }

// NewGate returns a gate. With a Concurrency of 0 it only counts.
func NewGate(config resilience.GateConfig) (*Gate, error) {
	if config.Concurrency == 0 {
		config = resilience.GateConfig{FIFOConfig: resilience.FIFOConfig{Concurrency: math.MaxInt}}
	}
	policy, err := resilience.NewGate(config)
	if err != nil {
		return nil, fmt.Errorf("gate: %w", err)
	}
	g := &Gate{began: time.Now(), policy: policy, waiting: map[resilience.Ticket]chan bool{}}
	g.timer = time.AfterFunc(math.MaxInt64, g.expire)
	return g, nil
}

func (g *Gate) now() time.Duration { return time.Since(g.began) }

// Enter waits for a place. After a nil error the caller must call Leave. Any other error is a *BusyError, ErrLeft or the
// error of ctx.
func (g *Gate) Enter(ctx context.Context) error { return g.EnterAs(ctx, resilience.Fresh) }

// EnterAs waits for a place with a priority class.
func (g *Gate) EnterAs(ctx context.Context, class resilience.Class) error {
	decision, admitted := g.arrive(class)
	switch decision.Verdict {
	case resilience.Admitted:
		return nil
	case resilience.Rejected:
		return &BusyError{decision.RetryAfter, "the queue is full"}
	}
	gone, forget := watchCaller(ctx)
	defer forget()
	var ended error
	select {
	case yes := <-admitted:
		return g.verdict(yes)
	case <-ctx.Done():
		ended = ctx.Err()
	case <-gone:
		ended = ErrLeft
	}
	if g.cancel(decision.Ticket) {
		return ended
	}
	return g.verdict(<-admitted) // it was decided in the meantime
}

func (g *Gate) verdict(admitted bool) error {
	if admitted {
		return nil
	}
	g.mutex.Lock()
	defer g.mutex.Unlock()
	return &BusyError{g.policy.RetryAfter(), "the wait was too long"}
}

func (g *Gate) arrive(class resilience.Class) (resilience.Decision, chan bool) {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	decision := g.policy.ArriveAs(g.now(), class)
	var admitted chan bool
	if decision.Verdict == resilience.Queued {
		admitted = make(chan bool, 1)
		g.waiting[decision.Ticket] = admitted
	}
	g.settle()
	return decision, admitted
}

// Leave releases the place.
func (g *Gate) Leave() {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	g.tell(g.policy.Release(g.now()), true)
	g.settle()
}

func (g *Gate) cancel(ticket resilience.Ticket) bool {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	cancelled := g.policy.Cancel(g.now(), ticket)
	if cancelled {
		delete(g.waiting, ticket)
	}
	g.settle()
	return cancelled
}

// expire runs when the timer fires.
func (g *Gate) expire() {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	g.settle()
}

// settle rejects the callers whose deadline has passed and sets the timer for the next one. The mutex is held.
func (g *Gate) settle() {
	g.tell(g.policy.Expire(g.now()), false)
	if next, due := g.policy.NextDeadline(); due {
		g.timer.Reset(next - g.now())
	} else {
		g.timer.Stop()
	}
}

func (g *Gate) tell(tickets []resilience.Ticket, admitted bool) {
	for _, ticket := range tickets {
		g.waiting[ticket] <- admitted
		delete(g.waiting, ticket)
	}
}

// Change gives the gate another description of the same kind, or switches it off or on. Off, it admits everybody.
func (g *Gate) Change(to resilience.GateConfig, on bool) {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	g.tell(g.policy.Change(g.now(), to, on), true)
	g.settle()
}

// Stats returns the counts up to now.
func (g *Gate) Stats() resilience.Stats {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	stats := g.policy.Stats(g.now())
	g.settle()
	return stats
}

// Limit returns the current concurrency limit.
func (g *Gate) Limit() int {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	return g.policy.Limit()
}

// Close stops the timer. No caller may be waiting.
func (g *Gate) Close() {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	g.timer.Stop()
}
