package loadgen_test

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"google.golang.org/grpc/codes"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/loadgen"
	"github.com/ombak-sim/ombak/workload"
)

// said is one thing that a server writes on a stream.
type said func(framer *http2.Framer, stream uint32) error

// inOrder writes one thing after another.
func inOrder(all ...said) said {
	return func(framer *http2.Framer, stream uint32) error {
		for _, one := range all {
			if err := one(framer, stream); err != nil {
				return err
			}
		}
		return nil
	}
}

func block(last bool, fields ...string) said {
	return func(framer *http2.Framer, stream uint32) error {
		return framer.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, EndHeaders: true, EndStream: last, BlockFragment: encoded(fields...)})
	}
}

// begins is how an answer of gRPC begins, and ends how it ends.
func begins(more ...string) said {
	return block(false, append([]string{":status", "200", "content-type", "application/grpc"}, more...)...)
}

func ends(status string, more ...string) said {
	return block(true, append([]string{"grpc-status", status}, more...)...)
}

// alone is an answer in one block of fields.
func alone(fields ...string) said {
	return block(true, append([]string{":status", "200", "content-type", "application/grpc"}, fields...)...)
}

// piece writes bytes of a body, in frames of at most size bytes.
func piece(text []byte, size int) said {
	return func(framer *http2.Framer, stream uint32) error {
		for part := range slices.Chunk(text, size) {
			if err := framer.WriteData(stream, false, part); err != nil {
				return err
			}
		}
		return nil
	}
}

func data(text []byte) said { return piece(text, 16<<10) }

// closed ends the body without trailers.
func closed(framer *http2.Framer, stream uint32) error { return framer.WriteData(stream, true, nil) }

func resets(code http2.ErrCode) said {
	return func(framer *http2.Framer, stream uint32) error { return framer.WriteRSTStream(stream, code) }
}

// message returns a message with its head.
func message(flag byte, text []byte) []byte {
	head := binary.BigEndian.AppendUint32([]byte{flag}, uint32(len(text)))
	return append(head, text...)
}

// greeting is a message whose payload.body is "hi".
var greeting = []byte{0x0a, 4, 0x12, 2, 'h', 'i'}

func zipped(text []byte) []byte {
	var made bytes.Buffer
	writer := gzip.NewWriter(&made)
	_, _ = writer.Write(text) // a buffer takes everything
	_ = writer.Close()
	return made.Bytes()
}

// ordered is a call to a raw server, described by files.
func ordered(url string, change func(*loadgen.Config)) loadgen.Config {
	c := calls(url, "UnaryCall", `{"response_size": 1}`)
	c.Requests[0].GRPC.Protos = map[string]string{"shop.proto": echoProto, "parts.proto": partsProto}
	if change != nil {
		change(&c)
	}
	return c
}

// reads makes a call whose answer is read.
func reads(c *loadgen.Config) {
	c.Requests[0].Checks = []loadgen.Check{{Extract: loadgen.Extract{JSON: "payload.body"}, Equals: "aGk="}}
}

// repliesCase is an answer, and what a call counts as that has it.
type repliesCase struct {
	why     string
	does    said
	outcome funnel.Outcome
	reason  string
}

