package sim

import (
	"slices"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/workload"
)

var workloadSeed = workload.Seed{Value: 1}

type workloadDiscipline = workload.Discipline

// TestRowsElsewhere checks that the work on a batch's rows queues at another station, and that the batch waits for
// it.
func TestRowsElsewhere(t *testing.T) {
	for _, test := range []struct {
		queue    int // of the other station
		deadline time.Duration
		want     time.Duration
	}{
		{-1, 0, 10 + 2*5 + 3}, // 10 of the request that came first, two rows of 5, and the batch's own 3
		{0, 0, 3},             // rejected, with no effect on the batch
		{-1, 4, 4 + 3},        // waited until the deadline of the other station
	} {
		p := newPlay(station(1, "0s", test.queue), []time.Duration{0, 0, 0}, []time.Duration{10, 3, 3})
		p.floor.stations[0].deadline = nil
		if test.deadline > 0 {
			p.floor.stations[0].deadline = p.engine.Delay(test.deadline)
		}
		store := station(1, "0s", -1)
		store.Batch = Batch{Rows: 2, PerRow: 5, At: 0, Elsewhere: true, Age: 1}
		p.floor.Add(store)
		p.places = []int{0, 1, 1}
		p.run()
		if want := []time.Duration{10, test.want, test.want}; !slices.Equal(p.departures, want) || p.floor.Station(1).InUse() != 0 {
			t.Errorf("a queue of %d and a deadline of %v: departures %v, want %v", test.queue, test.deadline, p.departures, want)
		}
	}
}

// TestStationFeatures plays a few requests whose results can be calculated by hand. Times are in ns.
func TestStationFeatures(t *testing.T) {
	batch := station(1, "0s", -1)
	batch.Batch = Batch{Rows: 2, Age: 10, PerRow: 1}
	rate := station(1, "0s", -1)
	rate.RateLimit = 2
	quota := station(1, "0s", -1)
	quota.Quota.Most = 2
	deadline := station(1, "0s", -1)
	deadline.Deadline = 7
	lifo := station(1, "0s", -1)
	lifo.Discipline = workload.LIFO
	full := station(1, "0s", 1)
	setUp := station(1, "0s", -1)
	setUp.SetUp = dist("4ns")
	twoCold := station(2, "0s", -1)
	twoCold.SetUp = dist("4ns")
	crowded := station(2, "0s", 1)
	crowded.Sharing = true
	chores := station(1, "0s", -1)
	chores.Chores = Chores{Every: 10, Length: 5}
	tests := []struct {
		why      string
		config   StationConfig
		arrivals []time.Duration
		works    []time.Duration
		want     []time.Duration
		refusals []Refusal
	}{
		{"a batch waits for company no longer than its age", batch, []time.Duration{0}, []time.Duration{5}, []time.Duration{16}, []Refusal{Taken}},
		{"a full batch goes at once; the third has a batch from when the server is free, and waits for company again", batch, []time.Duration{0, 1, 2}, []time.Duration{5, 5, 5}, []time.Duration{8, 8, 24}, []Refusal{Taken, Taken, Taken}},
		{"a batch that fills up does not end the wait of the next", batch, []time.Duration{0, 4, 12}, []time.Duration{1, 1, 1}, []time.Duration{7, 7, 24}, []Refusal{Taken, Taken, Taken}},
		{"the quota of the day", quota, []time.Duration{0, 1, 2, 24 * time.Hour}, []time.Duration{0, 0, 0, 0}, []time.Duration{0, 1, 0, 24 * time.Hour}, []Refusal{Taken, Taken, QuotaUsedUp, Taken}},
		{"who waits to the deadline is turned away", deadline, []time.Duration{0, 1, 2}, []time.Duration{8, 8, 8}, []time.Duration{8, 16, 0}, []Refusal{Taken, Taken, DeadlineMissed}},
		{"last come, first served", lifo, []time.Duration{0, 1, 2}, []time.Duration{10, 10, 10}, []time.Duration{10, 30, 20}, []Refusal{Taken, Taken, Taken}},
		{"two in any second", rate, []time.Duration{0, 1, 2, time.Second + 1}, []time.Duration{0, 0, 0, 0}, []time.Duration{0, 1, 0, time.Second + 1}, []Refusal{Taken, Taken, RateExceeded, Taken}},
		{"a chore after 12 of work, where one is due every 10: who came before it is served first", chores, []time.Duration{0, 0, 0}, []time.Duration{6, 6, 6}, []time.Duration{6, 12, 23}, []Refusal{Taken, Taken, Taken}},
		{"only who finds the server idle waits for its set-up", setUp, []time.Duration{0, 1, 50}, []time.Duration{10, 10, 10}, []time.Duration{14, 24, 64}, []Refusal{Taken, Taken, Taken}},
		{"each idle server has a set-up, and who waited has none", twoCold, []time.Duration{0, 1, 2}, []time.Duration{10, 10, 10}, []time.Duration{14, 15, 24}, []Refusal{Taken, Taken, Taken}},
		{"two servers and a queue of one share among three", crowded, []time.Duration{0, 0, 0, 0}, []time.Duration{10, 10, 10, 10}, []time.Duration{15, 15, 15, 0}, []Refusal{Taken, Taken, Taken, QueueFull}},
		{"a full queue", full, []time.Duration{0, 1, 2}, []time.Duration{10, 10, 10}, []time.Duration{10, 20, 0}, []Refusal{Taken, Taken, QueueFull}},
	}
	for _, test := range tests {
		p := newPlay(test.config, test.arrivals, test.works).run()
		if !slices.Equal(p.departures, test.want) || !slices.Equal(p.refusals, test.refusals) {
			t.Errorf("%s: departures %v, refusals %v; want %v and %v", test.why, p.departures, p.refusals, test.want, test.refusals)
		}
	}
}

