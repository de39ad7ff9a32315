package mocks

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ombak-sim/ombak/workload"
	"github.com/ombak-sim/ombak/workload/fault"
)

// Limits of faults started by hand, in real time.
const (
	DefaultLimit = time.Minute // ends a forgotten fault
	LongestLimit = time.Hour
)

// Fate is the beginning or the end of a fault, for the timeline.
type Fate struct {
	On    string        // the mock
	Fault string        // its name
	Hand  bool          // whether it was started by hand
	At    time.Duration // real time from the start of the run to the fault's beginning
	For   time.Duration // real duration; 0 if the fault has only begun
	By    string        // who started it by hand, if that is known
}

// Faults returns the current and later faults of the mocks; with ended it includes past ones.
func (m *Mocks) Faults(ended bool) []FaultEntry {
	scenario := m.clock.scenario()
	found := []FaultEntry{}
	for _, part := range m.parts {
		found = append(found, part.board.list(scenario, ended)...)
	}
	return found
}

// Change gives a mock other servers, times and limits from now on.
func (m *Mocks) Change(name string, service workload.Service) error {
	part := m.part(name)
	if part == nil {
		return fmt.Errorf("unknown mock %q", name)
	}
	return part.station.change(service)
}

// StartFault starts a fault, or a set of faults, on a mock. If on is empty, it starts a set on all mocks it
// applies to. The fault ends after the limit of real time; 0 means [DefaultLimit]. The start time in the
// description is ignored.
func (m *Mocks) StartFault(d fault.Description, on string, limit time.Duration, by string) ([]FaultEntry, error) {
	if limit < 0 || limit > LongestLimit {
		return nil, fmt.Errorf("a fault lasts %v; it must end within %v", limit, LongestLimit)
	}
	if limit == 0 {
		limit = DefaultLimit
	}
	targets, err := m.targets(d, on)
	if err != nil {
		return nil, err
	}
	now := m.clock.now()
	d.At, d.For = m.clock.scenarioAt(now), 0
	until := max(m.clock.scenarioAt(now+limit), d.At+1)
	if until == 0 {
		until = 1 // 0 would mean to the end
	}
	d.For = until - d.At
	entries := make([]*FaultEntry, len(targets))
	for i, part := range targets {
		faults, err := d.Faults(part.kind)
		if err != nil {
			return nil, err
		}
		entries[i] = &FaultEntry{On: part.name, Fault: d.Fault, At: d.At, Until: until, Hand: true, By: by, Now: true, faults: faults}
	}
	var started []FaultEntry
	for i, part := range targets {
		entries[i].ID = fmt.Sprintf("f%d", m.lastID.Add(1))
		started = append(started, *entries[i])
		part.board.add(entries[i])
	}
	return started, nil
}

// targets returns the mocks that a fault started by hand applies to.
func (m *Mocks) targets(d fault.Description, on string) ([]*part, error) {
	var names []string
	var found []*part
	set, _ := fault.Named(d.Fault)
	for _, part := range m.parts {
		names = append(names, part.name)
		if part.name == on || on == "" && slices.Contains(set.Of, part.kind) {
			found = append(found, part)
		}
	}
	switch {
	case len(found) > 0:
		return found, nil
	case on != "":
		return nil, fmt.Errorf("unknown mock %q; use one of %s", on, strings.Join(names, ", "))
	case len(set.Of) > 0:
		return nil, fmt.Errorf("fault %s applies to %s, and no such mock is running", d.Fault, strings.Join(set.Of, ", "))
	}
	return nil, fmt.Errorf("say which mock fault %s applies to; use one of %s", d.Fault, strings.Join(names, ", "))
}

// StopFault ends a fault that was started by hand, by its ID.
func (m *Mocks) StopFault(id string) error {
	for _, part := range m.parts {
		if id != "" && part.board.end(id, m.clock.scenario()) {
			return nil
		}
	}
	return fmt.Errorf("fault %q is not active; list shows the active faults", id)
}

// watchInterval is how often the boards are checked for faults that have begun or ended. The reported instants
// do not depend on it.
const watchInterval = 50 * time.Millisecond

// watch reports every beginning and end of a fault until the context ends. It then reports the ends of the
// faults that are still active.
func (m *Mocks) watch(ctx context.Context, tell func(Fate)) {
	ticker := time.NewTicker(watchInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			m.reportFates(tell, false)
		case <-ctx.Done():
			m.reportFates(tell, true)
			return
		}
	}
}

func (m *Mocks) reportFates(tell func(Fate), last bool) {
	now := m.clock.now()
	if _, begun := m.clock.instant(0); !begun {
		return
	}
	for _, part := range m.parts {
		for _, fate := range part.board.fates(m.clock, now, last) {
			tell(fate)
		}
	}
}

// fates returns the beginnings and ends since the last call. With last it ends every fault.
func (b *board) fates(clock *runClock, now time.Duration, last bool) []Fate {
	b.mu.Lock()
	defer b.mu.Unlock()
	var fates []Fate
	for _, entry := range b.entries {
		at, _ := clock.instant(entry.At)
		until, _ := clock.instant(entry.Until)
		if entry.stage == reportedEnd || now < at {
			continue
		}
		fate := Fate{On: entry.On, Fault: entry.Fault, Hand: entry.Hand, By: entry.By, At: clock.sinceStartAt(at)}
		if entry.stage == reportedNothing {
			entry.stage = reportedBegin
			fates = append(fates, fate)
		}
		if ended := entry.Until != 0 && until <= now; ended || last {
			entry.stage = reportedEnd
			if !ended {
				until = now
			}
			fate.For = max(clock.sinceStartAt(until)-fate.At, 1)
			fates = append(fates, fate)
		}
	}
	return fates
}
