package mocks

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ombak-sim/ombak/sim"
	"github.com/ombak-sim/ombak/workload"
	"github.com/ombak-sim/ombak/workload/fault"
)

// twin is a station of the simulator with the same arrivals and work as a mock's queue.
type twin struct {
	engine *sim.Engine
	floor  *sim.Floor
	ends   map[int32]time.Duration
	missed map[int32]bool
}

// Served implements sim.Client.
func (w *twin) Served(owner int32, _ sim.Job) { w.ends[owner] = w.engine.Now() }

// Refused implements sim.Client.
func (w *twin) Refused(owner int32, _ sim.Refusal) { w.missed[owner] = true }

const (
	twinArrival sim.Kind = iota
	twinFloor
)

// play runs the arrivals. It calls work for each request to be served.
func (w *twin) play(arrivals []time.Duration, work func(i int32) time.Duration) {
	for i, at := range arrivals {
		w.engine.At(at, sim.NewEvent(twinArrival, int32(i)))
	}
	for {
		event, more := w.engine.Next()
		switch {
		case !more:
			return
		case event.Kind() == twinArrival:
			number := event.Subject()
			if _, why := w.floor.Enter(0, number, 0, work(number)); why != sim.Taken {
				w.missed[number] = true
			}
		default:
			w.floor.Handle(event)
		}
	}
}

// TestMockAgreesWithTheSimulator checks that a mock's queue and the simulator's station are one model: on the
// same schedule of arrivals and faults they serve and refuse the same requests, and each request ends at the
// same instant.
func TestMockAgreesWithTheSimulator(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		service := workload.Service{
			Servers: rapid.IntRange(1, 4).Draw(t, "servers"), ServiceTime: workload.ConstantTime(time.Duration(rapid.IntRange(1, 500).Draw(t, "service ms")) * time.Millisecond),
			Deadline: time.Duration(rapid.IntRange(0, 4).Draw(t, "deadline")) * 313 * time.Millisecond, Quota: workload.QuotaTerms{Most: rapid.SampledFrom([]int{0, 0, 20}).Draw(t, "quota")},
			Discipline: rapid.SampledFrom([]workload.Discipline{workload.FIFO, workload.LIFO}).Draw(t, "discipline"),
			RateLimit:  workload.Rate(rapid.SampledFrom([]float64{0, 0, 5, 20}).Draw(t, "rate")),
			Degrades:   rapid.SampledFrom([]workload.Degradation{{}, {Load: 3, Factor: 2}}).Draw(t, "degrades"),
		}
		if rapid.Bool().Draw(t, "bounded") {
			most := rapid.IntRange(0, 5).Draw(t, "queue")
			service.Queue = &most
		}
		faults := fault.Schedule{
			{Kind: fault.BrownOut, At: time.Second, For: 2 * time.Second, Ramp: time.Second, Capacity: 0.25},
			{Kind: fault.Slow, At: 2 * time.Second, For: 2 * time.Second, Delay: 77 * time.Millisecond},
			{Kind: fault.QuotaCut, At: 3 * time.Second, For: time.Second, Quota: 0.5},
		}
		opens := time.Date(2020, 4, 11, 12, 0, 0, 0, time.UTC)
		queue, err := NewQueue(service, opens, workload.Stream{})
		if err != nil {
			t.Fatal(err)
		}
		var arrivals []time.Duration
		var visits []*Visit
		now := time.Duration(0)
		for i := range rapid.IntRange(1, 60).Draw(t, "arrivals") {
			now += time.Duration(1+rapid.IntRange(0, 200_000).Draw(t, "gap")) * time.Microsecond
			// Each arrival has nanoseconds of its own, because an end and an arrival at one instant have no order.
			at := now + time.Duration(7*i)
			arrivals = append(arrivals, at)
			visits = append(visits, queue.Arrive(at, at, faults.Station(at)))
		}
		queue.Advance(time.Hour)

		w := &twin{engine: sim.NewEngine(), ends: map[int32]time.Duration{}, missed: map[int32]bool{}}
		w.floor = sim.NewFloor(w.engine, twinFloor, workload.Seed{}, w)
		w.floor.Days(workload.Clock{}, opens)
		w.floor.Add(sim.StationConfig{Name: "twin", Service: service})
		w.play(arrivals, func(i int32) time.Duration {
			effect, station := faults.At(arrivals[i]), w.floor.Station(0)
			station.CutQuota(effect.Quota)
			work := station.Degraded(time.Duration(service.ServiceTime.Quantile(0)))
			return time.Duration(float64(work)/effect.Capacity) + effect.Delay
		})
		for i, visit := range visits {
			end, served := w.ends[int32(i)]
			late := (end - visit.End).Abs()
			if served != (visit.Refusal == Served) || served && late > time.Microsecond || w.missed[int32(i)] == served {
				t.Fatalf("request %d at %v: the mock ended %v (%v), the simulator %v (%t)", i, arrivals[i], visit.End, visit.Refusal, end, served)
			}
		}
	})
}
