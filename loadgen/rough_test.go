package loadgen_test

import (
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/loadgen"
)

// With targets that hang, reset, send nonsense, send slowly or close after each answer, the target's own
// counts agree with the report: exactly if every answer arrived, otherwise sent ≥ read by the target ≥
// answered, with the difference explained by errors and timeouts.
func TestCountsAgreeWithTheTargetsOwn(t *testing.T) {
	const whole = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"
	release := make(chan struct{})
	defer close(release)
	for _, test := range []struct {
		why     string
		answer  func(conn net.Conn)
		answers int64 // complete ones
		outcome funnel.Outcome
		reason  funnel.Reason
	}{
		{"closes after each answer", func(conn net.Conn) { _, _ = conn.Write([]byte(whole)) }, 1, funnel.Completed, 200},
		{"ends lines in line feeds alone", func(conn net.Conn) { _, _ = conn.Write([]byte(strings.ReplaceAll(whole, "\r", ""))) }, 1, funnel.Completed, 200},
		{"changes the protocol", func(conn net.Conn) {
			_, _ = conn.Write([]byte("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"))
			_, _ = conn.Read(make([]byte, 1)) // until the client closes
		}, 0, funnel.Failed, 101},
		{"hangs", func(net.Conn) { <-release }, 0, funnel.TimedOut, funnel.ReasonTimeout},
		{"resets", func(conn net.Conn) { _ = conn.(*net.TCPConn).SetLinger(0) }, 0, funnel.Failed, funnel.ReasonReset},
		{"talks nonsense", func(conn net.Conn) { _, _ = conn.Write([]byte("220 mail.example ESMTP\r\n\r\n")) }, 0, funnel.Failed, funnel.ReasonBody},
		{"sends a byte now and then", func(conn net.Conn) {
			for i := range len(whole) - 1 {
				if _, err := conn.Write([]byte(whole[i : i+1])); err != nil {
					return
				}
				select {
				case <-release:
					return
				case <-time.After(100 * time.Millisecond):
				}
			}
		}, 0, funnel.TimedOut, funnel.ReasonTimeout},
	} {
		var read, answered atomic.Int64
		url := raw(t, func(conn net.Conn) {
			if _, err := conn.Read(make([]byte, 4096)); err != nil {
				return
			}
			read.Add(1)
			answered.Add(test.answers) // before the client can see it
			test.answer(conn)
		})
		r := play(t, config(url, func(c *loadgen.Config) {
			if test.outcome == funnel.TimedOut {
				c.Journey.Steps[0].Timeout = 300 * time.Millisecond
			}
		}))
		sent, counts := int64(len(r.samples)), r.outcomes()
		if sent != 50 || counts[test.outcome] != 50 || int64(counts[funnel.Completed]) != answered.Load() || read.Load() > sent || read.Load() < answered.Load() {
			t.Errorf("%s: %d sent, %v; the target read %d and answered %d", test.why, sent, counts, read.Load(), answered.Load())
		}
		if test.outcome != funnel.TimedOut && read.Load() != sent {
			t.Errorf("%s: %d sent, but the target read %d", test.why, sent, read.Load())
		}
		for _, sample := range r.samples {
			if sample.Reason != test.reason {
				t.Errorf("%s: an attempt has the reason %v, want %v", test.why, sample.Reason, test.reason)
				break
			}
		}
	}
}

// Extractions and checks also work if lines end in a line feed alone.
func TestBareLineFeedsAreRead(t *testing.T) {
	url := raw(t, func(conn net.Conn) {
		if _, err := conn.Read(make([]byte, 4096)); err == nil {
			_, _ = conn.Write([]byte("HTTP/1.1 103 Early\n\nHTTP/1.1 200 OK\nX-Zone: jakarta\r\nContent-Length: 4\nConnection: close\n\na\nb\n"))
		}
	})
	r := play(t, config(url, func(c *loadgen.Config) {
		c.Requests[0].Checks = []loadgen.Check{{Extract: loadgen.Extract{Header: "X-Zone"}, Equals: "jakarta"}, {Extract: loadgen.Extract{Regexp: "(?s)^(.*)$"}, Equals: "a\nb\n"}}
	}))
	if r.outcomes()[funnel.Completed] != 50 {
		t.Errorf("outcomes %v, reason %v; want 50 completed", r.outcomes(), r.samples[0].Reason)
	}
}
