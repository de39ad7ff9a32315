package fault

import (
	"fmt"
	"slices"
	"time"
)

// Fault is one fault of a dependency. Times are scenario time unless they say otherwise.
type Fault struct {
	Kind        Kind          `json:"kind"`
	Name        string        `json:"name,omitempty"`        // what the timeline calls it; empty means the kind
	At          time.Duration `json:"at"`                    // when it begins; negative is before time zero of the scenario
	For         time.Duration `json:"for,omitempty"`         // how long it lasts; 0 means to the end
	Ramp        time.Duration `json:"ramp,omitempty"`        // how long it takes to reach full strength
	Fade        time.Duration `json:"fade,omitempty"`        // how long before its end it begins to weaken
	Probability float64       `json:"probability,omitempty"` // share of requests affected; 0 means all
	Clients     float64       `json:"clients,omitempty"`     // share of clients affected; 0 means all
	Capacity    float64       `json:"capacity,omitempty"`    // brown-out: share of the capacity that is left, from 0 to 1
	Quota       float64       `json:"quota,omitempty"`       // quota-cut: share of the daily quota that is left, from 0 to 1
	Delay       time.Duration `json:"delay,omitempty"`       // real time. Slow: added to each answer; slow-body: of the whole body; greylist: until a message is taken
	Status      int           `json:"status,omitempty"`      // outage: of the answer; 0 means 503, for mail 451
	Text        string        `json:"text,omitempty"`        // outage: text of the answer; a registry that reports errors in its own format sends it with status 200
	Skew        time.Duration `json:"skew,omitempty"`        // clock-skew: how much the clock is ahead; negative: behind
	Age         time.Duration `json:"age,omitempty"`         // stale: how old the answer is
	Every       time.Duration `json:"every,omitempty"`       // flapping: length of one cycle; 0 means it does not flap
	On          float64       `json:"on,omitempty"`          // flapping: share of the cycle in which the fault is active; 0 means half
}

// Validate returns the first mistake in the fault.
func (f Fault) Validate() error {
	switch {
	case !slices.Contains(Kinds(), f.Kind):
		return fmt.Errorf("fault %q is unknown; use %s", f.Kind, kindNames())
	case min(f.For, f.Ramp, f.Fade, f.Every, f.Delay, f.Age) < 0:
		return fmt.Errorf("fault %s: times must be 0 or more", f.Kind)
	case f.Kind == Slow && f.Delay == 0:
		return fmt.Errorf("fault slow needs a delay, as in delay: 2s")
	case (f.Kind == SlowBody || f.Kind == Greylist) && f.Delay == 0:
		return fmt.Errorf("fault %s needs a delay, as in delay: 30s", f.Kind)
	case f.Kind == ClockSkew && f.Skew == 0:
		return fmt.Errorf("fault clock-skew needs a skew, as in skew: -5m")
	case f.Status != 0 && (f.Status < 400 || f.Status > 599):
		return fmt.Errorf("fault %s: status is %d; an error has 400 to 599", f.Kind, f.Status)
	}
	for _, share := range []float64{f.Probability, f.Clients, f.Capacity, f.Quota, f.On} {
		if !(share >= 0 && share <= 1) {
			return fmt.Errorf("fault %s: probability, clients, capacity, quota and on are shares from 0 to 1", f.Kind)
		}
	}
	return nil
}

// String returns what the timeline calls the fault.
func (f Fault) String() string {
	if f.Name != "" {
		return f.Name
	}
	return string(f.Kind)
}

// End returns when the fault ends, and false if it lasts to the end of the run.
func (f Fault) End() (time.Duration, bool) { return f.At + f.For, f.For > 0 }

// Strength returns the strength of the fault at an instant, from 0 to 1. It is 0 before and after the fault and in the off
// part of each cycle, grows along the ramp, and shrinks along the fade.
func (f Fault) Strength(at time.Duration) float64 {
	since := at - f.At
	if since < 0 || f.For > 0 && since >= f.For {
		return 0
	}
	if f.Every > 0 && since%f.Every >= time.Duration(f.on()*float64(f.Every)) {
		return 0
	}
	strength := 1.0
	if since < f.Ramp {
		strength = float64(since) / float64(f.Ramp)
	}
	if left := f.For - since; f.For > 0 && left < f.Fade {
		strength = min(strength, float64(left)/float64(f.Fade))
	}
	return strength
}

func (f Fault) on() float64 {
	if f.On == 0 {
		return 0.5
	}
	return f.On
}

// share returns the share of all requests that the fault affects at full strength.
func (f Fault) share() float64 { return orAll(f.Probability) * orAll(f.Clients) }

func orAll(share float64) float64 {
	if share == 0 {
		return 1
	}
	return share
}