func replyCases() []repliesCase {
	good, gzipped := message(0, greeting), message(1, zipped(greeting))
	cases := []repliesCase{
		{"a message and trailers", inOrder(begins(), data(good), ends("0")), funnel.Completed, "OK"},
		{"a message in pieces of a byte", inOrder(begins(), piece(good, 1), ends("0")), funnel.Completed, "OK"},
		{"an interim answer first", inOrder(block(false, ":status", "103", "link", "x"), begins(), data(good), ends("0")), funnel.Completed, "OK"},
		{"another content type of gRPC", inOrder(block(false, ":status", "200", "content-type", "application/grpc+proto"), data(good), ends("0")), funnel.Completed, "OK"},
		{"the last status counts", inOrder(begins("grpc-status", "13"), data(good), ends("0")), funnel.Completed, "OK"},
		{"a status beside a message", inOrder(begins(), data(good), ends("9")), funnel.Failed, "FAILED_PRECONDITION"},
		{"a status without a message", inOrder(begins(), ends("8", "grpc-message", "too many %F0%9F")), funnel.Rejected, "RESOURCE_EXHAUSTED"},
		{"trailers alone", alone("grpc-status", "5", "grpc-message", "none"), funnel.Failed, "NOT_FOUND"},
		{"trailers alone that reject", alone("grpc-status", "14"), funnel.Rejected, "UNAVAILABLE"},
		{"the server's own deadline", alone("grpc-status", "4"), funnel.Failed, "DEADLINE_EXCEEDED"},
		{"a code without a name", alone("grpc-status", "99"), funnel.Failed, "CODE_99"},
		{"a code beyond all reasons", alone("grpc-status", "123456789"), funnel.Failed, "UNKNOWN"},
		{"a negative code", alone("grpc-status", "-1"), funnel.Failed, "UNKNOWN"},
		{"a message of the server that sounds like a fault", alone("grpc-status", "3", "grpc-message", "malformed content-type"), funnel.Failed, "INVALID_ARGUMENT"},
		{"trailers alone without a status", alone("x-a", "b"), funnel.Failed, "UNKNOWN"},
		{"trailers without a status", inOrder(begins(), data(good), block(true, "x-a", "b")), funnel.Failed, "UNKNOWN"},
		{"a status that is no number", alone("grpc-status", "none"), funnel.Failed, "body"},
		{"OK without a message", alone("grpc-status", "0"), funnel.Failed, "body"},
		{"no trailers", inOrder(begins(), data(good), closed), funnel.Failed, "body"},
		{"metadata that is no base64", alone("grpc-status", "0", "x-bin", "a"), funnel.Failed, "body"},
		{"two messages", inOrder(begins(), data(good), data(good), ends("0")), funnel.Failed, "body"},
		{"a cut message", inOrder(begins(), data(good[:7]), ends("0")), funnel.Failed, "INTERNAL"},
		{"a cut message that nobody ends", inOrder(begins(), data(good[:7]), closed), funnel.Failed, "reset"},
		{"a cut head of a message", inOrder(begins(), data(good[:3]), ends("5")), funnel.Failed, "INTERNAL"},
		{"a message that is too large", inOrder(begins(), data([]byte{0, 0, 0x80, 0, 1, 1})), funnel.Failed, "body"},
		{"a message with an unknown flag", inOrder(begins(), data(message(2, greeting)), ends("0")), funnel.Failed, "body"},
		{"a compressed message", inOrder(begins("grpc-encoding", "gzip"), piece(gzipped, 9), ends("0")), funnel.Completed, "OK"},
		{"identity", inOrder(begins("grpc-encoding", "identity"), data(good), ends("0")), funnel.Completed, "OK"},
		{"a message as it is, although others are compressed", inOrder(begins("grpc-encoding", "gzip"), data(good), ends("0")), funnel.Completed, "OK"},
		{"a compressed message of no encoding", inOrder(begins(), data(gzipped), ends("0")), funnel.Failed, "body"},
		{"an unknown encoding", inOrder(begins("grpc-encoding", "snappy"), data(gzipped), ends("0")), funnel.Failed, "body"},
		{"a damaged compressed message", inOrder(begins("grpc-encoding", "gzip"), data(message(1, greeting)), ends("0")), funnel.Failed, "body"},
		{"a compressed message of no bytes", inOrder(begins("grpc-encoding", "gzip"), data(message(1, nil)), ends("0")), funnel.Failed, "body"},
		{"a compressed bomb", inOrder(begins("grpc-encoding", "gzip"), data(message(1, bombed())), ends("0")), funnel.Failed, "body"},
		{"HTTP, but not gRPC", inOrder(block(false, ":status", "200", "content-type", "text/html"), data([]byte("<html>")), closed), funnel.Failed, "body"},
		{"HTTP without a content type", block(true, ":status", "200"), funnel.Failed, "body"},
		{"a page of a proxy", inOrder(block(false, ":status", "503", "content-type", "text/html"), data([]byte("<html>")), closed), funnel.Rejected, "UNAVAILABLE"},
		{"a status of gRPC is worth more than that of HTTP", block(true, ":status", "503", "content-type", "application/grpc", "grpc-status", "5"), funnel.Failed, "NOT_FOUND"},
	}
	return append(cases, foreignCases()...)
}

