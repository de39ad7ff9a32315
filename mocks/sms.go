package mocks

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/valyala/fasthttp"

	"github.com/ombak-sim/ombak/population"
	"github.com/ombak-sim/ombak/workload"
	"github.com/ombak-sim/ombak/workload/fault"
)

// SMSCounts holds the outcomes of short messages.
type SMSCounts struct {
	Delivered uint64 `json:"delivered"` // delivered or on the way to the phone
	Lost      uint64 `json:"lost"`      // accepted and never delivered, by chance or because the number does not exist
	Limited   uint64 `json:"limited"`   // rejected: too many for one number
}

// gateway accepts short messages over HTTP and shows each phone's inbox.
type gateway struct {
	context context.Context
	config  SMS
	station *Station
	boxes   *mailboxes
	clock   *runClock
	seed    workload.Seed
	limit   *numberLimit
	reader  *mailReader
	serial  atomic.Uint64

	delivered, lost, limited atomic.Uint64
}

func (g *gateway) counts() SMSCounts {
	return SMSCounts{g.delivered.Load(), g.lost.Load(), g.limited.Load()}
}

type shortMessage struct {
	To   string `json:"to"`
	Text string `json:"text"`
}

const smsHelp = "use POST /sms/messages or GET /sms/inboxes/{number}/messages?wait=2s&consume=1"

func (g *gateway) handle(ctx *fasthttp.RequestCtx) {
	path := string(ctx.Path())
	switch inbox, isInbox := strings.CutPrefix(path, "/sms/inboxes/"); {
	case path == "/sms/messages" && ctx.IsPost():
		g.send(ctx)
	case path == "/sms/messages":
		fail(ctx, fasthttp.StatusMethodNotAllowed, "use POST")
	case isInbox:
		g.show(ctx, inbox)
	default:
		fail(ctx, fasthttp.StatusNotFound, smsHelp)
	}
}

// send accepts a message. Acceptance does not mean delivery.
func (g *gateway) send(ctx *fasthttp.RequestCtx) {
	var message shortMessage
	if err := json.Unmarshal(ctx.PostBody(), &message); err != nil || message.To == "" || message.Text == "" {
		fail(ctx, fasthttp.StatusBadRequest, `write {"to": "+62…", "text": "…"}`)
		return
	}
	person, known := population.IndexOfPhone(message.To)
	if known && !g.limit.take(person, g.clock.now()) {
		g.limited.Add(1)
		ctx.Response.Header.Set("Retry-After", strconv.Itoa(int(g.limit.window.Seconds())))
		fail(ctx, fasthttp.StatusTooManyRequests, "too many messages for this number")
		return
	}
	refusal, err := g.station.Visit(g.context, ctx.Conn())
	switch {
	case err != nil:
		stopped(ctx)
	case refusal != Served:
		refuse(ctx, refusal)
	default:
		g.deliver(person, known && population.Rings(message.To) && !strikeOf(ctx).Has(fault.Loss), message.Text)
		answer(ctx, fasthttp.StatusAccepted, map[string]string{"id": "sms-" + strconv.FormatUint(g.serial.Add(1), 10)})
	}
}

var (
	smsLossPurpose     = workload.NewPurpose("mocks.sms.loss")
	smsDeliveryPurpose = workload.NewPurpose("mocks.sms.delivery")
)

// deliver sends a message on its way, unless it is lost.
func (g *gateway) deliver(person uint64, arrives bool, text string) {
	if !arrives {
		g.lost.Add(1)
		return
	}
	count := g.boxes.count(person)
	loss := g.seed.Stream(smsLossPurpose, person, 0, count)
	if loss.Chance(g.config.Loss) {
		g.lost.Add(1)
		return
	}
	delivery := g.seed.Stream(smsDeliveryPurpose, person, 0, count)
	g.boxes.put(person, letter{body: clip(text), visible: g.clock.now() + g.config.Delivery.Draw(&delivery)})
	g.delivered.Add(1)
}

// show returns a phone's inbox. Faults of the gateway do not affect the phones.
func (g *gateway) show(ctx *fasthttp.RequestCtx, rest string) {
	number, isInbox := strings.CutSuffix(rest, "/messages")
	look, err := lookupOf(ctx.QueryArgs())
	person, known := population.IndexOfPhone(number)
	switch {
	case !isInbox:
		fail(ctx, fasthttp.StatusNotFound, smsHelp)
	case !ctx.IsGet():
		fail(ctx, fasthttp.StatusMethodNotAllowed, "use GET")
	case err != nil:
		fail(ctx, fasthttp.StatusBadRequest, "wait must be a duration, such as wait=2s")
	case !known || !population.Rings(number):
		answer(ctx, fasthttp.StatusNotFound, mailboxView{Messages: []messageView{}})
	default:
		look.person, look.spam = person, false
		g.reader.show(ctx, g.reader.read(look))
	}
}
