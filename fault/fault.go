package fault

import (
	"fmt"
	"slices"
	"time"
)

// Kind is what a fault does.
type Kind string

// The kinds.
const (
	BrownOut  Kind = "brown-out"  // capacity falls to the factor Capacity
	Slow      Kind = "slow"       // every answer takes Delay longer
	Outage    Kind = "outage"     // requests fail at once
	BlackHole Kind = "black-hole" // requests are taken and never answered
)

// Kinds returns all kinds in the order of their documentation.
func Kinds() []Kind { return []Kind{BrownOut, Slow, Outage, BlackHole} }

// Fault is one thing that befalls a dependency. Times are scenario time.
type Fault struct {
	Kind        Kind
	At          time.Duration // when it begins
	For         time.Duration // how long it lasts; 0 means to the end
	Ramp        time.Duration // how long it takes to come to full strength
	Probability float64       // share of requests touched by an outage or black hole; 0 means all
	Capacity    float64       // brown-out: what is left of the capacity, from 0 to 1
	Delay       time.Duration // slow: added to each answer
	Every       time.Duration // flapping: length of one cycle; 0 means it does not flap
	On          float64       // flapping: share of the cycle that the fault is there; 0 means half
}

// Validate returns the first fault of the description.
func (f Fault) Validate() error {
	switch {
	case !slices.Contains(Kinds(), f.Kind):
		return fmt.Errorf("fault %q is unknown; use brown-out, slow, outage or black-hole", f.Kind)
	case f.At < 0 || f.For < 0 || f.Ramp < 0 || f.Every < 0 || f.Delay < 0:
		return fmt.Errorf("fault %s: times must be 0 or more", f.Kind)
	case !(f.Probability >= 0 && f.Probability <= 1) || !(f.Capacity >= 0 && f.Capacity <= 1) || !(f.On >= 0 && f.On <= 1):
		return fmt.Errorf("fault %s: probability, capacity and on are shares from 0 to 1", f.Kind)
	case f.Kind == Slow && f.Delay == 0:
		return fmt.Errorf("fault slow needs a delay, as in delay: 2s")
	}
	return nil
}

// Strength returns how much of the fault there is at an instant: 0 before and after it, growing
// along the ramp, 0 in the off part of each cycle.
func (f Fault) Strength(at time.Duration) float64 {
	since := at - f.At
	if since < 0 || f.For > 0 && since >= f.For {
		return 0
	}
	if f.Every > 0 && since%f.Every >= time.Duration(f.on()*float64(f.Every)) {
		return 0
	}
	if since < f.Ramp {
		return float64(since) / float64(f.Ramp)
	}
	return 1
}

func (f Fault) on() float64 {
	if f.On == 0 {
		return 0.5
	}
	return f.On
}

// Outcome is what befalls a share of requests.
type Outcome uint8

// The outcomes.
const (
	None   Outcome = iota
	Error          // an answer at once that is no answer
	Silent         // no answer ever
)

// Effect is what a dependency suffers at one instant. The zero Effect is not "no effect": see [Schedule.At].
type Effect struct {
	Capacity float64       // share of the capacity that is left
	Delay    time.Duration // added to each answer
	Outcome  Outcome       // of the share
	Share    float64       // of requests
}

// Schedule holds all faults of one dependency.
type Schedule []Fault

// Validate returns the first fault of the descriptions.
func (s Schedule) Validate() error {
	for _, f := range s {
		if err := f.Validate(); err != nil {
			return err
		}
	}
	return nil
}

// At joins all faults at an instant: capacities multiply, delays add up, and of several outcomes
// that of the largest share counts. Without a fault the capacity is 1.
func (s Schedule) At(at time.Duration) Effect {
	effect := Effect{Capacity: 1}
	for _, f := range s {
		strength := f.Strength(at)
		if strength == 0 {
			continue
		}
		switch f.Kind {
		case BrownOut:
			effect.Capacity *= 1 - strength*(1-f.Capacity)
		case Slow:
			effect.Delay += time.Duration(strength * float64(f.Delay))
		case Outage:
			effect.touch(Error, strength*f.share())
		case BlackHole:
			effect.touch(Silent, strength*f.share())
		}
	}
	return effect
}

func (e *Effect) touch(outcome Outcome, share float64) {
	if share > e.Share {
		e.Outcome, e.Share = outcome, share
	}
}

func (f Fault) share() float64 {
	if f.Probability == 0 {
		return 1
	}
	return f.Probability
}
