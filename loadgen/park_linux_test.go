package loadgen_test

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/loadgen"
	"github.com/ombak-sim/ombak/workload"
)

// burst makes the given number of people arrive at one instant, on one shard.
func burst(people int, timeout time.Duration) func(*loadgen.Config) {
	return func(c *loadgen.Config) {
		c.Shards, c.InFlight, c.People = 1, people, 100_000
		c.Signups.Mode, c.Signups.Bins.Counts = workload.Burst, []int{people}
		c.Journey.Steps[0].Timeout = timeout
	}
}

// If more people arrive at one instant than connections may be opening at once, all of them are served.
func TestBurstsWaitForConnections(t *testing.T) {
	s := serve(t, func(ctx *fasthttp.RequestCtx, _ int) { ctx.SetBodyString("ok") })
	r := play(t, config(s.url, burst(500, time.Minute)))
	if r.outcomes()[funnel.Completed] != 500 || len(s.served()) != 500 {
		t.Errorf("outcomes %v, %d served; want 500", r.outcomes(), len(s.served()))
	}
}

// If connections cannot be established, requests that wait for one time out like the others.
func TestWaitingForConnectionsTimesOut(t *testing.T) {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = syscall.Close(fd) }()
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Listen(fd, 1); err != nil { // and nobody accepts
		t.Fatal(err)
	}
	address, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	url := fmt.Sprintf("http://127.0.0.1:%d", address.(*syscall.SockaddrInet4).Port)
	r := play(t, config(url, burst(200, 500*time.Millisecond)))
	if r.outcomes()[funnel.TimedOut] != 200 {
		t.Errorf("outcomes %v; want 200 timed out", r.outcomes())
	}
	for _, sample := range r.samples {
		if sample.ServiceTime() < 500*time.Millisecond || sample.Reason != funnel.ReasonTimeout {
			t.Errorf("a sample took %v, reason %v; want the whole timeout", sample.ServiceTime(), sample.Reason)
			break
		}
	}
}
