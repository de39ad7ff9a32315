package loadgen

import (
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/workload"
)

// WebSocket is one action on a person's WebSocket to a target. Exactly one of Connect, Send or Await, Hold, and Close is
// set; a step may send and then await the reply.
type WebSocket struct {
	Connect bool          `json:"connect,omitempty"` // opens the connection, with the request's path and headers
	Send    string        `json:"send,omitempty"`    // a text message, which is a template
	JSON    bool          `json:"json,omitempty"`    // Send is JSON: values are escaped for JSON strings
	Await   *Check        `json:"await,omitempty"`   // waits for a message that meets the check; an empty one takes any message
	Hold    time.Duration `json:"hold,omitempty"`    // keeps the connection open for so long
	Close   bool          `json:"close,omitempty"`
}

// Sockets counts WebSockets and their messages, when each was opened, sent or received.
type Sockets struct {
	Opened, Sent, Received funnel.Tally
}

func (s Sockets) plus(other Sockets) Sockets {
	return Sockets{s.Opened.Plus(other.Opened), s.Sent.Plus(other.Sent), s.Received.Plus(other.Received)}
}

// gesture is a compiled WebSocket action.
type gesture struct {
	WebSocket
	send  template
	await *check
}

func (g *gesture) needs(test func(template) bool) bool { return g != nil && test(g.send) }

func (s scope) compileGesture(c *compiled, wanted *WebSocket) (err error) {
	if wanted == nil {
		return nil
	}
	c.gesture = &gesture{WebSocket: *wanted}
	s.quoted = wanted.JSON
	if c.gesture.send, err = s.parseTemplate(wanted.Send); err != nil {
		return fmt.Errorf("websocket: send: %w", err)
	}
	if wanted.JSON {
		c.gesture.send = c.gesture.send.inJSON()
	}
	if wanted.Await != nil {
		at, err := s.compileExtract(wanted.Await.Extract)
		if err != nil {
			return fmt.Errorf("websocket: await: %w", err)
		}
		c.gesture.await = &check{*wanted.Await, at}
	}
	if wanted.Connect {
		c.Method = fasthttp.MethodGet
		c.headers = append(c.headers, header{"Connection", template{{text: "Upgrade"}}}, header{"Upgrade", template{{text: "websocket"}}}, header{"Sec-WebSocket-Version", template{{text: "13"}}})
	}
	return nil
}

// fits reports whether a message is the one that a step awaits. The response is a buffer.
func (g *gesture) fits(message []byte, resp *fasthttp.Response) bool {
	resp.Reset()
	resp.SetBodyRaw(message)
	return (&compiled{checks: []check{*g.await}}).passes(resp)
}

var socketPurpose = workload.NewPurpose("websocket")

// socketKey returns the key of a handshake.
func (g *Generator) socketKey(work job) string {
	stream := g.config.Seed.Stream(socketPurpose+g.requests[work.request].step, work.person, 0, int(work.attempt))
	var key [16]byte
	for i := range 2 {
		binary.LittleEndian.PutUint64(key[8*i:], uint64(stream.Float64()*(1<<53)))
	}
	return base64.StdEncoding.EncodeToString(key[:])
}

// owner is a person at a target.
type owner struct {
	person uint64
	target int32
}

// errUpgrade is returned if a server does not agree to a WebSocket as the protocol asks for.
var errUpgrade = errors.New("the server has not agreed to a WebSocket")

// agrees reports whether an answer proves that the server speaks WebSocket (RFC 6455, section 4.1).
func agrees(resp *fasthttp.Response, key string) bool {
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return string(resp.Header.Peek("Sec-WebSocket-Accept")) == base64.StdEncoding.EncodeToString(sum[:]) && len(resp.Header.Peek("Sec-WebSocket-Extensions")) == 0
}

// newSocket returns the state of a socket that was opened. What came with the answer begins its first frame.
func newSocket(random *rand.Rand) *socket { return &socket{random: random} }

// progress is what becomes of a step on a socket.
type progress struct {
	over    bool
	outcome funnel.Outcome
	reason  funnel.Reason
	message []byte // that the step awaited
}

// begin starts an action on an open socket.
func (g *gesture) begin(s *socket, text []byte) {
	switch {
	case g.Close:
		s.say(closeNormal)
	case len(g.send) > 0:
		s.put(textFrame, text)
	}
}

// look returns what has become of an action, given what the socket has received and whether everything was sent.
func (g *gesture) look(s *socket, sent bool, resp *fasthttp.Response) progress {
	if g.await != nil {
		for {
			message, any := s.next()
			if !any {
				break
			}
			if g.fits(message, resp) {
				return progress{over: true, outcome: funnel.Completed, message: message}
			}
		}
	}
	switch {
	case g.Close && (s.closed && sent):
		return progress{over: true, outcome: funnel.Completed}
	case s.closed && !g.Close:
		return progress{over: true, outcome: funnel.Failed, reason: s.reason()}
	case g.await == nil && g.Hold == 0 && !g.Close && sent:
		return progress{over: true, outcome: funnel.Completed}
	}
	return progress{}
}

// conclude sets the outcome of a step on a socket, and extracts values from the message that it awaited.
func (c *composer) conclude(work job, p progress, resp *fasthttp.Response, done *completion) {
	request := &c.generator.requests[work.request]
	done.answer.Outcome, done.reason = p.outcome, p.reason
	if p.outcome == funnel.Completed {
		resp.Reset()
		resp.SetBodyRaw(p.message)
		c.judge(work, request, fasthttp.StatusSwitchingProtocols, retry{}, resp, done)
	} else if p.reason >= funnel.ReasonClose {
		done.answer.Outcome, _ = request.classify(int(p.reason))
	}
}

// upgrades reports whether a request asks for a WebSocket.
func (c *compiled) upgrades() bool { return c.gesture != nil && c.gesture.Connect }

// compileExtract compiles a place in an answer whose value is not kept.
func (s scope) compileExtract(wanted Extract) (extraction, error) {
	pattern, err := regexp.Compile(wanted.Regexp)
	return extraction{Extract: wanted, pattern: pattern}, err
}
