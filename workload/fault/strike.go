package fault

import (
	"time"

	"github.com/ombak-sim/ombak/workload"
)

// Strike is what happens to one request on the wire. The zero value means nothing does.
type Strike struct {
	kinds  uint32        // bit i stands for Kinds()[i]
	Status int           // of the answer to an outage; 0 means the usual
	Text   string        // of the answer to an outage; empty means the usual
	Delay  time.Duration // real time over which a slow body is sent
	Put    time.Duration // real time for which greylisting defers a message
	Skew   time.Duration // of the dependency's clock
	Age    time.Duration // of a stale answer
}

// Has reports whether the strike includes a kind.
func (s Strike) Has(kind Kind) bool { return s.kinds&bit(kind) != 0 }

// Any reports whether the strike includes any kind.
func (s Strike) Any() bool { return s.kinds != 0 }

// Kinds returns the kinds that the strike includes.
func (s Strike) Kinds() []Kind {
	var kinds []Kind
	for _, kind := range Kinds() {
		if s.Has(kind) {
			kinds = append(kinds, kind)
		}
	}
	return kinds
}

func bit(kind Kind) uint32 {
	for i, known := range [...]Kind{Outage, BlackHole, Refused, Reset, Garbage, Truncated, SlowBody, WrongContent, ClockSkew, Stale, Greylist, Loss} {
		if kind == known {
			return 1 << i
		}
	}
	return 0 // affects the station, not a request
}

// Request holds what the strike on a request depends on.
type Request struct {
	At     time.Duration // scenario time of its arrival
	Number uint64        // of arrival at the dependency
	Client uint64        // who asks
}

var (
	strikePurpose = workload.NewPurpose("fault.strike")
	clientPurpose = workload.NewPurpose("fault.client")
)

// Strike returns what happens to a request. Each fault draws from its own stream, so faults are independent. Strike is a
// pure function: the same seed and requests give the same strikes.
func (s Schedule) Strike(seed workload.Seed, request Request) Strike {
	var strike Strike
	for i := range s {
		f := &s[i]
		mask := bit(f.Kind)
		if mask == 0 {
			continue
		}
		strength := f.Strength(request.At)
		if strength == 0 || !f.touches(seed, request, strength) {
			continue
		}
		strike.kinds |= mask
		strike.add(f)
	}
	return strike
}

// touches draws whether the fault affects a request. A fault of a share of clients always affects the same clients.
func (f *Fault) touches(seed workload.Seed, request Request, strength float64) bool {
	own := workload.NewPurpose(string(f.Kind)) + workload.Purpose(f.At)
	if f.Clients > 0 && seed.Uniform(clientPurpose^own, request.Client) >= f.Clients {
		return false
	}
	share := strength * orAll(f.Probability)
	return share >= 1 || seed.Uniform(strikePurpose^own, request.Number) < share
}

func (s *Strike) add(f *Fault) {
	switch f.Kind {
	case Outage:
		s.Status, s.Text = f.Status, f.Text
	case SlowBody:
		s.Delay += f.Delay
	case Greylist:
		s.Put = max(s.Put, f.Delay)
	case ClockSkew:
		s.Skew += f.Skew
	case Stale:
		s.Age = max(s.Age, f.Age)
	}
}
