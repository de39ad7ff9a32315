package mocks

import (
	"context"
	"net/http"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ombak-sim/ombak/workload"
	"github.com/ombak-sim/ombak/workload/fault"
)

// TestAHeldServerIsBusy checks that a request that keeps its server for a constant time is to all others like one whose
// service is longer by that time.
func TestAHeldServerIsBusy(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ms := func(name string, most int) time.Duration {
			return time.Duration(rapid.IntRange(1, most).Draw(t, name)) * time.Millisecond
		}
		servers, work, hold := rapid.IntRange(1, 3).Draw(t, "servers"), ms("service", 50), ms("hold", 50)
		open := func(service time.Duration) *Queue {
			queue, err := NewQueue(workload.Service{Servers: servers, ServiceTime: workload.ConstantTime(service)}, time.Time{}, workload.Stream{})
			if err != nil {
				t.Fatal(err)
			}
			return queue
		}
		var arrivals []time.Duration
		at := time.Duration(0)
		for i := range rapid.IntRange(1, 40).Draw(t, "requests") {
			at += ms("gap", 40)
			arrivals = append(arrivals, at+time.Duration(i)) // no arrival at the instant of an end
		}
		plain, holding := open(work+hold), open(work)
		var want, got []*Visit
		var releases []time.Duration
		drain := func(until time.Duration) {
			for {
				next, due := holding.Next()
				if len(releases) > 0 && (!due || releases[0] <= next) && releases[0] <= until {
					holding.release(releases[0])
					releases = releases[1:]
				} else if due && next <= until {
					for _, visit := range holding.Advance(next) {
						releases = append(releases, visit.End+hold)
					}
				} else {
					return
				}
			}
		}
		for _, at := range arrivals {
			want = append(want, plain.Arrive(at, at, fault.NoEffect()))
			drain(at)
			visit := &Visit{holds: true}
			holding.arrive(visit, at, at, fault.NoEffect())
			got = append(got, visit)
		}
		drain(time.Hour)
		plain.Advance(time.Hour)
		for i := range want {
			if got[i].Start != want[i].Start {
				t.Fatalf("request %d began at %v, want %v", i, got[i].Start, want[i].Start)
			}
		}
		a, b := holding.Reading(time.Hour), plain.Reading(time.Hour)
		if a != b {
			t.Fatalf("readings %+v, want %+v", a, b)
		}
	})
}

// TestAnAbandonedServerIsFree checks that a request whose context ends leaves no server in use.
func TestAnAbandonedServerIsFree(t *testing.T) {
	for _, why := range []string{"in service", "already served"} {
		queue, err := NewQueue(workload.Service{ServiceTime: workload.ConstantTime(time.Second)}, time.Time{}, workload.Stream{})
		if err != nil {
			t.Fatal(err)
		}
		visit := &Visit{holds: true}
		queue.arrive(visit, 0, 0, fault.NoEffect())
		if why == "already served" {
			queue.Advance(2 * time.Second)
			if queue.busy() != 1 {
				t.Fatalf("%d servers are in use, want the held one", queue.busy())
			}
		}
		queue.abandon(visit, 2*time.Second)
		queue.Advance(3 * time.Second)
		if queue.busy() != 0 {
			t.Errorf("%s: %d servers are in use for nobody", why, queue.busy())
		}
	}
}

// TestAHeldServerIsGivenBackOnce drives the station itself: the second request gets the server when the first vacates it.
func TestAHeldServerIsGivenBackOnce(t *testing.T) {
	station, err := newStation("shop", workload.Service{}, time.Time{}, workload.Seed{}, newRunClock())
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if refusal, err := station.Hold(t.Context(), nil); refusal != Served || err != nil {
			t.Fatalf("%v, %v", refusal, err)
		}
		if reading := station.Reading(); reading.Busy != 1 {
			t.Errorf("%d servers are in use, want the held one", reading.Busy)
		}
		station.Vacate()
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := station.Hold(over, nil); err == nil {
		t.Error("a context that has ended gives no error")
	}
	if reading := station.Reading(); reading.Busy != 0 || reading.Completions != 4 {
		t.Errorf("%+v; want no server in use", reading)
	}
}

