package sim

import (
	"testing"
	"time"

	"github.com/ombak-sim/ombak/journey"
	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/resilience"
	"github.com/ombak-sim/ombak/workload"
)

// connecting is a journey of two steps through one station, at which connections cost work.
func connecting(people int, first, second Opening) Config {
	config := browsing(people, time.Duration(people)*100*time.Millisecond, "10ms", resilience.HitConfig{})
	config.Caches = nil
	config.Journey = journey.Config{Steps: []journey.Step{{Name: "browse", Kind: funnel.Request, Continue: 1}, {Name: "pay", Kind: funnel.Request, Continue: 1}}}
	config.Routes = []Route{{{Kind: AtStation, Opening: first}}, {{Kind: AtStation, Opening: second}}}
	return config.seeded(1)
}

// TestConnectionsAreOpened: the work at the station is that of the requests and of the connections that they open.
func TestConnectionsAreOpened(t *testing.T) {
	const people, requests = 4000, 4000 * 2 * 10 * time.Millisecond
	const connection, handshake = time.Millisecond, 5 * time.Millisecond
	costs := Opening{Connection: connection, Handshake: handshake}
	with := func(change func(*Opening)) Opening {
		o := costs
		change(&o)
		return o
	}
	_, seen := played(t, connecting(people, Opening{}, Opening{}))
	names := []string{"browse", "pay"}
	cold := func(step int, share float64) (n int) { // as the generator draws them
		for _, sample := range seen.samples {
			stream := workload.Seed{Value: 1}.Stream(workload.NewPurpose("connections/cold"), sample.Session, workload.NewPurpose(names[step]), sample.Attempt)
			if sample.Step == step && stream.Chance(share) {
				n++
			}
		}
		return n
	}
	for _, test := range []struct {
		why           string
		first, second Opening
		want          time.Duration
	}{
		{"connections are kept", costs, costs, requests},
		{"each person opens one", with(func(o *Opening) { o.Own, o.First = true, true }), costs, requests + people*(connection+handshake)},
		{"nearly half of the requests open one", with(func(o *Opening) { o.Cold = .45 }), with(func(o *Opening) { o.Cold = .45 }), requests + time.Duration(cold(0, .45)+cold(1, .45))*(connection+handshake)},
		{"they resume the session of the first", with(func(o *Opening) { o.Own, o.First, o.Cold, o.Resume = true, true, .45, true }), with(func(o *Opening) { o.Own, o.Cold, o.Resume = true, .45, true }), requests + people*(connection+handshake) + time.Duration(cold(1, .45))*connection},
		{"only the first cold one of a person is full", with(func(o *Opening) { o.Cold, o.Resume = 1, true }), with(func(o *Opening) { o.Cold, o.Resume = 1, true }), requests + people*(2*connection+handshake)},
		{"every request opens one", with(func(o *Opening) { o.Cold = 1 }), with(func(o *Opening) { o.Cold = 1 }), requests + 2*people*(connection+handshake)},
	} {
		m, _ := played(t, connecting(people, test.first, test.second))
		if busy := busyTime(m, "db"); busy != test.want {
			t.Errorf("%s: busy for %v, want %v", test.why, busy, test.want)
		}
	}
	for why, o := range map[string]Opening{"a share above 1": {Cold: 1.1}, "negative work": {Connection: -1}, "a negative handshake": {Handshake: -1}} {
		if connecting(1, o, Opening{}).Validate() == nil {
			t.Errorf("%s was accepted", why)
		}
	}
}