// foreignCases are answers that are not gRPC.
func foreignCases() (cases []repliesCase) {
	for status, code := range map[int]codes.Code{
		400: codes.Internal, 401: codes.Unauthenticated, 403: codes.PermissionDenied, 404: codes.Unimplemented, 418: codes.Unknown, 500: codes.Unknown,
		429: codes.Unavailable, 502: codes.Unavailable, 503: codes.Unavailable, 504: codes.Unavailable,
	} {
		outcome := map[bool]funnel.Outcome{true: funnel.Rejected, false: funnel.Failed}[code == codes.Unavailable]
		cases = append(cases, repliesCase{"HTTP " + strconv.Itoa(status), block(true, ":status", strconv.Itoa(status)), outcome, (funnel.ReasonGRPC + funnel.Reason(code)).String()})
	}
	for code := http2.ErrCodeNo; code <= http2.ErrCodeHTTP11Required+1; code++ {
		one := repliesCase{"reset with " + code.String(), resets(code), funnel.Failed, "reset"}
		switch code {
		case http2.ErrCodeCancel:
			one.reason = "CANCELLED"
		case http2.ErrCodeInadequateSecurity:
			one.reason = "PERMISSION_DENIED"
		case http2.ErrCodeEnhanceYourCalm:
			one.outcome, one.reason = funnel.Rejected, "RESOURCE_EXHAUSTED"
		case http2.ErrCodeRefusedStream:
			one.outcome, one.reason = funnel.Rejected, "UNAVAILABLE"
		}
		cases = append(cases, one)
	}
	return cases
}

// Whatever a server answers to a unary call counts as the same on both wires, whether anybody reads the answer or not.
func TestGRPCReplies(t *testing.T) {
	t.Parallel()
	for _, test := range replyCases() {
		t.Run(test.why, func(t *testing.T) {
			t.Parallel()
			url := raw(t, hostile(test.does))
			onBothWires(t, func(t *testing.T, change func(*loadgen.Config)) {
				for _, change := range []func(*loadgen.Config){change, func(c *loadgen.Config) { change(c); reads(c) }} {
					r := play(t, ordered(url, func(c *loadgen.Config) {
						change(c)
						c.Signups.Bins = workload.Bins{Width: 5 * time.Millisecond, Counts: []int{3}}
					}))
					for _, sample := range r.samples {
						if sample.Outcome != test.outcome || sample.Reason.String() != test.reason {
							t.Errorf("%v for %v; want %v for %v", sample.Outcome, sample.Reason, test.outcome, test.reason)
						}
					}
					if len(r.samples) != 3 {
						t.Errorf("%d calls ended; want 3", len(r.samples))
					}
				}
			})
		})
	}
}

// Metadata and trailers are found by their names, and binary ones are decoded.
func TestGRPCAnswersHaveMetadata(t *testing.T) {
	t.Parallel()
	url := raw(t, hostile(inOrder(
		begins("x-first", "a", "x-raw-bin", "AAEC", "x-both", "first"), data(message(0, greeting)), ends("0", "x-last", "z", "x-padded-bin", "aGk=", "x-both", "last"),
	)))
	onBothWires(t, func(t *testing.T, change func(*loadgen.Config)) {
		r := play(t, ordered(url, func(c *loadgen.Config) {
			change(c)
			for name, value := range map[string]string{"x-first": "a", "X-Last": "z", "x-raw-bin": "\x00\x01\x02", "x-padded-bin": "hi", "x-both": "first", "Content-Type": "application/grpc"} {
				c.Requests[0].Checks = append(c.Requests[0].Checks, loadgen.Check{Extract: loadgen.Extract{Header: name}, Equals: value})
			}
		}))
		if r.outcomes()[funnel.Completed] != 50 {
			t.Errorf("outcomes %v, reason %v; want 50 completed", r.outcomes(), r.samples[0].Reason)
		}
	})
}

// A stream that the server closes in order in the middle of a run loses no call, and repeats none that was answered.
func TestGRPCServersThatGoAway(t *testing.T) {
	t.Parallel() // it mostly waits
	var came, answered atomic.Int64
	answer := inOrder(begins(), data(message(0, greeting)), ends("0"))
	url := raw(t, hostile(func(framer *http2.Framer, stream uint32) error {
		if came.Add(1)%3 != 0 {
			answered.Add(1)
			return answer(framer, stream)
		}
		if err := framer.WriteGoAway(stream, http2.ErrCodeNo, nil); err != nil {
			return err
		}
		answered.Add(1)
		if err := answer(framer, stream); err != nil {
			return err
		}
		for { // what was sent before the GOAWAY came is read, so that the connection is not reset
			if _, err := framer.ReadFrame(); err != nil {
				return io.EOF
			}
		}
	}))
	r := play(t, ordered(url, func(c *loadgen.Config) { c.Portable = false; reads(c) }))
	if r.outcomes()[funnel.Completed] != 50 || answered.Load() != 50 {
		t.Errorf("outcomes %v, %d answered; want 50 of each", r.outcomes(), answered.Load())
	}
}

