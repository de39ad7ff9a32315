package funnel

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"
)

// ErrOver is the error of an action after the end of a run.
var ErrOver = errors.New("the run has ended, so nothing can be done any more")

// ErrUnable is the error of an action that the run could not do, though nothing is wrong with it.
var ErrUnable = errors.New("it could not be done")

// Orders hand actions to the goroutine that plays a run, one after the other.
type Orders struct {
	given chan Order
	over  chan struct{} // closed when the run has ended
}

// Order is an action that somebody waits for.
type Order struct {
	Action
	answer chan<- answer
}

type answer struct {
	at  time.Duration
	err error
}

// NewOrders returns the orders of one run.
func NewOrders() Orders { return Orders{make(chan Order), make(chan struct{})} }

// Given is where the goroutine that plays gets the orders. It must answer each.
func (o Orders) Given() <-chan Order { return o.given }

// Answer tells at which scenario time the action takes effect, or why it was not done.
func (o Order) Answer(at time.Duration, err error) { o.answer <- answer{at, err} }

// Act orders an action, waits until it is done, and returns the scenario time at which it takes effect. Any goroutine may
// call it.
func (o Orders) Act(ctx context.Context, action Action) (time.Duration, error) {
	answers := make(chan answer, 1)
	select {
	case o.given <- Order{action, answers}:
		done := <-answers
		return done.at, done.err
	case <-o.over:
		return 0, ErrOver
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// Over is closed when nobody gets orders any more.
func (o Orders) Over() <-chan struct{} { return o.over }

// Close refuses further orders. Call it once, when nobody gets orders any more.
func (o Orders) Close() { close(o.over) }

// InOrder returns actions in order of time.
func InOrder(actions []Action) []Action {
	return slices.SortedStableFunc(slices.Values(actions), func(a, b Action) int { return cmp.Compare(a.At, b.At) })
}
