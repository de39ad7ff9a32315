//go:build crash && linux

package main

import (
	"io"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/ombak-sim/ombak/backend/store"
)

// besieging prepares a siege with a program that it builds.
func besieging(t *testing.T, durability store.Durability) (*siege, []string) {
	t.Helper()
	program := filepath.Join(t.TempDir(), "ombak")
	if said, err := exec.CommandContext(t.Context(), "go", "build", "-tags", "siege", "-o", program, "../ombak").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	s := &siege{bench: bench{ombak: program, log: io.Discard}, durability: string(durability), chance: rand.New(rand.NewPCG(20200411, 2))}
	stores, stop, err := s.prepare(t.Context(), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
	return s, stores
}

// Clocks that step, mocks that hang or go, strangers who begin TLS, and runs against services that say nothing: nothing is lost,
// everybody's mail comes, and everything ends.
func TestSiege(t *testing.T) {
	s, stores := besieging(t, store.GroupFsync)
	round := 0
	for _, e := range events() {
		for _, place := range []string{onMocked, onMockedPostgres, onRun} {
			fits := e.happensAt(place) && (e.heals || e.name == "silent TLS" || place == onRun)
			if !fits || !slices.Contains(stores, place) || place == onMockedPostgres && e.name != "clock a year ahead for a moment" {
				continue
			}
			if err := s.round(t.Context(), place, round, e); err != nil {
				t.Fatalf("%s: %s: %v", place, e.name, err)
			}
			if books := s.books[place]; books.bad() || place != onRun && books.acknowledged == 0 {
				t.Fatalf("%s: %s: %+v", place, e.name, books)
			}
			round++
		}
	}
	if len(s.ledger.of(onMocked+identified)) == 0 {
		t.Error("nobody proved an identity")
	}
}

// A backend that answers before it writes loses people, and the siege finds it out: on a disk that fills, of which one backend and
// of which one of two that share a store is killed.
func TestSiegeIsRedAgainstAsync(t *testing.T) {
	s, stores := besieging(t, store.Async)
	round := 0
	for _, where := range []struct {
		place, event string
	}{{onSmall, "full disk"}, {onReplicas, killed}, {onSQLite, killed}, {onPostgres, killed}} {
		if !slices.Contains(stores, where.place) {
			t.Logf("%s is left out: it is not there", where.place)
			continue
		}
		chosen := events()[slices.IndexFunc(events(), func(e event) bool { return e.name == where.event })]
		const most = 20 // rounds; each loses somebody with a high probability
		for range most {
			if err := s.round(t.Context(), where.place, round, chosen); err != nil {
				t.Fatal(err)
			}
			if round++; s.books[where.place].lost > 0 {
				break
			}
		}
		books := s.books[where.place]
		t.Logf("%s, %s: %+v", where.place, where.event, books)
		if books.lost == 0 || !books.bad() {
			t.Errorf("%s, %s: none of %d people is lost, although the backend answers before it writes", where.place, where.event, books.acknowledged)
		}
	}
}
