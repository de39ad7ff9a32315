//go:build statistics

package mocks_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/mocks"
	"github.com/ombak-sim/ombak/workload"
)

// TestQueueAgreesWithErlangC: M/M/4 with 9 arrivals per second and 5 services per second and server has C =
// .1285336468 and Lq = .1051638928 (Erlang C), hence Wq = Lq/9.
func TestQueueAgreesWithErlangC(t *testing.T) {
	service := workload.Service{Servers: 4, ServiceTime: workload.ExponentialTime(200 * time.Millisecond)}
	of := func(what func(*mocks.Visit) float64) result {
		return replicate(40, func(seed uint64) float64 { return serve(t, service, 9, seed, what) })
	}
	of(waited).agrees(t, "wait in the queue", 0.1051638928/9)
	of(hadToWait).agrees(t, "probability of a wait", 0.1285336468)
}

// TestQueueAgreesWithPollaczekKhinchine: M/G/1 has Wq = ρ·S·(1+c²)/(2·(1−ρ)) (Pollaczek and Khinchine),
// for any distribution with mean S and squared coefficient of variation c². Last come, first served has the
// same mean.
func TestQueueAgreesWithPollaczekKhinchine(t *testing.T) {
	gamma, err := workload.ParseDistribution("gamma(mean=1s, scv=4)")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		times workload.Distribution
		rate  float64
		want  float64
	}{
		{workload.ConstantTime(time.Second), 0.8, 0.8 * 1 * 1 / (2 * 0.2)},
		{gamma, 0.5, 0.5 * 1 * 5 / (2 * 0.5)},
	} {
		for _, discipline := range []workload.Discipline{workload.FIFO, workload.LIFO} {
			service := workload.Service{ServiceTime: test.times, Discipline: discipline}
			got := replicate(40, func(seed uint64) float64 { return serve(t, service, test.rate, seed, waited) })
			got.agrees(t, fmt.Sprintf("%v, %s", test.times, discipline), test.want)
		}
	}
}

// TestQueueAgreesWithOneServer: M/M/1 with .8 arrivals per second and a service of one second has Wq = 4.
func TestQueueAgreesWithOneServer(t *testing.T) {
	service := workload.Service{ServiceTime: workload.ExponentialTime(time.Second)}
	replicate(40, func(seed uint64) float64 { return serve(t, service, 0.8, seed, waited) }).agrees(t, "wait in the queue", 4)
}

// TestQueueAgreesWithErlangB: with no room to wait, 5 servers and 3 Erlang, .1100543478 of the requests are
// rejected, for any distribution of the service time (Erlang B).
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

// TestQueueAgreesWithBoundedQueue: M/M/2/5 with 3 arrivals per second and 2 services per second and server has
// pK = .0851138354.
func TestQueueAgreesWithBoundedQueue(t *testing.T) {
	service := workload.Service{Servers: 2, ServiceTime: workload.ExponentialTime(500 * time.Millisecond), Queue: limit(3)}
	replicate(40, func(seed uint64) float64 { return serve(t, service, 3, seed, refused) }).agrees(t, "turned away", 0.0851138354)
}

// TestQueueAgreesWithDeadline uses one server, one arrival and one service per second, and the deadline D = 2
// s. By level crossing the virtual wait has the density p0 up to D and p0·exp(D−v) beyond. Hence p0·(1+D+1)
// = 1, and the share that would wait longer than D is p0 = 1/(2+D).
func TestQueueAgreesWithDeadline(t *testing.T) {
	service := workload.Service{ServiceTime: workload.ExponentialTime(time.Second), Deadline: 2 * time.Second}
	replicate(40, func(seed uint64) float64 { return serve(t, service, 1, seed, refused) }).agrees(t, "turned away", 0.25)
}
