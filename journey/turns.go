package journey

import (
	"iter"
	"time"
)

// Turn changes the tide at an instant. The fields that are not nil take effect.
type Turn struct {
	At     time.Duration `json:"at"`              // real time
	Until  time.Duration `json:"until,omitempty"` // real time at which it is undone, unless another of its field has come since; 0 means never
	Factor *float64      `json:"factor,omitempty"`
	Hold   *bool         `json:"hold,omitempty"`
}

// over reports whether the turn has been undone by an instant.
func (t Turn) over(at time.Duration) bool { return t.Until > 0 && at >= t.Until }

// Turns are changes of the tide, in any order. Of several at one instant, the last in the list counts.
type Turns []Turn

// At returns the tide for somebody whose first step is at an instant.
func (t Turns) At(first time.Duration) Tide {
	tide := Even()
	var factor, hold *Turn // the latest of each field
	for i := range t {
		turn := &t[i]
		if turn.At > first {
			continue
		}
		if turn.Factor != nil && (factor == nil || turn.At >= factor.At) {
			factor = turn
		}
		if turn.Hold != nil && (hold == nil || turn.At >= hold.At) {
			hold = turn
		}
	}
	if factor != nil && !factor.over(first) {
		tide.Factor = *factor.Factor
	}
	if hold != nil && !hold.over(first) {
		tide.Held = *hold.Hold
	}
	return tide
}

// Coming yields those of a crowd who come, and those who come in addition, in order of the crowd.
func (t Turns) Coming(crowd Crowd, j *Journey) iter.Seq[Caller] {
	crowd = crowd.Counted()
	return func(yield func(Caller) bool) {
		for caller := range crowd.Part(0, 1) {
			comer := j.Comes(caller)
			tide := t.At(comer.First)
			if !tide.Admits(crowd.Seed, comer) {
				continue
			}
			if !yield(caller) {
				return
			}
			for added := range tide.Added(crowd, j, comer) {
				if t.At(added.First).Admits(crowd.Seed, added) && !yield(added.Caller) {
					return
				}
			}
		}
	}
}
