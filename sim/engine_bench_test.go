package sim

import (
	"testing"
	"time"

	"github.com/ombak-sim/ombak/workload"
)

// mmc is a minimal M/M/c station. It measures the cost of an event with few pending.
type mmc struct {
	engine               *Engine
	stream               workload.Stream
	arrive, serve        sampler
	free, waiting        int
	departures, arrivals int
}

const (
	mmcArrival Kind = iota
	mmcDeparture
)

func newMMC(servers int, arrivalRate, serviceRate float64) *mmc {
	mean := func(rate float64) sampler {
		return newSampler(workload.ExponentialTime(time.Duration(float64(time.Second) / rate)))
	}
	m := &mmc{engine: NewEngine(), stream: workload.Seed{Value: 1}.Stream(0, 0, 0, 0), free: servers, arrive: mean(arrivalRate), serve: mean(serviceRate)}
	m.engine.At(0, NewEvent(mmcArrival, 0))
	return m
}

func (m *mmc) step() {
	event, _ := m.engine.Next()
	if event.Kind() == mmcArrival {
		m.arrivals++
		m.engine.After(m.arrive.draw(&m.stream), NewEvent(mmcArrival, 0))
		if m.free == 0 {
			m.waiting++
			return
		}
		m.free--
	} else {
		m.departures++
		if m.waiting == 0 {
			m.free++
			return
		}
		m.waiting--
	}
	m.engine.After(m.serve.draw(&m.stream), NewEvent(mmcDeparture, 0))
}

// BenchmarkMM4 runs the M/M/4 of the published comparisons at ρ = .8.
func BenchmarkMM4(b *testing.B) {
	m := newMMC(4, 3.2, 1)
	b.ReportAllocs()
	for b.Loop() {
		m.step()
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds()/1e6, "Mevents/s")
}

// benchmarkHold takes the next event and schedules another (Jones, "An Empirical Comparison of Priority-Queue and
// Event-Set Implementations", CACM 29 (1986)), with a constant number pending.
func benchmarkHold(b *testing.B, pending int) {
	e := NewEngine()
	stream := workload.Seed{Value: 1}.Stream(0, 0, 0, 0)
	for range pending {
		e.After(time.Duration(stream.Uint64()>>30), NewEvent(0, 0))
	}
	b.ReportAllocs()
	for b.Loop() {
		e.Next()
		e.After(time.Duration(stream.Uint64()>>30), NewEvent(0, 0))
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds()/1e6, "Mevents/s")
}

func BenchmarkHold100(b *testing.B)  { benchmarkHold(b, 100) }
func BenchmarkHold100k(b *testing.B) { benchmarkHold(b, 100_000) }
func BenchmarkHold1M(b *testing.B)   { benchmarkHold(b, 1_000_000) }

// BenchmarkTimeouts arms a timeout and cancels it before it is due, with 100,000 armed.
func BenchmarkTimeouts(b *testing.B) {
	e := NewEngine()
	delay := e.Delay(10 * time.Second)
	alarms := make([]Alarm, 100_000)
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		e.Disarm(delay, alarms[i])
		alarms[i] = e.Arm(delay, NewEvent(0, int32(i)))
		e.Advance(e.Now() + 50*time.Microsecond)
		if i++; i == len(alarms) {
			i = 0
			e.After(0, NewEvent(1, 0))
			e.Next()
		}
	}
}

// TestNoAllocationPerEvent checks that nothing is allocated once the tables have grown.
func TestNoAllocationPerEvent(t *testing.T) {
	m := newMMC(4, 3.2, 1)
	for range 100_000 {
		m.step()
	}
	if allocations := testing.AllocsPerRun(100_000, m.step); allocations != 0 {
		t.Errorf("%v allocations per event of M/M/4, want 0", allocations)
	}
	e := NewEngine()
	delay := e.Delay(time.Second)
	cycle := func() {
		alarm := e.Arm(delay, NewEvent(1, 1))
		handle := e.Schedule(e.Now()+time.Second, NewEvent(2, 2))
		e.After(time.Millisecond, NewEvent(0, 0))
		e.Next()
		e.Disarm(delay, alarm)
		e.Revoke(handle)
	}
	for range 10_000 {
		cycle()
	}
	if allocations := testing.AllocsPerRun(10_000, cycle); allocations != 0 {
		t.Errorf("%v allocations per timeout armed and cancelled, want 0", allocations)
	}
}

// BenchmarkFloorMM4 runs M/M/4 at ρ = .8 with a full station and its statistics. One operation is one event.
func BenchmarkFloorMM4(b *testing.B) {
	l := newLab(one(3.2, station(4, "exponential(1s)", -1), 0), 1)
	l.warm = 1 << 62 // no observations
	b.ReportAllocs()
	for b.Loop() {
		event, _ := l.engine.Next()
		if event.Kind() == labArrival {
			l.next(0)
			l.arrive(l.design.sources[0])
		} else {
			l.floor.Handle(event)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds()/1e6, "Mevents/s")
}

// TestNoAllocationPerRequest checks that stations with deadlines, priorities and batches allocate nothing either.
func TestNoAllocationPerRequest(t *testing.T) {
	preemptive, deadline, batch, sharing := station(2, "exponential(1s)", -1), station(2, "exponential(1s)", 50), station(1, "exponential(100ms)", -1), station(2, "exponential(1s)", -1)
	preemptive.Discipline, preemptive.Preemptive = workload.Priority, true
	deadline.Deadline = 3 * time.Second
	batch.Batch = Batch{Rows: 8, Age: time.Second}
	sharing.Sharing = true
	for name, config := range map[string]StationConfig{"pre-emptive": preemptive, "deadline": deadline, "batch": batch, "sharing": sharing} {
		l := newLab(design{stations: []StationConfig{config}, sources: []source{{rate: .9}, {rate: .9, class: 1}}}, 1)
		l.warm = 1 << 62
		step := func() {
			event, _ := l.engine.Next()
			if event.Kind() == labArrival {
				l.next(int(event.Subject()))
				l.arrive(l.design.sources[event.Subject()])
			} else {
				l.floor.Handle(event)
			}
		}
		for range 300_000 {
			step()
		}
		if allocations := testing.AllocsPerRun(50_000, step); allocations != 0 {
			t.Errorf("%s: %v allocations per event, want 0", name, allocations)
		}
	}
}
