package mocks

import (
	"context"
	"strings"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/ombak-sim/ombak/population"
)

// longestWait limits how long a reader may wait for a message.
const longestWait = time.Minute

// mailReader serves the mailboxes over HTTP.
type mailReader struct {
	context context.Context
	boxes   *mailboxes
	clock   *runClock
}

// lookup is one request to read a mailbox.
type lookup struct {
	person  uint64
	spam    bool // read the spam folder instead
	consume bool // remove the messages
	wait    time.Duration
}

type messageView struct {
	Subject  string  `json:"subject"`
	Body     string  `json:"body"`
	Received float64 `json:"received_s"` // real seconds since the start of the run
}

type mailboxView struct {
	Messages []messageView `json:"messages"`
}

func (m *mailReader) handle(ctx *fasthttp.RequestCtx) {
	address, found := addressOf(string(ctx.Path()))
	switch {
	case !found:
		fail(ctx, fasthttp.StatusNotFound, "use GET /mailboxes/{address}/messages?wait=2s&consume=1&folder=spam")
		return
	case !ctx.IsGet():
		fail(ctx, fasthttp.StatusMethodNotAllowed, "use GET")
		return
	}
	lookup, err := lookupOf(ctx.QueryArgs())
	if err != nil {
		fail(ctx, fasthttp.StatusBadRequest, "wait must be a duration, such as wait=2s")
		return
	}
	person, known := population.IndexOfEmail(address)
	if !known || !population.Deliverable(address) {
		answer(ctx, fasthttp.StatusNotFound, mailboxView{Messages: []messageView{}})
		return
	}
	lookup.person = person
	m.show(ctx, m.read(lookup))
}

func addressOf(path string) (string, bool) {
	rest, begins := strings.CutPrefix(path, "/mailboxes/")
	address, ends := strings.CutSuffix(rest, "/messages")
	return address, begins && ends && address != ""
}

func lookupOf(arguments *fasthttp.Args) (lookup, error) {
	look := lookup{
		spam:    string(arguments.Peek("folder")) == "spam",
		consume: arguments.GetBool("consume"),
	}
	if !arguments.Has("wait") {
		return look, nil
	}
	wait, err := time.ParseDuration(string(arguments.Peek("wait")))
	look.wait = min(max(wait, 0), longestWait)
	return look, err
}

// read reads a mailbox until a message is visible or the wait is over.
func (m *mailReader) read(look lookup) []letter {
	until := m.clock.now() + look.wait
	for {
		if look.wait == 0 {
			found, _ := m.boxes.look(look.person, look.spam, look.consume, m.clock.now())
			return found
		}
		changed := m.boxes.watch(look.person)
		now := m.clock.now()
		found, next := m.boxes.look(look.person, look.spam, look.consume, now)
		over := len(found) > 0 || now >= until
		if !over {
			wake := until
			if next > 0 {
				wake = min(next, until)
			}
			over = m.pause(wake-now, changed)
		}
		m.boxes.leave(look.person)
		if over {
			return found
		}
	}
}

// pause waits for a time or a message and reports whether the mocks are stopping.
func (m *mailReader) pause(wait time.Duration, changed <-chan struct{}) (stopping bool) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-changed:
	case <-m.context.Done():
		return true
	}
	return false
}

func (m *mailReader) show(ctx *fasthttp.RequestCtx, letters []letter) {
	view := mailboxView{Messages: make([]messageView, 0, len(letters))}
	for _, letter := range letters {
		received := m.clock.sinceStartAt(letter.visible)
		view.Messages = append(view.Messages, messageView{Subject: letter.subject, Body: letter.body, Received: received.Seconds()})
	}
	status := fasthttp.StatusOK
	if len(letters) == 0 {
		status = fasthttp.StatusNotFound
	}
	answer(ctx, status, view)
}
