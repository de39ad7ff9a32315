package mocks_test

import (
	"errors"
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ombak-sim/ombak/mocks"
	"github.com/ombak-sim/ombak/workload"
	"github.com/ombak-sim/ombak/workload/fault"
)

// opens is 19:00 WIB, when registration opened in 2020.
func opens() time.Time { return time.Date(2020, 4, 11, 12, 0, 0, 0, time.UTC) }

func newQueue(t testing.TB, service workload.Service, seed uint64) *mocks.Queue {
	t.Helper()
	queue, err := mocks.NewQueue(service, opens(), stream(seed, "service"))
	if err != nil {
		t.Fatal(err)
	}
	return queue
}

func stream(seed uint64, purpose string) workload.Stream {
	return workload.Seed{Value: 1, Replication: seed}.Stream(workload.NewPurpose(purpose), 0, 0, 0)
}

func limit(n int) *int { return &n }

// result is the mean over replications and its standard error.
type result struct{ mean, error float64 }

func replicate(n int, run func(seed uint64) float64) result {
	sum, squares := 0.0, 0.0
	for seed := range n {
		x := run(uint64(seed + 1))
		sum += x
		squares += x * x
	}
	mean := sum / float64(n)
	return result{mean, math.Sqrt((squares/float64(n) - mean*mean) / float64(n-1))}
}

func (r result) agrees(t *testing.T, what string, want float64) {
	t.Helper()
	if math.Abs(r.mean-want) > 4*r.error {
		t.Errorf("%s: got %v ± %v, want %v", what, r.mean, r.error, want)
	}
}

// serve plays Poisson arrivals, omits a warm-up, and returns the mean of a property of the visits.
func serve(t *testing.T, service workload.Service, rate float64, seed uint64, of func(*mocks.Visit) float64) float64 {
	const warmUp, counted = 2_000, 20_000
	queue, arrivals := newQueue(t, service, seed), stream(seed, "arrivals")
	var visits []*mocks.Visit
	now := 0.0
	for range warmUp + counted {
		now += arrivals.ExpFloat64() / rate
		at := time.Duration(now * float64(time.Second))
		visits = append(visits, queue.Arrive(at, at, fault.NoEffect()))
	}
	queue.Advance(farFuture)
	sum := 0.0
	for _, visit := range visits[warmUp:] {
		sum += of(visit)
	}
	return sum / counted
}

// farFuture is after every event of a test.
const farFuture = 1_000_000 * time.Hour

func waited(visit *mocks.Visit) float64 { return (visit.Start - visit.Arrived).Seconds() }

func hadToWait(visit *mocks.Visit) float64 {
	if visit.Start > visit.Arrived {
		return 1
	}
	return 0
}

func refused(visit *mocks.Visit) float64 {
	if visit.Refusal != mocks.Served {
		return 1
	}
	return 0
}

func drawService(t *rapid.T) workload.Service {
	service := workload.Service{
		Servers:     rapid.IntRange(0, 4).Draw(t, "servers"),
		ServiceTime: workload.ExponentialTime(time.Duration(rapid.IntRange(0, 500).Draw(t, "service ms")) * time.Millisecond),
		Deadline:    time.Duration(rapid.IntRange(0, 400).Draw(t, "deadline ms")) * time.Millisecond,
		RateLimit:   workload.Rate(rapid.SampledFrom([]float64{0, 0, 0.5, 3, 20}).Draw(t, "rate")),
		Quota:       workload.QuotaTerms{Most: rapid.SampledFrom([]int{0, 0, 10}).Draw(t, "quota")},
	}
	if rapid.Bool().Draw(t, "last first") {
		service.Discipline = workload.LIFO
	}
	if rapid.Bool().Draw(t, "bounded") {
		service.Queue = limit(rapid.IntRange(0, 5).Draw(t, "queue"))
	}
	return service
}

