//go:build !windows

package mocks

import (
	"context"
	"fmt"
	"net"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/valyala/fasthttp"
	"github.com/valyala/fasthttp/fasthttputil"

	"github.com/ombak-sim/ombak/workload"
)

func cpuTime() time.Duration {
	var usage syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// BenchmarkStationPrecision measures how late answers are at 5,000 arrivals a second to a station that takes 20
// ms for each: the time from the computed instant until the waiting goroutine runs.
func BenchmarkStationPrecision(b *testing.B) {
	for _, kind := range []string{"kernel", "plain"} {
		b.Run(kind, func(b *testing.B) {
			config := barely()
			config.Registries = map[string]Registry{"dtks": {Service: workload.Service{Servers: 1000, ServiceTime: workload.ConstantTime(20 * time.Millisecond)}}}
			running, err := Start(b.Context(), config)
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = running.Close() }()
			station := running.part("dtks").station
			if kind == "plain" {
				station.usePlainAlarm()
			}
			late, cost := visitAtRate(b, station, 5_000, 10_000)
			slices.Sort(late)
			b.ReportMetric(float64(late[len(late)/2].Microseconds()), "late-p50-us")
			b.ReportMetric(float64(late[len(late)*99/100].Microseconds()), "late-p99-us")
			b.ReportMetric(cost, "cores")
		})
	}
}

// visitAtRate returns how late each visit ended, and the CPU time per elapsed time.
func visitAtRate(b *testing.B, station *Station, perSecond, visits int) ([]time.Duration, float64) {
	late := make([]time.Duration, visits)
	var all sync.WaitGroup
	before, begun := cpuTime(), time.Now()
	for i := range visits {
		due := begun.Add(time.Duration(i) * time.Second / time.Duration(perSecond))
		for wait := time.Until(due); wait > 0; wait = time.Until(due) {
			pause(wait)
		}
		all.Go(func() {
			visit, over := station.enter(false)
			if !over {
				<-visit.done
			}
			late[i] = station.clock.now() - visit.End
		})
	}
	all.Wait()
	return late, (cpuTime() - before).Seconds() / time.Since(begun).Seconds()
}

// BenchmarkAnswers queries DTKS without service time over 64 connections in memory. The CPU time includes the
// client's.
func BenchmarkAnswers(b *testing.B) {
	m, err := newMocks(b.Context(), barely())
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = m.Close() }()
	listener := fasthttputil.NewInmemoryListener()
	server := newServer(m.doorOf(m.part("dtks")))
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(listener) })
	before := cpuTime()
	b.SetParallelism(64 / runtime.GOMAXPROCS(0))
	b.RunParallel(func(pb *testing.PB) {
		client := fasthttp.HostClient{Addr: "mock", Dial: func(string) (net.Conn, error) { return listener.Dial() }}
		request, response := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
		request.SetRequestURI("http://mock/dtks/households/1234567890123456")
		for pb.Next() {
			if err := client.Do(request, response); err != nil || response.StatusCode() != 200 {
				b.Error(err, response.StatusCode())
			}
		}
	})
	b.ReportMetric(float64((cpuTime()-before).Nanoseconds())/float64(b.N), "cpu-ns/answer")
	b.ReportMetric(float64(b.N)/(cpuTime()-before).Seconds(), "answers/cpu-s")
	_ = listener.Close()
	serving.Wait()
}

// BenchmarkHandler measures one answer of DTKS, from a parsed request to a written response, without a client.
func BenchmarkHandler(b *testing.B) {
	m, err := newMocks(b.Context(), barely())
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = m.Close() }()
	handle := m.doorOf(m.part("dtks"))
	var ctx fasthttp.RequestCtx
	ctx.Init(&fasthttp.Request{}, nil, nil)
	ctx.Request.SetRequestURI("/dtks/households/1234567890123456")
	for b.Loop() {
		ctx.Response.Reset()
		handle(&ctx)
	}
}

// BenchmarkWaiting keeps 16,000 requests waiting at once, each on its own connection in memory, and measures
// the memory of the process, including the client's half.
func BenchmarkWaiting(b *testing.B) {
	const requests = 16_000
	for b.Loop() {
		config := barely()
		config.Registries = map[string]Registry{"dtks": {Service: workload.Service{ServiceTime: workload.ConstantTime(time.Hour)}}}
		ctx, cancel := context.WithCancel(b.Context())
		m, err := newMocks(ctx, config)
		if err != nil {
			b.Fatal(err)
		}
		listener := fasthttputil.NewInmemoryListener()
		server := newServer(m.doorOf(m.part("dtks")))
		var running sync.WaitGroup
		running.Go(func() { _ = server.Serve(listener) })
		for range requests {
			conn, err := listener.Dial()
			if err != nil {
				b.Fatal(err)
			}
			if _, err := fmt.Fprint(conn, "GET /dtks/households/1234567890123456 HTTP/1.1\r\nHost: mock\r\n\r\n"); err != nil {
				b.Fatal(err)
			}
		}
		for m.part("dtks").station.Reading().Queued < requests-1 {
			runtime.Gosched()
		}
		runtime.GC()
		var memory runtime.MemStats
		runtime.ReadMemStats(&memory)
		b.ReportMetric(float64(memory.HeapInuse+memory.StackInuse)/(1<<20), "MB")
		cancel()
		_ = listener.Close()
		running.Wait()
		_ = m.Close()
	}
}

// BenchmarkLiveAgainstErlangC visits a running station with Poisson arrivals for ten seconds: M/M/4 with 900
// arrivals per second and 500 services per second and server, for which Erlang C gives a mean wait of
// .1051638928/900 s (Lq over λ), that is 116.8 µs. It reports the mean time in the station in µs, as the
// waiting goroutine saw it, as the station computed it, and in theory.
func BenchmarkLiveAgainstErlangC(b *testing.B) {
	const rate, visits = 900.0, 9_000
	config := barely()
	config.Registries = map[string]Registry{"dtks": {Service: workload.Service{Servers: 4, ServiceTime: workload.ExponentialTime(2 * time.Millisecond)}}}
	running, err := Start(b.Context(), config)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = running.Close() }()
	station := running.part("dtks").station
	stream := workload.Seed{Value: 2}.Stream(workload.NewPurpose("bench.arrivals"), 0, 0, 0)
	var seen, computed time.Duration
	count := 0
	for b.Loop() {
		took := make([]time.Duration, visits)
		var ends sync.Mutex
		var all sync.WaitGroup
		due := time.Now()
		for i := range visits {
			due = due.Add(time.Duration(stream.ExpFloat64() / rate * float64(time.Second)))
			for wait := time.Until(due); wait > 0; wait = time.Until(due) {
				pause(wait)
			}
			all.Go(func() {
				begun := time.Now()
				visit, over := station.enter(false)
				if !over {
					<-visit.done
				}
				took[i] = time.Since(begun)
				ends.Lock()
				computed += visit.End - visit.Arrived
				ends.Unlock()
			})
		}
		all.Wait()
		for _, t := range took {
			seen += t
		}
		count += visits
	}
	theory := 0.002 + 0.1051638928/rate
	b.ReportMetric(float64(seen.Microseconds())/float64(count), "seen-us")
	b.ReportMetric(float64(computed.Microseconds())/float64(count), "computed-us")
	b.ReportMetric(theory*1e6, "theory-us")
}
