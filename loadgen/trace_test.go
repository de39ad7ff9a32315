package loadgen_test

import (
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/ombak-sim/ombak/journey"
	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/loadgen"
)

// Each attempt has a traceparent of its own, which follows from the run, the person, the step and the attempt; other requests
// have none.
func TestTraceparent(t *testing.T) {
	form := regexp.MustCompile(`^00-[0-9a-f]{32}-[0-9a-f]{16}-01$`)
	onBothWires(t, func(t *testing.T, change func(*loadgen.Config)) {
		var mu sync.Mutex
		seen := map[string]int{}
		s := serve(t, func(ctx *fasthttp.RequestCtx, _ int) {
			mu.Lock()
			defer mu.Unlock()
			seen[string(ctx.Path())+" "+string(ctx.Request.Header.Peek("traceparent"))]++
			if string(ctx.Path()) == "/" {
				ctx.SetStatusCode(503)
			}
		})
		r := play(t, config(s.url, func(c *loadgen.Config) {
			change(c)
			c.RunID, c.Requests[0].Trace = "night", true
			c.Requests[0].Completed = append(c.Requests[0].Completed, 503)
			c.Requests[0].Rejected = nil
			c.Journey.Steps = append(c.Journey.Steps, journey.Step{Name: "then", Kind: funnel.Request, Timeout: time.Minute})
			c.Requests = append(c.Requests, loadgen.Request{Target: "web", Method: "GET", Path: "/then", Completed: []int{200}})
		}))
		mu.Lock()
		defer mu.Unlock()
		if r.outcomes()[funnel.Completed] != 100 || len(seen) != 51 || seen["/then "] != 50 {
			t.Fatalf("outcomes %v, %d kinds of requests, %d without a trace", r.outcomes(), len(seen), seen["/then "])
		}
		for _, sample := range r.samples {
			if sample.Step != 0 {
				continue
			}
			attempt := funnel.Attempt{Run: "night", Person: sample.Session, Step: "go", Round: int(sample.Round), Number: sample.Attempt}
			header := attempt.Traceparent()
			if seen["/ "+header] != 1 || !form.MatchString(header) || !strings.Contains(header, attempt.TraceID()) {
				t.Fatalf("the attempt %+v has the trace %s, which the service saw %d times", attempt, header, seen["/ "+header])
			}
		}
	})
}

// Calls of gRPC carry it as metadata.
func TestTraceparentOfCalls(t *testing.T) {
	s := callable(t)
	c := calls(s.url, "EmptyCall")
	c.Requests[0].Trace = true
	r := play(t, c)
	s.mu.Lock()
	defer s.mu.Unlock()
	slices.Sort(s.traces)
	if traces := slices.Compact(s.traces); len(traces) != 50 || r.outcomes()[funnel.Completed] != 50 {
		t.Errorf("%d traces, outcomes %v; want 50 of each", len(traces), r.outcomes())
	}
}
