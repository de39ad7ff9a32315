package mocks_test

import (
	"errors"
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ombak-sim/ombak/mocks"
	"github.com/ombak-sim/ombak/workload"
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

// result holds the mean over replications and its standard error.
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

// serve plays Poisson arrivals, leaves out a warm-up, and returns the share for which of holds.
func serve(t *testing.T, service workload.Service, rate float64, seed uint64, of func(now time.Duration, ticket mocks.Ticket) float64) float64 {
	const warmUp, counted = 2_000, 20_000
	queue, arrivals := newQueue(t, service, seed), stream(seed, "arrivals")
	now, sum := 0.0, 0.0
	for i := range warmUp + counted {
		now += arrivals.ExpFloat64() / rate
		at := time.Duration(now * float64(time.Second))
		ticket := queue.Arrive(at, at)
		if i >= warmUp {
			sum += of(at, ticket)
		}
	}
	return sum / counted
}

func waited(now time.Duration, ticket mocks.Ticket) float64 { return (ticket.Start - now).Seconds() }

func hadToWait(now time.Duration, ticket mocks.Ticket) float64 {
	if ticket.Start > now {
		return 1
	}
	return 0
}

func refused(_ time.Duration, ticket mocks.Ticket) float64 {
	if ticket.Refusal != mocks.Served {
		return 1
	}
	return 0
}

// M/M/4 with 9 arrivals and 5 services per second and server: C = .1285336468, Lq = .1051638928
// (Erlang C), hence Wq = Lq/9.
func TestQueueAgreesWithErlangC(t *testing.T) {
	service := workload.Service{Servers: 4, ServiceTime: workload.ExponentialTime(200 * time.Millisecond)}
	of := func(what func(time.Duration, mocks.Ticket) float64) result {
		return replicate(40, func(seed uint64) float64 { return serve(t, service, 9, seed, what) })
	}
	of(waited).agrees(t, "wait in the queue", 0.1051638928/9)
	of(hadToWait).agrees(t, "probability of a wait", 0.1285336468)
}

// M/M/1 with .8 arrivals per second and a service of one second: Wq = 4.
func TestQueueAgreesWithOneServer(t *testing.T) {
	service := workload.Service{ServiceTime: workload.ExponentialTime(time.Second)}
	replicate(40, func(seed uint64) float64 { return serve(t, service, 0.8, seed, waited) }).agrees(t, "wait in the queue", 4)
}

// Erlang B: with no room to wait, 5 servers and 3 Erlang, .1100543478 are turned away, whatever
// the distribution of the service time.
func TestQueueAgreesWithErlangB(t *testing.T) {
	lognormal, err := workload.ParseDistribution("lognormal(median=500ms, p95=2s)")
	if err != nil {
		t.Fatal(err)
	}
	for _, times := range []workload.Distribution{
		workload.ExponentialTime(time.Second), workload.ConstantTime(time.Second), lognormal,
	} {
		service := workload.Service{Servers: 5, ServiceTime: times, Queue: limit(0)}
		got := replicate(40, func(seed uint64) float64 { return serve(t, service, 3/times.Mean(), seed, refused) })
		got.agrees(t, times.String(), 0.1100543478)
	}
}

// M/M/2/5 with 3 arrivals and 2 services per second and server: pK = .0851138354.
func TestQueueAgreesWithBoundedQueue(t *testing.T) {
	service := workload.Service{Servers: 2, ServiceTime: workload.ExponentialTime(500 * time.Millisecond), Queue: limit(3)}
	replicate(40, func(seed uint64) float64 { return serve(t, service, 3, seed, refused) }).agrees(t, "turned away", 0.0851138354)
}

// One server, one arrival and one service per second, deadline D = 2 s. By level crossing the
// virtual wait has the density p0 up to D and p0·exp(D−v) beyond, so p0·(1+D+1) = 1, and the share
// that would wait longer than D is p0 = 1/(2+D).
func TestQueueAgreesWithDeadline(t *testing.T) {
	service := workload.Service{ServiceTime: workload.ExponentialTime(time.Second), Deadline: 2 * time.Second}
	replicate(40, func(seed uint64) float64 { return serve(t, service, 1, seed, refused) }).agrees(t, "turned away", 0.25)
}

func drawService(t *rapid.T) workload.Service {
	service := workload.Service{
		Servers:     rapid.IntRange(0, 4).Draw(t, "servers"),
		ServiceTime: workload.ExponentialTime(time.Duration(rapid.IntRange(0, 500).Draw(t, "service ms")) * time.Millisecond),
		Deadline:    time.Duration(rapid.IntRange(0, 400).Draw(t, "deadline ms")) * time.Millisecond,
		RateLimit:   workload.Rate(rapid.SampledFrom([]float64{0, 0, 0.5, 3, 20}).Draw(t, "rate")),
		DailyQuota:  rapid.SampledFrom([]int{0, 0, 10}).Draw(t, "quota"),
	}
	if rapid.Bool().Draw(t, "bounded") {
		service.Queue = limit(rapid.IntRange(0, 5).Draw(t, "queue"))
	}
	return service
}

// What a queue says it did must follow from the tickets that it gave, at any instant.
func TestQueueKeepsItsBooks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		service := drawService(t)
		queue, err := mocks.NewQueue(service, opens(), stream(1, "service"))
		if err != nil {
			t.Fatal(err)
		}
		var now time.Duration
		var tickets []mocks.Ticket
		var arrived []time.Duration
		for range rapid.IntRange(1, 60).Draw(t, "arrivals") {
			now += time.Duration(rapid.IntRange(0, 300).Draw(t, "gap ms")) * time.Millisecond
			tickets, arrived = append(tickets, queue.Arrive(now, now)), append(arrived, now)
			if got, want := queue.Reading(now), recount(arrived, tickets, service, now); got != want {
				t.Fatalf("at %v\n got %+v\nwant %+v", now, got, want)
			}
		}
	})
}

