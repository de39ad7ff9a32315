package mocks

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ombak-sim/ombak/workload/fault"
)

// Limits of faults that are started by hand, in real time.
const (
	DefaultLimit = time.Minute // ends a fault that somebody forgot
	LongestLimit = time.Hour
)

// Fate is the beginning or the end of a fault, for the timeline.
type Fate struct {
	On    string        // the mock
	Fault string        // its name
	Hand  bool          // it was started by hand
	At    time.Duration // real time since the start of the run at which it began
	For   time.Duration // real time that it lasted; 0 where it has only begun
}

// Faults returns what befalls the mocks or will; with ended also what has.
func (m *Mocks) Faults(ended bool) []Befallen {
	scenario := m.clock.scenario()
	found := []Befallen{}
	for _, part := range m.parts {
		found = append(found, part.board.list(scenario, ended)...)
	}
	return found
}

// StartFault lets a fault, or a set of them, befall a mock from now on, or all mocks that the set is
// of when on is empty. It ends after the limit of real time, [DefaultLimit] when 0. The start's own
// times are ignored.
func (m *Mocks) StartFault(d fault.Description, on string, limit time.Duration) ([]Befallen, error) {
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
		until = 1 // 0 means to the end
	}
	d.For = until - d.At
	entries := make([]*Befallen, len(targets))
	for i, part := range targets {
		faults, err := d.Faults(part.kind)
		if err != nil {
			return nil, err
		}
		entries[i] = &Befallen{On: part.name, Fault: d.Fault, At: d.At, Until: until, Hand: true, Now: true, faults: faults}
	}
	var started []Befallen
	for i, part := range targets {
		entries[i].ID = fmt.Sprintf("f%d", m.lastID.Add(1))
		started = append(started, *entries[i])
		part.board.add(entries[i])
	}
	return started, nil
}

// targets are the mocks that a fault started by hand is to befall.
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
		return nil, fmt.Errorf("there is no mock %q; there are %s", on, strings.Join(names, ", "))
	case len(set.Of) > 0:
		return nil, fmt.Errorf("fault %s is of %s, and no such mock runs", d.Fault, strings.Join(set.Of, ", "))
	}
	return nil, fmt.Errorf("say which mock fault %s is to befall; there are %s", d.Fault, strings.Join(names, ", "))
}

// StopFault ends a fault that was started by hand, named by its ID.
func (m *Mocks) StopFault(id string) error {
	for _, part := range m.parts {
		if id != "" && part.board.end(id, m.clock.scenario()) {
			return nil
		}
	}
	return fmt.Errorf("no fault %q is there; list shows those that are", id)
}

// lookOut is how often the boards are looked at for what has begun or ended. The instants that are
// told do not depend on it.
const lookOut = 50 * time.Millisecond

// watch tells of every beginning and end of a fault until the context ends, and then of the ends of
// those that are still there.
func (m *Mocks) watch(ctx context.Context, tell func(Fate)) {
	ticker := time.NewTicker(lookOut)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			m.tellFates(tell, false)
		case <-ctx.Done():
			m.tellFates(tell, true)
			return
		}
	}
}

func (m *Mocks) tellFates(tell func(Fate), last bool) {
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

// fates returns what has begun or ended since the last call; at the last call all ends.
func (b *board) fates(clock *runClock, now time.Duration, last bool) []Fate {
	b.mu.Lock()
	defer b.mu.Unlock()
	var fates []Fate
	for _, entry := range b.entries {
		at, _ := clock.instant(entry.At)
		until, _ := clock.instant(entry.Until)
		if entry.told == toldEnd || now < at {
			continue
		}
		fate := Fate{On: entry.On, Fault: entry.Fault, Hand: entry.Hand, At: clock.sinceStartAt(at)}
		if entry.told == toldNothing {
			entry.told = toldBegin
			fates = append(fates, fate)
		}
		if ended := entry.Until != 0 && until <= now; ended || last {
			entry.told = toldEnd
			if !ended {
				until = now
			}
			fate.For = max(clock.sinceStartAt(until)-fate.At, 1)
			fates = append(fates, fate)
		}
	}
	return fates
}