// holder keeps the server of station 0 while station 1 works: simultaneous possession.
type holder struct {
	floor *Floor
	held  map[int32]Job
	done  map[int32]time.Duration
}

func (h *holder) Served(owner int32, job Job) {
	if _, holds := h.held[owner]; !holds {
		h.held[owner] = job
		h.floor.Enter(1, owner, 0, 10)
		return
	}
	h.done[owner] = h.floor.engine.Now()
	h.floor.Release(h.held[owner])
}

func (h *holder) Refused(int32, Refusal) {}

// TestSimultaneousPossession uses a pool of one connection, held for 1 + 10 ns. The second request starts only
// when the first is done, although the dependency's ten servers are otherwise idle.
func TestSimultaneousPossession(t *testing.T) {
	e := NewEngine()
	h := &holder{held: map[int32]Job{}, done: map[int32]time.Duration{}}
	h.floor = NewFloor(e, 0, workloadSeed, h)
	pool := station(1, "0s", -1)
	pool.Holding = true
	h.floor.Add(pool)
	h.floor.Add(station(10, "0s", -1))
	h.floor.Enter(0, 1, 0, 1)
	h.floor.Enter(0, 2, 0, 1)
	for event, any := e.Next(); any; event, any = e.Next() {
		h.floor.Handle(event)
	}
	if h.done[1] != 11 || h.done[2] != 22 {
		t.Errorf("done at %v and %v, want 11 and 22", h.done[1], h.done[2])
	}
}

// TestBalancing checks that the methods that inspect the replicas keep them more even than random choice does
// (Mitzenmacher 2001).
func TestBalancing(t *testing.T) {
	spread := map[Balancing]int{}
	for _, how := range []Balancing{RandomReplica, RoundRobin, LeastConnections, TwoChoices} {
		e := NewEngine()
		h := &holder{held: map[int32]Job{}, done: map[int32]time.Duration{}}
		h.floor = NewFloor(e, 0, workloadSeed, h)
		var replicas []int
		for range 20 {
			replicas = append(replicas, h.floor.Add(station(1, "0s", -1)))
		}
		balancer, err := NewBalancer(h.floor, "web", how, replicas)
		if err != nil {
			t.Fatal(err)
		}
		for i := range int32(2000) {
			h.floor.Enter(balancer.Pick(), i, 0, time.Second)
		}
		least, most := 2000, 0
		for _, replica := range replicas {
			least, most = min(least, h.floor.Station(replica).InUse()), max(most, h.floor.Station(replica).InUse())
		}
		spread[how] = most - least
	}
	if spread[RoundRobin] != 0 || spread[LeastConnections] != 0 || spread[TwoChoices] >= spread[RandomReplica] || spread[TwoChoices] == 0 {
		t.Errorf("spread of requests over 20 replicas: %v", spread)
	}
	if _, err := NewBalancer(nil, "web", "by colour", []int{0}); err == nil {
		t.Error("an unknown balancing method was accepted")
	}
}

func TestValidateRefusesWhatExcludesItself(t *testing.T) {
	for why, change := range map[string]func(*StationConfig){
		"sharing and batches":            func(c *StationConfig) { c.Sharing, c.Batch.Rows = true, 2 },
		"pre-emption without priorities": func(c *StationConfig) { c.Preemptive = true },
		"a set-up of a batch":            func(c *StationConfig) { c.SetUp, c.Batch.Rows = dist("1s"), 2 },
		"a deadline where nobody waits":  func(c *StationConfig) { c.Sharing, c.Deadline = true, time.Second },
		"a shared server that is held":   func(c *StationConfig) { c.Sharing, c.Holding = true, true },
		"a negative balking":             func(c *StationConfig) { c.Balking = -1 },
		"a negative number of servers":   func(c *StationConfig) { c.Servers = -1 },
	} {
		config := station(1, "1s", -1)
		change(&config)
		if config.Validate() == nil {
			t.Errorf("%s: no error", why)
		}
	}
}
