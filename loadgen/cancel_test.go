package loadgen_test

import (
	"context"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/loadgen"
	"github.com/ombak-sim/ombak/workload"
)

// If a run is cancelled, people who were prepared but had not begun are not counted anywhere, even if their
// steps before the scheduled one were sent.
func TestCancelLeavesNobodyUnaccountedFor(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := serve(t, func(_ *fasthttp.RequestCtx, nth int) {
		if nth == 20 {
			cancel()
		}
	})
	r := newRecorder()
	g, err := loadgen.New(config(s.url, func(c *loadgen.Config) {
		then(c, loadgen.Request{Method: "GET", Path: "/then"})
		c.Journey.Steps[1].Think, c.Journey.Arrival = workload.ConstantTime(300*time.Millisecond), 1
	}), func(int) funnel.Observer { return shardRecorder{r} })
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Run(ctx, time.Now()); err != nil {
		t.Fatal(err)
	}
	if r.entered[0] == 0 || r.sched != r.started+r.dropped {
		t.Errorf("scheduled %d, started %d, dropped %d, entered %v", r.sched, r.started, r.dropped, r.entered)
	}
}