// A call whose server breaks the connection, or does not speak HTTP/2, is reset; no call is stale, whatever was answered before.
func TestGRPCConnectionsThatBreak(t *testing.T) {
	t.Parallel() // it mostly waits
	var came atomic.Int64
	url := raw(t, hostile(func(framer *http2.Framer, stream uint32) error {
		if came.Add(1)%2 == 0 {
			return io.EOF
		}
		return alone("grpc-status", "5")(framer, stream)
	}))
	r := play(t, ordered(url, func(c *loadgen.Config) { c.Portable = false }))
	for _, sample := range r.samples {
		if reason := sample.Reason.String(); sample.Outcome != funnel.Failed || reason != "NOT_FOUND" && reason != "reset" {
			t.Errorf("%v for %v", sample.Outcome, sample.Reason)
		}
	}
	if len(r.samples) != 50 {
		t.Errorf("%d calls ended", len(r.samples))
	}
}

// A call that is not answered has timed out, whatever the server calls it, and the server is told to stop.
func TestGRPCDeadlines(t *testing.T) {
	t.Parallel() // it mostly waits
	for _, test := range []struct {
		why  string
		does said
	}{
		{"no answer", inOrder()},
		{"half an answer", inOrder(begins(), data(message(0, greeting)))},
		{"the server resets what is too late", func(framer *http2.Framer, stream uint32) error {
			time.Sleep(500 * time.Millisecond) // beyond the timeout
			return framer.WriteRSTStream(stream, http2.ErrCodeCancel)
		}},
	} {
		t.Run(test.why, func(t *testing.T) {
			t.Parallel()
			url := raw(t, hostile(test.does))
			onBothWires(t, func(t *testing.T, change func(*loadgen.Config)) {
				r := play(t, ordered(url, func(c *loadgen.Config) {
					change(c)
					c.Signups.Bins.Counts = []int{3}
					c.Journey.Steps[0].Timeout = 300 * time.Millisecond
				}))
				if r.outcomes()[funnel.TimedOut] != 3 || r.samples[0].Reason != funnel.ReasonTimeout {
					t.Errorf("outcomes %v, reason %v; want 3 timed out", r.outcomes(), r.samples[0].Reason)
				}
			})
		})
	}
}

// Headers that gRPC cannot carry are not sent.
func TestGRPCHeadersThatCannotBeSent(t *testing.T) {
	t.Parallel()
	var came atomic.Int64
	url := raw(t, hostile(func(framer *http2.Framer, stream uint32) error {
		came.Add(1)
		return alone("grpc-status", "5")(framer, stream)
	}))
	onBothWires(t, func(t *testing.T, change func(*loadgen.Config)) {
		for name, value := range map[string]string{"X-Name": "Jürgen", "X Name": "a", "X-Line": "a\nb"} {
			r := play(t, ordered(url, func(c *loadgen.Config) {
				change(c)
				c.Signups.Bins.Counts = []int{2}
				c.Requests[0].Headers = map[string]string{name: value}
			}))
			if r.outcomes()[funnel.Failed] != 2 || r.samples[0].Reason != funnel.ReasonBody || came.Load() > 0 {
				t.Errorf("%q: %q: outcomes %v, reason %v, %d came", name, value, r.outcomes(), r.samples[0].Reason, came.Load())
			}
		}
	})
}

// An answer whose message is as large as any may be is read whole, and so is a request.
func TestGRPCLargeMessages(t *testing.T) {
	t.Parallel()
	server := callable(t)
	onBothWires(t, func(t *testing.T, change func(*loadgen.Config)) {
		c := calls(server.url, "UnaryCall", `{"response_size": 3000000, "payload": {"body": "`+strings.Repeat("QUJD", 1<<18)+`"}}`)
		change(&c)
		c.Signups.Bins.Counts = []int{2}
		c.Requests[0].Checks = []loadgen.Check{{Extract: loadgen.Extract{JSON: "payload.body", Regexp: "^A+$"}}}
		if r := play(t, c); r.outcomes()[funnel.Completed] != 2 {
			t.Errorf("outcomes %v, reason %v", r.outcomes(), r.samples[0].Reason)
		}
	})
}