// TestQueueKeepsItsBooks checks at random instants that a queue's counters follow from its visits and that
// arrived = served + rejected + waiting + in service.
func TestQueueKeepsItsBooks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		service := drawService(t)
		queue, err := mocks.NewQueue(service, opens(), stream(1, "service"))
		if err != nil {
			t.Fatal(err)
		}
		var now time.Duration
		var visits []*mocks.Visit
		for range rapid.IntRange(1, 60).Draw(t, "arrivals") {
			now += time.Duration(rapid.IntRange(0, 300).Draw(t, "gap ms")) * time.Millisecond
			visits = append(visits, queue.Arrive(now, now, fault.NoEffect()))
			got := queue.Reading(now)
			if got.Arrivals != got.Completions+got.Rejections+uint64(got.Queued+got.Busy) {
				t.Fatalf("a request is lost: %+v", got)
			}
		}
		queue.Advance(now + 500*time.Second)
		got := queue.Reading(now + 500*time.Second)
		if want := recount(visits, service); got != want {
			t.Fatalf("at the end\n got %+v\nwant %+v", got, want)
		}
	})
}

// recount computes the last reading from the visits, all of which are over.
func recount(visits []*mocks.Visit, service workload.Service) mocks.Reading {
	want := mocks.Reading{Servers: service.ServerCount(), Arrivals: uint64(len(visits))}
	for i, visit := range visits {
		leaves := visit.Start
		if visit.Refusal != mocks.Served {
			want.Rejections++
			leaves = visit.End
		} else {
			want.Completions++
			want.BusyTime += visit.End - visit.Start
		}
		want.QueueTime += leaves - visit.Arrived
		queued := 0
		for _, other := range visits[:i+1] {
			left := other.Start
			if other.Refusal != mocks.Served {
				left = other.End
			}
			if left > visit.Arrived {
				queued++
			}
		}
		want.QueueMax = max(want.QueueMax, queued)
	}
	return want
}

// TestQueueServesTheLastFirst checks that of three waiting requests the last is served first.
func TestQueueServesTheLastFirst(t *testing.T) {
	queue := newQueue(t, workload.Service{ServiceTime: workload.ConstantTime(time.Second), Discipline: workload.LIFO}, 1)
	var visits []*mocks.Visit
	for i := range time.Duration(4) {
		visits = append(visits, queue.Arrive(i, i, fault.NoEffect()))
	}
	queue.Advance(farFuture)
	for i, want := range []time.Duration{0, 3 * time.Second, 2 * time.Second, time.Second} {
		if visits[i].Start != want {
			t.Errorf("request %d began at %v, want %v", i, visits[i].Start, want)
		}
	}
}

// TestQueueDegradesUnderLoad checks a station that degrades to a third of its speed at load 3. Four requests to
// its one server take 1, 2, 3 and 3 times their service time.
func TestQueueDegradesUnderLoad(t *testing.T) {
	queue := newQueue(t, workload.Service{ServiceTime: workload.ConstantTime(time.Second), Degrades: workload.Degradation{Load: 3, Factor: 3}}, 1)
	var visits []*mocks.Visit
	for range 4 {
		visits = append(visits, queue.Arrive(0, 0, fault.NoEffect()))
	}
	queue.Advance(farFuture)
	for i, want := range []time.Duration{1 * time.Second, 3 * time.Second, 6 * time.Second, 9 * time.Second} {
		if visits[i].End != want {
			t.Errorf("request %d ended at %v, want %v", i, visits[i].End, want)
		}
	}
}

func TestQueueRefusesWhatItCannotServe(t *testing.T) {
	if _, err := mocks.NewQueue(workload.Service{Discipline: workload.Priority}, opens(), stream(1, "service")); !errors.Is(err, mocks.ErrNotLive) {
		t.Errorf("priority: %v", err)
	}
	if _, err := mocks.NewQueue(workload.Service{Servers: -1}, opens(), stream(1, "service")); err == nil {
		t.Error("a negative number of servers was accepted")
	}
}

func TestQueueIsAFunctionOfItsSeed(t *testing.T) {
	service := workload.Service{Servers: 2, ServiceTime: workload.ExponentialTime(time.Second)}
	a, again, b := newQueue(t, service, 1), newQueue(t, service, 1), newQueue(t, service, 2)
	differ := false
	for i := range 100 {
		now := time.Duration(i) * 400 * time.Millisecond
		first, second, third := a.Arrive(now, now, fault.NoEffect()), b.Arrive(now, now, fault.NoEffect()), again.Arrive(now, now, fault.NoEffect())
		a.Advance(farFuture)
		b.Advance(farFuture)
		again.Advance(farFuture)
		if first.End != third.End {
			t.Fatal("one seed, two histories")
		}
		differ = differ || first.End != second.End
	}
	if !differ {
		t.Error("another seed changed nothing")
	}
}