// recount works the reading out from the tickets, request by request.
func recount(arrived []time.Duration, tickets []mocks.Ticket, service workload.Service, now time.Duration) mocks.Reading {
	want := mocks.Reading{Servers: service.ServerCount(), Arrivals: uint64(len(tickets))}
	for i, ticket := range tickets {
		leaves := ticket.Start
		if ticket.Refusal != mocks.Served {
			leaves = ticket.End
		}
		want.QueueTime += min(leaves, now) - arrived[i]
		switch {
		case leaves > now:
			want.Queued++
		case ticket.Refusal != mocks.Served:
			want.Rejections++
		case ticket.End > now:
			want.Busy++
			want.BusyTime += now - ticket.Start
		default:
			want.Completions++
			want.BusyTime += ticket.End - ticket.Start
		}
		queued := 0
		for j := range tickets[:i+1] {
			end := tickets[j].Start
			if tickets[j].Refusal != mocks.Served {
				end = tickets[j].End
			}
			if end > arrived[i] {
				queued++
			}
		}
		want.QueueMax = max(want.QueueMax, queued)
	}
	return want
}

func TestQueueRefusesWhatItCannotServe(t *testing.T) {
	for _, discipline := range []workload.Discipline{workload.LIFO, workload.Priority} {
		_, err := mocks.NewQueue(workload.Service{Discipline: discipline}, opens(), stream(1, "service"))
		if !errors.Is(err, mocks.ErrNotLive) {
			t.Errorf("%s: %v", discipline, err)
		}
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
		first, second := a.Arrive(now, now), b.Arrive(now, now)
		if first != again.Arrive(now, now) {
			t.Fatal("one seed, two histories")
		}
		differ = differ || first != second
	}
	if !differ {
		t.Error("another seed changed nothing")
	}
}
