package loadgen

import (
	"encoding/base64"
	"errors"
	"strings"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
	"google.golang.org/grpc/codes"

	"github.com/ombak-sim/ombak/journey/funnel"
)

// outgoingCall renders a unary call. Its timeout is added when the call begins.
func (e *epoll) outgoingCall(work job) (outgoing, error) {
	call := e.generator.requests[work.request].call
	made := outgoing{fields: []hpack.HeaderField{
		{Name: ":authority", Value: call.at.Host},
		{Name: ":method", Value: "POST"},
		{Name: ":path", Value: call.path},
		{Name: ":scheme", Value: call.at.Scheme},
		{Name: "content-type", Value: "application/grpc"},
		{Name: "te", Value: "trailers"},
		{Name: "user-agent", Value: "ombak"},
		{Name: "grpc-accept-encoding", Value: "gzip"},
	}}
	messages, err := e.renderCall(work, func(name, value string) {
		if strings.HasSuffix(name, "-bin") {
			value = base64.RawStdEncoding.EncodeToString([]byte(value))
		}
		made.fields = append(made.fields, hpack.HeaderField{Name: name, Value: value})
	})
	if err != nil {
		return outgoing{}, err
	}
	made.body = framed(messages[0])
	return made, nil
}

// prepareCall makes a stream ready for the answer to a call, if it is one.
func (e *epoll) prepareCall(t *stream) {
	request := &e.generator.requests[t.job.request]
	if request.call == nil {
		return
	}
	t.reply = &reply{keeps: request.readsBody}
	limit := t.job.timeout
	if t.job.leaves && request.Silent { // the server does not hear of the person's patience
		limit = e.generator.config.Journey.Steps[t.job.request].Timeout
	}
	if limit > 0 {
		t.until = max(t.start+limit, 1)
	}
}

// judgeCall sets the outcome of a call whose stream has ended. A call that has not ended in time has timed out, whatever has
// become of it: the server knows the deadline, and many answer at that moment.
func (e *epoll) judgeCall(s *h2conn, t *stream, answer *completion) {
	request := &e.generator.requests[t.job.request]
	code, outcome, reason := t.conclude(s)
	if code == codes.OK && reason == 0 && request.readsBody {
		outcome, reason = e.readMessage(t, request.call)
	}
	if t.job.timeout > 0 && answer.end >= t.start+t.job.timeout {
		outcome, reason = funnel.TimedOut, funnel.ReasonTimeout
	}
	if reason != 0 {
		answer.answer.Outcome, answer.reason = outcome, reason
		return
	}
	e.judge(t.job, request, int(funnel.ReasonGRPC)+int(code), t.reply.asked(t.retry), e.respOf(t), answer)
}

// conclude returns the code of a call, or else its outcome and the reason.
func (t *stream) conclude(s *h2conn) (code codes.Code, outcome funnel.Outcome, reason funnel.Reason) {
	if t.err == nil {
		code, reason = t.reply.verdict(t.status)
		return code, funnel.Failed, reason
	}
	var reset streamReset
	if errors.As(t.err, &reset) {
		if code, means := codeOfReset(http2.ErrCode(reset)); means {
			return code, 0, 0
		}
	}
	outcome, reason = classifyError(t.err)
	if reason == funnel.ReasonBody && !s.greeted { // no HTTP/2, and so no answer of gRPC
		reason = funnel.ReasonReset
	}
	return 0, outcome, reason
}

// readMessage writes the message of an answer as JSON in its place.
func (e *epoll) readMessage(t *stream, call *call) (funnel.Outcome, funnel.Reason) {
	text, err := call.decode(e.text[:0], t.reply.message)
	if err != nil {
		return funnel.Failed, funnel.ReasonBody
	}
	e.text = text
	t.resp.SetBodyRaw(text)
	return 0, 0
}
