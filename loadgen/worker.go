package loadgen

import (
	"strings"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/ombak-sim/ombak/funnel"
	"github.com/ombak-sim/ombak/journey"
)

// job is one request to send.
type job struct {
	slot     int32
	step     int
	person   uint64
	mistyped bool
	timeout  time.Duration
	got      []string // read only: the walk stands still while its request is under way
}

// completion is what came of a job.
type completion struct {
	slot       int32
	sent       bool // false where the request never left the shard
	start, end time.Duration
	answer     journey.Answer
	reason     funnel.Reason
	got        []string // extracted values by slot; nil where nothing was extracted
}

// worker sends one request after the other and keeps its buffers.
type worker struct {
	generator *Generator
	began     time.Time
	req       fasthttp.Request
	resp      fasthttp.Response
	scratch   []byte
	values    values
}

func newWorker(g *Generator, began time.Time) *worker { return &worker{generator: g, began: began} }

// do sends the request and reads the answer.
func (w *worker) do(work job) completion {
	request := &w.generator.requests[work.step]
	w.fill(request, work)
	done := completion{slot: work.slot, sent: true, start: time.Since(w.began)}
	var err error
	client := w.generator.clients[request.client]
	if work.timeout > 0 {
		err = client.DoTimeout(&w.req, &w.resp, work.timeout)
	} else {
		err = client.Do(&w.req, &w.resp)
	}
	done.end = time.Since(w.began)
	if err != nil {
		done.answer.Outcome, done.reason = classifyError(err)
		return done
	}
	w.read(request, &done)
	return done
}

func (w *worker) fill(request *compiled, work job) {
	w.req.Reset()
	w.resp.Reset()
	w.values.person, w.values.got = work.person, work.got
	if request.person {
		w.fillPerson(work)
	}
	w.scratch = request.fill(&w.req, &w.values, w.generator.photos, w.scratch)
}

// fillPerson sets what the person types: wrongly where the attempt holds a typing error.
func (w *worker) fillPerson(work job) {
	attempt := 2
	if work.mistyped {
		attempt = 1
	}
	w.values.form = w.generator.people.Form(work.person, attempt)
	w.values.mailbox = w.generator.people.Person(work.person).Email
	if work.mistyped && !w.generator.traitTypo(work.person, work.step) {
		w.values.form.Email = strings.Replace(w.values.form.Email, "@", "", 1)
	}
}

func (w *worker) read(request *compiled, done *completion) {
	status := w.resp.StatusCode()
	done.reason = funnel.Reason(status)
	done.answer.Outcome, done.answer.Pending = request.classify(status)
	if done.answer.Outcome == funnel.Rejected || done.answer.Outcome == funnel.Failed {
		done.answer.RetryAfter = retryAfter(&w.resp)
	}
	if done.answer.Outcome != funnel.Completed || done.answer.Pending || len(request.extracts) == 0 {
		return
	}
	done.got = make([]string, w.generator.slots)
	if !request.extract(&w.resp, func(slot int, value string) { done.got[slot] = value }) {
		done.answer.Outcome, done.reason, done.got = funnel.Failed, funnel.ReasonBody, nil
	}
}
