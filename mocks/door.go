package mocks

import (
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/ombak-sim/ombak/workload/fault"
)

// door is what every request over HTTP passes on its way to a mock and back: faults of the wire
// strike here, and what was served is remembered.
type door struct {
	context context.Context
	station *Station
	board   *board
	journal *journal
	next    fasthttp.RequestHandler
	outage  func(*fasthttp.RequestCtx, fault.Strike) // nil means an error status
}

// strikeKey is where handlers find what befalls the request, when something does.
const strikeKey = "strike"

func (d *door) handle(ctx *fasthttp.RequestCtx) {
	begun := d.station.clock.now()
	strike := d.board.strike(d.station.clock.scenarioAt(begun), ctx.RemoteAddr())
	if strike.Any() {
		ctx.SetUserValue(strikeKey, strike)
	}
	if stops(strike) {
		d.station.strike() // before the caller can learn of it
		d.stop(ctx, strike)
	} else {
		d.next(ctx)
		if strike.Any() {
			d.spoil(ctx, strike)
		}
	}
	d.journal.note(Entry{
		At: seconds(d.station.clock.sinceStartAt(begun)), Method: string(ctx.Method()), Path: string(ctx.Path()),
		Status: d.status(ctx, strike), Duration: seconds(d.station.clock.now() - begun), Fault: kindsOf(strike),
	})
}

// stops says whether the strike keeps what it befalls from reaching the mock.
func stops(strike fault.Strike) bool { return breaksOff(strike) || strike.Has(fault.Outage) }

// breaksOff says whether there is no answer at all.
func breaksOff(strike fault.Strike) bool {
	return strike.Has(fault.Refused) || strike.Has(fault.Reset) || strike.Has(fault.BlackHole)
}

// stop does what befalls a request before it reaches the mock.
func (d *door) stop(ctx *fasthttp.RequestCtx, strike fault.Strike) {
	switch {
	case strike.Has(fault.Refused), strike.Has(fault.Reset):
		reset(ctx)
	case strike.Has(fault.BlackHole):
		swallow(ctx)
	case d.outage != nil:
		d.outage(ctx, strike)
	default:
		failFor(ctx, strike)
	}
}

// spoil changes a whole answer: first what it says, then how much of it and how fast it comes.
func (d *door) spoil(ctx *fasthttp.RequestCtx, strike fault.Strike) {
	if strike.Has(fault.WrongContent) {
		wrongContent(ctx)
	}
	if strike.Has(fault.Garbage) {
		garbage(ctx, d.board.seed)
	}
	wire := wireAnswer{context: d.context}
	if strike.Has(fault.ClockSkew) {
		wire.date = time.Now().Add(strike.Skew)
	}
	wire.half = strike.Has(fault.Truncated)
	wire.over = strike.Delay
	if wire != (wireAnswer{context: d.context}) {
		wire.take(ctx)
	}
}

// status is that of the answer, or 0 where there is none.
func (d *door) status(ctx *fasthttp.RequestCtx, strike fault.Strike) int {
	if breaksOff(strike) {
		return 0
	}
	return ctx.Response.StatusCode()
}

// isStale says whether the request is to be answered with what was true before.
func isStale(ctx *fasthttp.RequestCtx) bool { return strikeOf(ctx).Has(fault.Stale) }

func strikeOf(ctx *fasthttp.RequestCtx) fault.Strike {
	strike, _ := ctx.UserValue(strikeKey).(fault.Strike)
	return strike
}

func kindsOf(strike fault.Strike) string {
	if !strike.Any() {
		return ""
	}
	var names []string
	for _, kind := range strike.Kinds() {
		names = append(names, string(kind))
	}
	return strings.Join(names, "+")
}

// failFor answers as a service does that is out of order.
func failFor(ctx *fasthttp.RequestCtx, strike fault.Strike) {
	fail(ctx, cmp.Or(strike.Status, fasthttp.StatusServiceUnavailable), cmp.Or(strike.Text, "out of order"))
}
