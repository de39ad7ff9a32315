package fault

import "time"

// Outcome is what happens to a share of requests.
type Outcome uint8

// The outcomes.
const (
	None   Outcome = iota
	Error          // an immediate error
	Silent         // never an answer
)

// Effect is the joint effect of faults on a dependency at one instant. The zero Effect is not "no effect"; see [NoEffect].
type Effect struct {
	Capacity float64       // share of the capacity that is left
	Quota    float64       // share of the daily quota that is left
	Delay    time.Duration // added to each answer
	Outcome  Outcome       // of the share
	Share    float64       // of requests
	Lost     float64       // share of messages that are accepted and never arrive
	PutOff   time.Duration // how long a message from an unknown sender is deferred; 0 means it is not
}

// NoEffect returns the effect of a schedule without faults.
func NoEffect() Effect { return Effect{Capacity: 1, Quota: 1} }

// Schedule holds all faults of one dependency.
type Schedule []Fault

// Validate returns the first mistake in the faults.
func (s Schedule) Validate() error {
	for _, f := range s {
		if err := f.Validate(); err != nil {
			return err
		}
	}
	return nil
}

// Station returns the joint effect of all faults on the capacity at an instant: capacities and quotas multiply, and delays
// add up.
func (s Schedule) Station(at time.Duration) Effect {
	effect := NoEffect()
	for _, f := range s {
		strength := f.Strength(at)
		switch f.Kind {
		case BrownOut:
			effect.Capacity *= 1 - strength*(1-f.Capacity)
		case Slow:
			effect.Delay += time.Duration(strength * float64(f.Delay))
		case QuotaCut:
			effect.Quota *= 1 - strength*(1-f.Quota)
		}
	}
	return effect
}

// At returns the joint effect of all faults at an instant for a simulator: the effect on the capacity (see
// [Schedule.Station]), a slow body as its mean delay, and of several outcomes the one with the largest share.
func (s Schedule) At(at time.Duration) Effect {
	effect := s.Station(at)
	for _, f := range s {
		strength := f.Strength(at)
		if strength == 0 {
			continue
		}
		switch f.Kind {
		case SlowBody:
			effect.Delay += time.Duration(strength * f.share() * float64(f.Delay))
		case Outage, Refused, Reset, Garbage, Truncated, WrongContent:
			effect.touch(Error, strength*f.share())
		case BlackHole:
			effect.touch(Silent, strength*f.share())
		case Loss:
			effect.Lost = 1 - (1-effect.Lost)*(1-strength*f.share())
		case Greylist:
			effect.PutOff = max(effect.PutOff, f.Delay)
		}
	}
	return effect
}

func (e *Effect) touch(outcome Outcome, share float64) {
	if share > e.Share {
		e.Outcome, e.Share = outcome, share
	}
}

// WarmUp describes how a dependency recovers after an outage, with empty caches and cold pools.
type WarmUp struct {
	For  time.Duration `json:"for"`  // scenario time until full capacity; 0 means at once
	From float64       `json:"from"` // share of the capacity at the end of the outage
}

// WarmingUp returns the schedule with a warm-up after each outage, black hole and refusal, in which the capacity grows
// back. Warm-ups are ordinary faults, so readers of the schedule need not know about them.
func (s Schedule) WarmingUp(w WarmUp) Schedule {
	if w.For == 0 {
		return s
	}
	whole := append(Schedule{}, s...)
	for _, f := range s {
		end, ends := f.End()
		if ends && (f.Kind == Outage || f.Kind == BlackHole || f.Kind == Refused) {
			whole = append(whole, Fault{Kind: BrownOut, Name: "warm-up after " + f.String(), At: end, For: w.For, Fade: w.For, Capacity: w.From})
		}
	}
	return whole
}
