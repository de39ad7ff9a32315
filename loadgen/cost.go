package loadgen

import (
	"context"
	"fmt"
	"net"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/ombak-sim/ombak/journey"
	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/workload"
)

// MeasureRequest returns the CPU time of one request. Cpu returns the CPU time that this process has used so
// far. MeasureRequest plays 10,000 requests per second for two seconds against a target in this process,
// whose share is included.
func MeasureRequest(ctx context.Context, cpu func() time.Duration) (time.Duration, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	go func() { _ = fasthttp.Serve(listener, func(*fasthttp.RequestCtx) {}) }() // ends with the listener
	const perSecond = 10_000
	config := Config{
		Journey:  journey.Config{Steps: []journey.Step{{Name: "probe", Kind: funnel.Request}}},
		Signups:  workload.Arrivals{Bins: workload.Bins{Width: time.Second, Counts: []int{perSecond, perSecond}}},
		People:   2 * perSecond,
		Requests: []Request{{Target: "probe", Method: "GET", Path: "/", Completed: []int{200}}},
		Targets:  map[string]string{"probe": "http://" + listener.Addr().String()},
		Until:    10 * time.Second,
	}
	generator, err := New(config, func(int) funnel.Observer { return unobserved{} })
	if err != nil {
		return 0, err
	}
	before := cpu()
	if err := generator.Run(ctx, time.Now()); err != nil {
		return 0, fmt.Errorf("measuring the cost of a request: %w", err)
	}
	return (cpu() - before) / (2 * perSecond), ctx.Err()
}

// unobserved discards everything.
type unobserved struct{}

func (unobserved) Enter(int, time.Duration) {}
func (unobserved) Observe(funnel.Sample)    {}
