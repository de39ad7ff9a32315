package sim

import (
	"cmp"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// play brings given requests to one station and records when each was served, or 0 if it was not.
type play struct {
	engine     *Engine
	floor      *Floor
	arrivals   []time.Duration
	works      []time.Duration
	departures []time.Duration
	refusals   []Refusal
	places     []int // the station of each request; nil means the first
}

const playArrival Kind = 0

func newPlay(config StationConfig, arrivals, works []time.Duration) *play {
	p := &play{engine: NewEngine(), arrivals: arrivals, works: works, departures: make([]time.Duration, len(works)), refusals: make([]Refusal, len(works))}
	p.floor = NewFloor(p.engine, 1, workloadSeed, p)
	p.floor.Add(config)
	for i, at := range arrivals {
		p.engine.At(at, NewEvent(playArrival, int32(i)))
	}
	return p
}

func (p *play) run() *play {
	for {
		event, any := p.engine.Next()
		switch {
		case !any:
			return p
		case event.Kind() == playArrival:
			i := event.Subject()
			place := 0
			if p.places != nil {
				place = p.places[i]
			}
			if _, why := p.floor.Enter(place, i, uint8(i%3), p.works[i]); why != Taken {
				p.refusals[i] = why
			}
		default:
			p.floor.Handle(event)
		}
	}
}

func (p *play) Served(i int32, _ Job) {
	if i != nobody {
		p.departures[i] = p.engine.Now()
	}
}

func (p *play) Refused(i int32, why Refusal) { p.refusals[i] = why }

func drawRequests(t *rapid.T) (arrivals, works []time.Duration) {
	n := rapid.IntRange(1, 60).Draw(t, "requests")
	at := time.Duration(0)
	for range n {
		at += time.Duration(rapid.IntRange(0, 10).Draw(t, "gap"))
		arrivals = append(arrivals, at)
		works = append(works, time.Duration(rapid.IntRange(0, 25).Draw(t, "work")))
	}
	return arrivals, works
}

// departuresOf is Lindley's recursion for c servers, after Krivulin ("A recursive equations based representation
// for the G/G/m queue", 1994). It uses no event list and no clock.
func departuresOf(arrivals, works []time.Duration, servers int) []time.Duration {
	free := make([]time.Duration, servers)
	departures := make([]time.Duration, len(works))
	for i := range works {
		earliest := slices.Index(free, slices.Min(free))
		departures[i] = max(arrivals[i], free[earliest]) + works[i]
		free[earliest] = departures[i]
	}
	return departures
}

// TestFCFSAgainstRecursion checks that first come, first served agrees to the nanosecond with a recursion that
// shares no code with the simulator.
func TestFCFSAgainstRecursion(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		arrivals, works := drawRequests(t)
		servers := rapid.IntRange(1, 4).Draw(t, "servers")
		want := departuresOf(arrivals, works, servers)
		if got := newPlay(station(servers, "0s", -1), arrivals, works).run().departures; !slices.Equal(got, want) {
			t.Fatalf("departures %v, want %v", got, want)
		}
	})
}

// TestMoreServersNeverHurt checks that one more server delays no request (first come, first served).
func TestMoreServersNeverHurt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		arrivals, works := drawRequests(t)
		servers := rapid.IntRange(1, 4).Draw(t, "servers")
		fewer := newPlay(station(servers, "0s", -1), arrivals, works).run()
		more := newPlay(station(servers+1, "0s", -1), arrivals, works).run()
		for i := range works {
			if more.departures[i] > fewer.departures[i] {
				t.Fatalf("request %d leaves at %v with %d servers and at %v with one more", i, fewer.departures[i], servers, more.departures[i])
			}
		}
	})
}

// TestBooks checks that every kind of station conserves requests. It also checks Little's law (1961) to the
// nanosecond: the time that requests spend at the station is the integral of their number.
func TestBooks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		arrivals, works := drawRequests(t)
		queue := rapid.SampledFrom([]int{-1, 0, 3}).Draw(t, "queue")
		config := station(rapid.IntRange(1, 3).Draw(t, "servers"), "0s", queue)
		config.Discipline = rapid.SampledFrom([]workloadDiscipline{"", "fifo", "lifo", "priority"}).Draw(t, "discipline")
		if rapid.Bool().Draw(t, "set-up") {
			config.SetUp = dist("7ns")
		}
		config.Preemptive = config.Discipline == "priority" && rapid.Bool().Draw(t, "preemptive")
		config.Deadline = time.Duration(rapid.SampledFrom([]int{0, 12}).Draw(t, "deadline"))
		if !config.Preemptive && config.SetUp.IsZero() && rapid.Bool().Draw(t, "batches") {
			config.Batch = Batch{Rows: 3, Age: 5, PerRow: 2}
		}
		p := newPlay(config, arrivals, works).run()
		s := p.floor.Station(0)
		s.accrue()
		if s.stats.arrivals != s.stats.completions+s.stats.rejections || s.InUse() != 0 {
			t.Fatalf("%d arrived, %d were served, %d rejected, %d remain", s.stats.arrivals, s.stats.completions, s.stats.rejections, s.InUse())
		}
		spent := time.Duration(0)
		for i, departure := range p.departures {
			switch {
			case p.refusals[i] == DeadlineMissed:
				spent += config.Deadline
			case p.refusals[i] == Taken:
				spent += departure - arrivals[i]
			}
		}
		integral := s.stats.queueTime + s.stats.busyTime
		if config.Batch.Rows == 0 && spent != integral {
			t.Fatalf("requests spent %v here, the integral of their number is %v", spent, integral)
		}
		if config.Batch.Rows == 0 && s.stats.serviceTime != s.stats.busyTime {
			t.Fatalf("requests were served for %v, servers were busy for %v", s.stats.serviceTime, s.stats.busyTime)
		}
		if s.stats.begun != s.stats.completions || config.Deadline == 0 && s.stats.waitTime != s.stats.queueTime || s.stats.delayed > s.stats.begun {
			t.Fatalf("%d began and %d were served, %d had waited for %v, the queue says %v", s.stats.begun, s.stats.completions, s.stats.delayed, s.stats.waitTime, s.stats.queueTime)
		}
		if config.Deadline > 0 && config.Batch.Rows == 0 && config.SetUp.IsZero() && !config.Preemptive {
			for i := range works {
				if wait := p.departures[i] - arrivals[i] - works[i]; p.refusals[i] == Taken && wait > config.Deadline {
					t.Fatalf("request %d waited %v, beyond the deadline of %v", i, wait, config.Deadline)
				}
			}
		}
	})
}

// TestSharingConservesWork checks that processor sharing with one server is busy exactly as long as any
// work-conserving discipline. It also checks that the shorter of two simultaneous requests is served first.
func TestSharingConservesWork(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		arrivals, works := drawRequests(t)
		for i := range works {
			works[i] = works[i]*time.Millisecond + time.Millisecond
		}
		for i := range arrivals {
			arrivals[i] *= time.Millisecond
		}
		config := station(1, "0s", -1)
		config.Sharing = true
		shared := newPlay(config, arrivals, works).run()
		last := slices.Max(departuresOf(arrivals, works, 1))
		if off := slices.Max(shared.departures) - last; off < -time.Microsecond || off > time.Microsecond {
			t.Fatalf("the last departure is %v off that of first come, first served", off)
		}
		for i := range works {
			for j := range works {
				if arrivals[i] == arrivals[j] && cmp.Compare(works[i], works[j]) < 0 && shared.departures[i] > shared.departures[j] {
					t.Fatalf("request %d with less work leaves after %d", i, j)
				}
			}
		}
	})
}
