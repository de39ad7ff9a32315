package backend

import (
	"context"
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/ombak-sim/ombak/resilience"
)

// gate puts the policy into real time: callers wait at it as goroutines.
type gate struct {
	began   time.Time
	mutex   sync.Mutex // guards what follows
	policy  *resilience.Gate
	waiting map[resilience.Ticket]chan bool // true admits, false rejects
	timer   *time.Timer                     // the next deadline
}

// busyError says that a registry cannot be asked now.
type busyError struct {
	retryAfter time.Duration // when to come back, an estimate
	reason     string
}

func (e *busyError) Error() string { return e.reason }

// newGate returns a gate; with a Concurrency of 0 it only counts.
func newGate(config resilience.GateConfig) (*gate, error) {
	if config.Concurrency == 0 {
		config = resilience.GateConfig{FIFOConfig: resilience.FIFOConfig{Concurrency: math.MaxInt}}
	}
	policy, err := resilience.NewGate(config)
	if err != nil {
		return nil, fmt.Errorf("gate: %w", err)
	}
	g := &gate{began: time.Now(), policy: policy, waiting: map[resilience.Ticket]chan bool{}}
	g.timer = time.AfterFunc(math.MaxInt64, g.expire)
	return g, nil
}

func (g *gate) now() time.Duration { return time.Since(g.began) }

// enter waits for a place. Whoever gets nil must leave; any other answer is a *busyError or ctx's.
func (g *gate) enter(ctx context.Context) error { return g.enterAs(ctx, resilience.Fresh) }

// enterAs waits for a place of a class.
func (g *gate) enterAs(ctx context.Context, class resilience.Class) error {
	decision, admitted := g.arrive(class)
	switch decision.Verdict {
	case resilience.Admitted:
		return nil
	case resilience.Rejected:
		return &busyError{decision.RetryAfter, "the queue is full"}
	}
	select {
	case yes := <-admitted:
		return g.verdict(yes)
	case <-ctx.Done():
	}
	if g.cancel(decision.Ticket) {
		return ctx.Err()
	}
	return g.verdict(<-admitted) // it was decided at the same time
}

func (g *gate) verdict(admitted bool) error {
	if admitted {
		return nil
	}
	g.mutex.Lock()
	defer g.mutex.Unlock()
	return &busyError{g.policy.RetryAfter(), "the wait was too long"}
}

func (g *gate) arrive(class resilience.Class) (resilience.Decision, chan bool) {
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

// leave gives the place back.
func (g *gate) leave() {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	g.tell(g.policy.Release(g.now()), true)
	g.settle()
}

func (g *gate) cancel(ticket resilience.Ticket) bool {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	cancelled := g.policy.Cancel(g.now(), ticket)
	if cancelled {
		delete(g.waiting, ticket)
	}
	g.settle()
	return cancelled
}

// expire is called by the timer.
func (g *gate) expire() {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	g.settle()
}

// settle tells those who have expired and sets the timer for the next; the mutex is held.
func (g *gate) settle() {
	g.tell(g.policy.Expire(g.now()), false)
	if next, due := g.policy.NextDeadline(); due {
		g.timer.Reset(next - g.now())
	} else {
		g.timer.Stop()
	}
}

func (g *gate) tell(tickets []resilience.Ticket, admitted bool) {
	for _, ticket := range tickets {
		g.waiting[ticket] <- admitted
		delete(g.waiting, ticket)
	}
}

func (g *gate) stats() resilience.Stats {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	stats := g.policy.Stats(g.now())
	g.settle()
	return stats
}

// limit returns how many may be in service at once.
func (g *gate) limit() int {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	return g.policy.Limit()
}

// close stops the timer; nobody may be waiting.
func (g *gate) close() {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	g.timer.Stop()
}
