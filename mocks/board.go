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

// FaultEntry is a fault, or a set of faults, of a mock.
type FaultEntry struct {
	ID    string        `json:"id"`
	On    string        `json:"on"`    // the mock
	Fault string        `json:"fault"` // its name
	At    time.Duration `json:"at"`    // scenario time
	Until time.Duration `json:"until"` // scenario time; 0 means to the end
	Hand  bool          `json:"hand"`  // started by hand, not by the schedule
	By    string        `json:"by"`    // by whom, if that is known
	Now   bool          `json:"now"`   // whether it is active

	faults fault.Schedule
	stage  reportStage
}

// reportStage is how much of a fault has been reported on the timeline.
type reportStage uint8

const (
	reportedNothing reportStage = iota
	reportedBegin
	reportedEnd
)

// active reports whether scenario is between the fault's beginning and end, including the off part of a cycle.
func (b *FaultEntry) active(scenario time.Duration) bool {
	return scenario >= b.At && (b.Until == 0 || scenario < b.Until)
}

// board holds the faults of one mock.
type board struct {
	name, kind string
	seed       workload.Seed
	salt       uint64 // gives each mock different random faults
	warmUp     fault.WarmUp
	requests   atomic.Uint64
	all        atomic.Pointer[fault.Schedule] // nil if there are none

	mu      sync.Mutex
	entries []*FaultEntry
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
		b.entries = append(b.entries, &FaultEntry{On: name, Fault: f.String(), At: f.At, Until: until, faults: fault.Schedule{f}})
	}
	b.publish()
	return b
}

// publish applies the entries to later requests. The caller holds the lock or is the only user.
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

// effect returns the current effect of the faults on the station.
func (b *board) effect(scenario time.Duration) fault.Effect {
	all := b.all.Load()
	if all == nil {
		return fault.NoEffect()
	}
	return all.Station(scenario)
}

// strike returns the faults that strike the next request.
func (b *board) strike(scenario time.Duration, client net.Addr) fault.Strike {
	number := b.requests.Add(1)
	if b.all.Load() == nil {
		return fault.Strike{}
	}
	return b.fate(scenario, number, client.String())
}

// fate returns the faults that strike the request or connection with the given number.
func (b *board) fate(scenario time.Duration, number uint64, client string) fault.Strike {
	all := b.all.Load()
	if all == nil {
		return fault.Strike{}
	}
	return all.Strike(b.seed, fault.Request{At: scenario, Number: number ^ b.salt, Client: uint64(workload.NewPurpose(client))})
}

// add adds a fault to the mock.
func (b *board) add(entry *FaultEntry) {
	b.mu.Lock()
	defer b.mu.Unlock()
	entry.faults = entry.faults.WarmingUp(b.warmUp)
	b.entries = append(b.entries, entry)
	b.publish()
}

// end ends a fault now. It returns false if there is no active fault with this ID.
func (b *board) end(id string, scenario time.Duration) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	place := slices.IndexFunc(b.entries, func(e *FaultEntry) bool { return e.ID == id })
	if place < 0 || !b.entries[place].active(scenario) {
		return false
	}
	entry := b.entries[place]
	entry.Until = max(scenario, entry.At+1)
	kept := entry.faults[:0:0]
	for _, f := range entry.faults {
		if f.At < entry.Until { // drop the warm-up that followed the planned end
			f.For = entry.Until - f.At
			kept = append(kept, f)
		}
	}
	entry.faults = kept.WarmingUp(b.warmUp)
	b.publish()
	return true
}

// list returns the current and later faults in order of time, and optionally those that have ended.
func (b *board) list(scenario time.Duration, ended bool) []FaultEntry {
	b.mu.Lock()
	defer b.mu.Unlock()
	var found []FaultEntry
	for _, entry := range b.entries {
		if !ended && entry.Until != 0 && scenario >= entry.Until {
			continue
		}
		copied := *entry
		copied.Now = entry.active(scenario)
		found = append(found, copied)
	}
	slices.SortStableFunc(found, func(x, y FaultEntry) int { return cmp.Compare(x.At, y.At) })
	return found
}