// chain starts a shop that calls a gateway.
func chain(t *testing.T, gateway Generic, calls ...Onward) (*Mocks, string) {
	t.Helper()
	shop := Generic{Name: "shop", Routes: []Route{{Path: "/orders", Body: `"sold"`}}, Calls: calls}
	running, err := Start(t.Context(), Config{Opens: time.Unix(0, 0), Generics: []Generic{shop, gateway}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := running.Close(); err != nil {
			t.Error(err)
		}
	})
	return running, "http://" + running.Addresses()["shop"] + "/orders"
}

// TestAMockCallsAnother checks what the outer mock answers, and that it calls the inner one.
func TestAMockCallsAnother(t *testing.T) {
	none := 0
	pay := Onward{Mock: "gateway", Method: "POST", Path: "/pay", Timeout: time.Minute}
	for _, test := range []struct {
		why     string
		gateway Generic
		calls   []Onward
		want    []int
		served  uint64 // by the gateway
	}{
		{"a call that is answered", Generic{Routes: []Route{{Method: "POST", Path: "/pay"}}}, []Onward{pay}, []int{200, 200}, 2},
		{"two calls, one after the other", Generic{Routes: []Route{{Path: "/pay"}}}, []Onward{pay, pay}, []int{200, 200}, 4},
		{"an answer that declines is passed on", Generic{Routes: []Route{{Path: "/pay", Stock: &Stock{Count: 1, Status: 402}}}}, []Onward{pay}, []int{200, 402}, 2},
		{"the calls after one that declines are not made", Generic{Routes: []Route{{Path: "/pay", Stock: &Stock{Count: 1}}}}, []Onward{pay, pay}, []int{409, 409}, 3},
		{"a refusal fails the call", Generic{Routes: []Route{{Path: "/pay"}}, Service: workload.Service{Quota: workload.QuotaTerms{Most: 1}}}, []Onward{pay}, []int{200, 503}, 1},
		{"an error fails the call", Generic{Routes: []Route{{Path: "/pay", Status: 500}}}, []Onward{pay}, []int{503}, 1},
		{
			"a timeout fails the call",
			Generic{Routes: []Route{{Path: "/pay"}}, Service: workload.Service{ServiceTime: workload.ConstantTime(time.Hour), Queue: &none}},
			[]Onward{{Mock: "gateway", Path: "/pay", Timeout: time.Millisecond}},
			[]int{503, 503},
			0,
		},
	} {
		test.gateway.Name = "gateway"
		running, address := chain(t, test.gateway, test.calls...)
		for i, want := range test.want {
			response, err := http.Get(address)
			if err != nil {
				t.Fatal(err)
			}
			_ = response.Body.Close() // nothing is read from it
			if response.StatusCode != want {
				t.Errorf("%s: request %d has the status %d, want %d", test.why, i+1, response.StatusCode, want)
			}
		}
		for _, reading := range running.Readings() {
			if reading.Station == "shop" && (reading.Busy != 0 || reading.Completions != uint64(len(test.want))) || reading.Station == "gateway" && reading.Completions != test.served {
				t.Errorf("%s: %+v", test.why, reading)
			}
		}
	}
}

func TestCallsThatCannotBeMade(t *testing.T) {
	for want, wrong := range map[string]Onward{
		"shop calls bank, which is no generic mock":     {Mock: "bank", Path: "/", Timeout: time.Second},
		"shop calls gateway with the timeout 0s":        {Mock: "gateway", Path: "/"},
		"shop calls dukcapil, which is no generic mock": {Mock: "dukcapil", Path: "/", Timeout: time.Second},
	} {
		_, err := Start(t.Context(), Config{Opens: time.Unix(0, 0), Generics: []Generic{{Name: "shop", Calls: []Onward{wrong}}, {Name: "gateway"}}})
		if err == nil || err.Error()[:len(want)] != want {
			t.Errorf("the error is %v, want %s", err, want)
		}
	}
}
