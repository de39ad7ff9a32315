package mocks

import (
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/ombak-sim/ombak/workload/fault"
)

// door handles every HTTP request to a mock: it applies faults of the wire and records what was served.
type door struct {
	context context.Context
	station *Station
	board   *board
	journal *journal
	next    fasthttp.RequestHandler
	outage  func(*fasthttp.RequestCtx, fault.Strike) // nil means an error status
}

// Where handlers find the faults that strike the request, if any, and the entry of the journal.
const (
	strikeKey = "strike"
	entryKey  = "entry"
)

func (d *door) handle(ctx *fasthttp.RequestCtx) {
	begun := d.station.clock.now()
	var entry Entry
	ctx.SetUserValue(entryKey, &entry)
	strike := d.board.strike(d.station.clock.scenarioAt(begun), ctx.RemoteAddr())
	if strike.Any() {
		ctx.SetUserValue(strikeKey, strike)
	}
	if stops(strike) {
		d.station.strike() // counted before the caller can see it
		d.stop(ctx, strike)
	} else {
		d.next(ctx)
		if strike.Any() {
			d.spoil(ctx, strike)
		}
	}
	entry.At, entry.Duration = seconds(d.station.clock.sinceStartAt(begun)), seconds(d.station.clock.now()-begun)
	entry.Method, entry.Path, entry.Status, entry.Fault = string(ctx.Method()), string(ctx.Path()), d.status(ctx, strike), kindsOf(strike)
	d.journal.note(entry)
}

// entryOf returns the entry of the journal for a request, for what only its handler knows.
func entryOf(ctx *fasthttp.RequestCtx) *Entry {
	if entry, known := ctx.UserValue(entryKey).(*Entry); known {
		return entry
	}
	return new(Entry)
}

// stops reports whether the strike keeps a request from reaching the mock.
func stops(strike fault.Strike) bool { return breaksOff(strike) || strike.Has(fault.Outage) }

// breaksOff reports whether there is no answer at all.
func breaksOff(strike fault.Strike) bool {
	return strike.Has(fault.Refused) || strike.Has(fault.Reset) || strike.Has(fault.BlackHole)
}

// stop applies the faults that act before a request reaches the mock.
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

// spoil changes a complete answer: first its content, then how much of it is sent and how fast.
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

// status returns the status of the answer, or 0 if there is none.
func (d *door) status(ctx *fasthttp.RequestCtx, strike fault.Strike) int {
	if breaksOff(strike) {
		return 0
	}
	return ctx.Response.StatusCode()
}

// isStale reports whether the answer should be outdated.
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

// failFor answers like a failing service.
func failFor(ctx *fasthttp.RequestCtx, strike fault.Strike) {
	fail(ctx, cmp.Or(strike.Status, fasthttp.StatusServiceUnavailable), cmp.Or(strike.Text, "out of order"))
}
