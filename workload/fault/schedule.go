package fault

import "time"

// Outcome is what befalls a share of requests.
type Outcome uint8

// The outcomes.
const (
	None   Outcome = iota
	Error          // an answer at once that is no answer
	Silent         // no answer ever
)

// Effect is what a dependency suffers at one instant. The zero Effect is not "no effect": see [NoEffect].
type Effect struct {
	Capacity float64       // share of the capacity that is left
	Quota    float64       // share of the daily quota that is left
	Delay    time.Duration // added to each answer
	Outcome  Outcome       // of the share
	Share    float64       // of requests
	Lost     float64       // share of messages that are taken and never arrive
	PutOff   time.Duration // how long a message of an unknown sender is put off; 0 means it is not
}

// NoEffect is that of a schedule without a fault.
func NoEffect() Effect { return Effect{Capacity: 1, Quota: 1} }

// Schedule holds all faults of one dependency.
type Schedule []Fault

// Validate returns the first mistake of the descriptions.
func (s Schedule) Validate() error {
	for _, f := range s {
		if err := f.Validate(); err != nil {
			return err
		}
	}
	return nil
}

// Station joins what befalls the capacity at an instant: capacities and quotas multiply, delays add
// up.
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

// At joins all faults at an instant as far as a simulator knows them: what befalls the capacity
// (see [Schedule.Station]), a slow body as the delay that it means on average, and of several
// outcomes that of the largest share.
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

// WarmUp describes how a dependency comes back after it was out: with empty caches and cold pools.
type WarmUp struct {
	For  time.Duration `json:"for"`  // scenario time until it is itself again; 0 means at once
	From float64       `json:"from"` // share of the capacity that it comes back with
}

// WarmingUp returns the schedule with the time after each outage, black hole and refusal, in which
// the capacity grows back. These are faults like any other, so that whoever reads the schedule need
// not know of warm-ups.
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
