package mocks

import (
	"cmp"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ombak-sim/ombak/workload"
	"github.com/ombak-sim/ombak/workload/fault"
)

// Befallen is a fault, or a set of them, that befalls a mock.
type Befallen struct {
	ID    string        `json:"id"`
	On    string        `json:"on"`    // the mock
	Fault string        `json:"fault"` // its name
	At    time.Duration `json:"at"`    // scenario time
	Until time.Duration `json:"until"` // scenario time; 0 means to the end
	Hand  bool          `json:"hand"`  // started by hand, not by the schedule
	Now   bool          `json:"now"`   // it is there now

	faults fault.Schedule
	told   fateTold
}

// fateTold says how far a fault has been told to whoever keeps the timeline.
type fateTold uint8

const (
	toldNothing fateTold = iota
	toldBegin
	toldEnd
)

// there says whether the fault's time is now, even in the off part of a cycle.
func (b *Befallen) there(scenario time.Duration) bool {
	return scenario >= b.At && (b.Until == 0 || scenario < b.Until)
}

// board holds what befalls one mock.
type board struct {
	name, kind string
	seed       workload.Seed
	salt       uint64 // keeps the mocks' fates apart
	warmUp     fault.WarmUp
	requests   atomic.Uint64
	all        atomic.Pointer[fault.Schedule] // nil when there is none

	mu      sync.Mutex
	entries []*Befallen
}

func newBoard(name, kind string, seed workload.Seed, trouble Trouble) *board {
	b := &board{name: name, kind: kind, seed: seed, salt: uint64(workload.NewPurpose(name)), warmUp: trouble.WarmUp}
	for _, f := range trouble.Faults.WarmingUp(trouble.WarmUp) {
		until, ends := f.End()
		if !ends {
			until = 0
		}
		last := len(b.entries) - 1
		if last >= 0 && b.entries[last].Fault == f.String() && b.entries[last].At == f.At && b.entries[last].Until == until {
			b.entries[last].faults = append(b.entries[last].faults, f) // of one set
			continue
		}
		b.entries = append(b.entries, &Befallen{On: name, Fault: f.String(), At: f.At, Until: until, faults: fault.Schedule{f}})
	}
	b.publish()
	return b
}

// publish makes the entries hold for the requests to come; the lock is held, or nobody else is there.
func (b *board) publish() {
	var all fault.Schedule
	for _, entry := range b.entries {
		all = append(all, entry.faults...)
	}
	if len(all) == 0 {
		b.all.Store(nil)
		return
	}
	b.all.Store(&all)
}

// effect is what the station suffers.
func (b *board) effect(scenario time.Duration) fault.Effect {
	all := b.all.Load()
	if all == nil {
		return fault.NoEffect()
	}
	return all.Station(scenario)
}

// strike says what befalls the next request.
func (b *board) strike(scenario time.Duration, client net.Addr) fault.Strike {
	number := b.requests.Add(1)
	if b.all.Load() == nil {
		return fault.Strike{}
	}
	return b.fate(scenario, number, client.String())
}

// fate says what befalls the request or connection of a number.
func (b *board) fate(scenario time.Duration, number uint64, client string) fault.Strike {
	all := b.all.Load()
	if all == nil {
		return fault.Strike{}
	}
	return all.Strike(b.seed, fault.Request{At: scenario, Number: number ^ b.salt, Client: uint64(workload.NewPurpose(client))})
}

// add makes a fault befall the mock.
func (b *board) add(entry *Befallen) {
	b.mu.Lock()
	defer b.mu.Unlock()
	entry.faults = entry.faults.WarmingUp(b.warmUp)
	b.entries = append(b.entries, entry)
	b.publish()
}

// end lets a fault end now; false when there is none of this name.
func (b *board) end(id string, scenario time.Duration) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	place := slices.IndexFunc(b.entries, func(e *Befallen) bool { return e.ID == id })
	if place < 0 || !b.entries[place].there(scenario) {
		return false
	}
	entry := b.entries[place]
	entry.Until = max(scenario, entry.At+1)
	kept := entry.faults[:0:0]
	for _, f := range entry.faults {
		if f.At < entry.Until { // not the warm-up after the end that was meant
			f.For = entry.Until - f.At
			kept = append(kept, f)
		}
	}
	entry.faults = kept.WarmingUp(b.warmUp)
	b.publish()
	return true
}

// list returns what befalls the mock or will, in order of time, and what has ended if asked for.
func (b *board) list(scenario time.Duration, ended bool) []Befallen {
	b.mu.Lock()
	defer b.mu.Unlock()
	var found []Befallen
	for _, entry := range b.entries {
		if !ended && entry.Until != 0 && scenario >= entry.Until {
			continue
		}
		copied := *entry
		copied.Now = entry.there(scenario)
		found = append(found, copied)
	}
	slices.SortStableFunc(found, func(x, y Befallen) int { return cmp.Compare(x.At, y.At) })
	return found
}
