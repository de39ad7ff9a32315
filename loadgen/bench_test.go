//go:build !windows

package loadgen

import (
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/ombak-sim/ombak/journey"
	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/workload"
)

// BenchmarkWire compares the two wires on one target in this process, with 64 requests in flight. cpu-ns/op
// is the CPU time of the whole process, including the target's share, which is the same for both.
func BenchmarkWire(b *testing.B) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	go func() { _ = fasthttp.Serve(listener, func(ctx *fasthttp.RequestCtx) { ctx.SetBodyString("hello") }) }()
	defer listener.Close()
	g, err := New(Config{
		Journey: journey.Config{Steps: []journey.Step{{Name: "go", Kind: funnel.Request}}},
		People:  1, Signups: workload.Arrivals{Bins: workload.Bins{Counts: []int{1}}},
		Requests: []Request{{Target: "web", Method: "GET", Path: "/", Completed: []int{200}}},
		Targets:  map[string]string{"web": "http://" + listener.Addr().String()},
	}, func(int) funnel.Observer { return nil })
	if err != nil {
		b.Fatal(err)
	}
	began := time.Now()
	event, err := newWire(g, began, 64)
	if err != nil {
		b.Fatal(err)
	}
	defer event.close()
	goroutines, err := newPool(g, began, 64)
	if err != nil {
		b.Fatal(err)
	}
	defer goroutines.close()
	for _, wire := range []struct {
		name string
		wire wire
	}{{"event loop", event}, {"goroutines", goroutines}} {
		b.Run(wire.name, func(b *testing.B) { benchmarkWire(b, wire.wire, began) })
	}
}

func benchmarkWire(b *testing.B, w wire, began time.Time) {
	const window = 64
	var answers []completion
	sent, done := 0, 0
	before := cpuTime()
	for b.ResetTimer(); done < b.N; {
		for ; sent < b.N && sent-done < window; sent++ {
			w.send(job{timeout: 10 * time.Second})
		}
		answers = w.wait(b.Context(), time.Since(began)+time.Second, answers[:0])
		for _, answer := range answers {
			if answer.answer.Outcome != funnel.Completed {
				b.Fatalf("a request ended as %v, reason %d", answer.answer.Outcome, answer.reason)
			}
		}
		done += len(answers)
	}
	b.ReportMetric(float64(cpuTime()-before)/float64(b.N), "cpu-ns/op")
}

func cpuTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
