package loadgen

import (
	"bufio"
	"bytes"
	"compress/flate"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/ombak-sim/ombak/journey/funnel"
)

// composer renders requests and judges answers. It reuses its buffers and belongs to one goroutine.
type composer struct {
	generator *Generator
	req       fasthttp.Request
	values    values
	scratch   []byte
	out       bytes.Buffer
	buffered  *bufio.Writer
	fixed     [][]byte // by step: the bytes of requests that are the same for everybody
}

// compose renders the job's request into c.req.
func (c *composer) compose(work job) *compiled {
	request := c.prepare(work)
	c.req.Reset()
	c.scratch = request.fill(&c.req, &c.values, c.generator.photos, c.scratch)
	if work.hop != nil {
		work.hop.turn(&c.req)
	}
	if request.Trace {
		c.req.Header.Set(traceparent, c.generator.traceOf(work))
	}
	if request.upgrades() {
		c.req.Header.Set("Sec-WebSocket-Key", c.generator.socketKey(work))
	}
	sendCookies(work.jar, c.generator.client(work), &c.req)
	return request
}

// prepare sets what the templates of the job's request can refer to.
func (c *composer) prepare(work job) *compiled {
	request := &c.generator.requests[work.request]
	c.values.person, c.values.got, c.values.attempt, c.values.round = work.person, work.got, int(work.attempt), int(work.round)
	c.values.people, c.values.names, c.values.vars, c.values.fault = c.generator.people, c.generator.got, c.generator.config.Vars, nil
	c.values.step, c.values.run = request.step.Round(int(work.round)), c.generator.run
	c.values.seed, c.values.feeders = c.generator.config.Seed, c.generator.feeders
	if request.person {
		c.fillPerson(work)
	}
	return request
}

// traceparent is the header that carries the id of a trace (W3C Trace Context).
const traceparent = "traceparent"

// traceOf returns the traceparent of an attempt.
func (g *Generator) traceOf(work job) string {
	return funnel.Attempt{Run: g.config.RunID, Person: work.person, Step: g.requests[work.request].name, Round: int(work.round), Number: int(work.attempt)}.Traceparent()
}

// fillPerson sets what the person types, with the mistake if the attempt holds a typing error.
func (c *composer) fillPerson(work job) {
	attempt := 2
	if work.mistyped {
		attempt = 1
	}
	c.values.form = c.generator.people.Form(work.person, attempt)
	if work.mistyped && !c.generator.traitTypo(work.person, work.request) {
		c.values.form.Email = strings.Replace(c.values.form.Email, "@", "", 1)
	}
}

// bytes returns the job's request as it goes over the wire; the slice is valid until the next call.
func (c *composer) bytes(work job) ([]byte, error) {
	request := &c.generator.requests[work.request]
	if c.fixed == nil {
		c.fixed = make([][]byte, len(c.generator.requests))
		c.buffered = bufio.NewWriterSize(&c.out, 1<<16)
	}
	plain := len(work.jar) == 0 && work.hop == nil
	if text := c.fixed[work.request]; text != nil && plain {
		return text, nil
	}
	c.compose(work)
	if c.values.fault != nil {
		return nil, c.values.fault
	}
	c.out.Reset()
	c.buffered.Reset(&c.out)
	if err := c.req.Write(c.buffered); err != nil {
		return nil, err
	}
	if err := c.buffered.Flush(); err != nil {
		return nil, err
	}
	if request.fixed && plain {
		c.fixed[work.request] = bytes.Clone(c.out.Bytes())
	}
	return c.out.Bytes(), nil
}

// reads reports whether an answer to the request must be read beyond its status.
func (c *composer) reads(request *compiled) bool {
	return request.Redirects > 0 || len(request.extracts) > 0 || len(request.checks) > 0 || c.generator.config.Cookies
}

// judge sets the outcome of an answer and extracts what later steps need.
func (c *composer) judge(work job, request *compiled, status int, asked retry, resp *fasthttp.Response, done *completion) {
	done.reason = funnel.Reason(status)
	done.answer.Outcome, done.answer.Pending = request.classify(status)
	if done.answer.Outcome == funnel.Rejected || done.answer.Outcome == funnel.Failed {
		done.answer.RetryAfter = asked.from(time.Now())
	}
	if c.generator.config.Cookies {
		done.jar = setCookies(work.jar, c.generator.client(work), resp, time.Now())
	}
	var found bool
	if done.hop, found = c.redirect(work, request, status, resp); done.hop != nil || !found {
		if !found {
			done.answer.Outcome, done.reason = funnel.Failed, funnel.ReasonLink
		}
		return
	}
	completed, rejected := done.answer.Outcome == funnel.Completed, done.answer.Outcome == funnel.Rejected
	if request.readsBody && completed && !done.answer.Pending && !decode(resp) {
		done.answer.Outcome, done.reason = funnel.Failed, funnel.ReasonBody
		return
	}
	if rejected && request.tickets {
		decode(resp) // a ticket may be missing
	}
	if completed && !done.answer.Pending && !request.passes(resp) {
		done.answer.Outcome, done.reason = funnel.Failed, funnel.ReasonCheck
		return
	}
	if !completed && !(rejected && request.tickets) || done.answer.Pending || len(request.extracts) == 0 {
		return
	}
	done.got = make([]string, len(c.generator.got))
	chooser := chooser{c.generator.config.Seed, work.person, request.step.Round(int(work.round)), int(work.attempt)}
	if !request.extract(resp, rejected, chooser, func(slot int, value string) { done.got[slot] = value }) {
		done.answer.Outcome, done.reason, done.got = funnel.Failed, funnel.ReasonBody, nil
	}
}

// decode replaces a compressed body by its content. It returns false if the body cannot be decoded or exceeds
// maxBody. A body in an unknown encoding stays as it is.
func decode(resp *fasthttp.Response) bool {
	given := string(resp.Header.ContentEncoding())
	encoding := strings.ToLower(given)
	if len(resp.Body()) == 0 || encoding == "" || encoding == "identity" {
		return true
	}
	defer resp.Header.SetContentEncoding(given)
	resp.Header.SetContentEncoding(strings.TrimPrefix(encoding, "x-"))
	body, err := resp.BodyUncompressedWithLimit(maxBody)
	if encoding == "deflate" && !zlibbed(resp.Body()) {
		body, err = inflateRaw(resp.Body())
	}
	if errors.Is(err, fasthttp.ErrContentEncodingUnsupported) {
		return true
	}
	if err == nil {
		resp.SetBody(body)
	}
	return err == nil
}

// zlibbed reports whether a body begins with the header of zlib (RFC 1950, section 2.2).
func zlibbed(body []byte) bool {
	return len(body) >= 2 && body[0]&15 == 8 && (int(body[0])<<8|int(body[1]))%31 == 0
}

// inflateRaw decodes deflate without zlib's frame, which some servers send (RFC 9110, section 8.4.1.2).
func inflateRaw(body []byte) ([]byte, error) {
	reader := flate.NewReader(bytes.NewReader(body))
	decoded, err := io.ReadAll(io.LimitReader(reader, maxBody+1))
	if err == nil && len(decoded) > maxBody {
		err = fasthttp.ErrBodyTooLarge
	}
	return decoded, err
}
