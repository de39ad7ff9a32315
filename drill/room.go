package drill

import (
	"context"
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/setup"
)

// Room is where a live run is watched and acted on. Fields that are nil are left out.
type Room struct {
	Post  func(report.Second)           // called with every row of the feed, on one goroutine
	Timed bool                          // rows keep response times by outcome
	Await func(context.Context) error   // called when all parts are ready; the run begins when it returns
	Acts  func(Act)                     // called when the run begins, with what acts on it
	Did   func(funnel.Action)           // called when an intervention of the scenario, or of the plan's schedule, was done
	Ended func(actions []funnel.Action) // called when the run has ended, with what was done and the scenario's interventions
}

// Act does an action as soon as possible and returns the scenario time at which it takes effect. Any goroutine may call it.
type Act func(ctx context.Context, action funnel.Action) (time.Duration, error)

// masked hides secrets in what the room is told.
func (r *Room) masked(hide setup.Mask) *Room {
	if r == nil || r.Post == nil {
		return r
	}
	masked := *r
	masked.Post = func(row report.Second) {
		hide.Second(&row)
		r.Post(row)
	}
	return &masked
}

func (r *Room) await(ctx context.Context) error {
	if r == nil || r.Await == nil {
		return nil
	}
	return r.Await(ctx)
}
