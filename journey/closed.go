package journey

import (
	"time"

	"github.com/ombak-sim/ombak/workload"
)

// Closed is a closed population: each person who ends a walk is followed by another, who thinks and then begins.
// The zero Closed is an open model, in which people come as they please.
type Closed struct {
	People int                   `json:"people,omitempty"` // people who think or walk at any moment
	Think  workload.Distribution `json:"think,omitzero"`   // scenario time before each walk
	Until  time.Duration         `json:"until,omitempty"`  // real time from which nobody begins
}

var rethinkPurpose = workload.NewPurpose("arrivals/think")

// Begins returns the real time at which a person begins who follows another at the given real time, and false if that is
// too late.
func (c Closed) Begins(seed workload.Seed, clock workload.Clock, person uint64, now time.Duration) (at time.Duration, begins bool) {
	at = now
	if !c.Think.IsZero() {
		stream := seed.Stream(rethinkPurpose, person, 0, 0)
		at = clock.Real(clock.Scenario(now) + c.Think.Draw(&stream))
	}
	return at, at < c.Until
}
