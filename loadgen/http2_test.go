package loadgen_test

import (
	"bytes"
	"compress/gzip"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/http2"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/loadgen"
	"github.com/ombak-sim/ombak/workload"
)

// second returns a server of HTTP/2, with TLS or without.
func second(t *testing.T, secure bool, terms *http.HTTP2Config, handler http.HandlerFunc) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.EnableHTTP2, server.Config.HTTP2 = secure, terms
	server.Config.Protocols = new(http.Protocols)
	server.Config.Protocols.SetHTTP2(secure)
	server.Config.Protocols.SetUnencryptedHTTP2(!secure)
	if secure {
		server.StartTLS()
	} else {
		server.Start()
	}
	t.Cleanup(server.Close)
	return server
}

// inBoth runs a test on both wires, with TLS and without.
func inBoth(t *testing.T, test func(t *testing.T, secure bool, change func(*loadgen.Config))) {
	onBothWires(t, func(t *testing.T, change func(*loadgen.Config)) {
		for _, secure := range []bool{true, false} {
			t.Run(map[bool]string{true: "tls", false: "plain"}[secure], func(t *testing.T) {
				test(t, secure, func(c *loadgen.Config) {
					change(c)
					c.Connections.HTTP2, c.Connections.TLS.Insecure = true, true
				})
			})
		}
	})
}

// concurrent counts the requests under way on each connection.
type concurrent struct {
	mu    sync.Mutex
	under map[string]int
	most  int
	came  int
}

func (c *concurrent) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	c.came++
	c.under[r.RemoteAddr]++
	c.most = max(c.most, c.under[r.RemoteAddr])
	c.mu.Unlock()
	time.Sleep(5 * time.Millisecond) // so that requests meet
	c.mu.Lock()
	c.under[r.RemoteAddr]--
	c.mu.Unlock()
	_, _ = io.WriteString(w, r.Proto)
}

// No connection has more streams than the scenario says, nor than the server takes.
func TestStreamsAreBounded(t *testing.T) {
	t.Parallel()
	inBoth(t, func(t *testing.T, secure bool, change func(*loadgen.Config)) {
		for _, test := range []struct {
			why           string
			streams, most int // of ours and of the server
			want          int
		}{
			{"one at a time", 1, 100, 1},
			{"fewer than the server takes", 3, 100, 3},
			{"fewer than the scenario asks for", 50, 2, 2},
			{"the default", 0, 100, 100},
		} {
			counts := &concurrent{under: map[string]int{}}
			server := second(t, secure, &http.HTTP2Config{MaxConcurrentStreams: test.most}, counts.ServeHTTP)
			r := play(t, config(server.URL, func(c *loadgen.Config) {
				change(c)
				c.Connections.Streams = test.streams
				c.Signups.Mode, c.Signups.Bins = workload.Even, workload.Bins{Width: 10 * time.Millisecond, Counts: []int{150}}
				c.Requests[0].Checks = []loadgen.Check{{Contains: "HTTP/2.0"}}
			}))
			counts.mu.Lock()
			if r.outcomes()[funnel.Completed] != 150 || counts.came != 150 || counts.most > test.want || counts.most == 0 {
				t.Errorf("%s: outcomes %v, %d came, %d at once on one connection; want 150, 150, at most %d", test.why, r.outcomes(), counts.came, counts.most, test.want)
			}
			counts.mu.Unlock()
		}
	})
}

// Uploads and answers that are longer than any window pass whole, and so do answers that nobody reads.
func TestLargeBodiesOverHTTP2(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("0123456789abcdef", 1<<17) // 2 MiB
	inBoth(t, func(t *testing.T, secure bool, change func(*loadgen.Config)) {
		server := second(t, secure, &http.HTTP2Config{MaxReceiveBufferPerStream: 70_000, MaxReceiveBufferPerConnection: 100_000}, func(w http.ResponseWriter, r *http.Request) {
			if body, err := io.ReadAll(r.Body); err != nil || string(body) != text || r.ContentLength != int64(len(text)) {
				w.WriteHeader(http.StatusBadRequest)
			}
			for range 3 {
				_, _ = io.WriteString(w, text)
			}
			_, _ = io.WriteString(w, "the end")
		})
		r := play(t, config(server.URL, func(c *loadgen.Config) {
			change(c)
			c.Signups.Bins.Counts = []int{4}
			c.Requests[0].Method, c.Requests[0].Text = "POST", text
			then(c, loadgen.Request{Method: "POST", Path: "/", Text: text})
			c.Requests[1].Checks = []loadgen.Check{{Extract: loadgen.Extract{Regexp: "the end$"}}}
		}))
		if r.outcomes()[funnel.Completed] != 8 {
			t.Errorf("outcomes %v; want 8 completed", r.outcomes())
		}
	})
}

// Interim answers, trailers, answers without a body and answers before the upload has ended are what they are.
func TestAnswersOverHTTP2(t *testing.T) {
	t.Parallel()
	inBoth(t, func(t *testing.T, secure bool, change func(*loadgen.Config)) {
		server := second(t, secure, nil, func(w http.ResponseWriter, r *http.Request) {
			switch r.URL.Path {
			case "/":
				w.Header().Set("Link", "early")
				w.WriteHeader(http.StatusEarlyHints)
				w.Header().Set("Trailer", "X-Sum")
				w.Header().Set("Link", "late")
				_, _ = io.WriteString(w, "body")
				w.Header().Set("X-Sum", "1")
			case "/busy":
				w.Header().Set("Retry-After", "7")
				w.WriteHeader(http.StatusServiceUnavailable)
			case "/none":
				w.WriteHeader(http.StatusNoContent)
			case "/early":
				w.WriteHeader(http.StatusRequestEntityTooLarge)
			}
		})
		r := play(t, config(server.URL, func(c *loadgen.Config) {
			change(c)
			c.Requests[0].Checks = []loadgen.Check{{Contains: "body"}, {Extract: loadgen.Extract{Header: "Link"}, Equals: "late"}}
			for _, further := range []loadgen.Request{{Method: "HEAD", Path: "/"}, {Method: "GET", Path: "/none"}, {Method: "POST", Path: "/early", Text: strings.Repeat("x", 3<<20)}, {Method: "DELETE", Path: "/busy"}} {
				then(c, further)
			}
			c.Requests[2].Completed, c.Requests[3].Completed, c.Requests[4].Rejected = []int{204}, []int{413}, []int{503}
		}))
		if r.outcomes()[funnel.Completed] != 200 || r.outcomes()[funnel.Rejected] != 50 {
			t.Errorf("outcomes %v; want 200 completed and 50 rejected", r.outcomes())
		}
	})
}

// bombed is a text of 64 MiB, compressed.
var bombed = sync.OnceValue(func() []byte {
	var text bytes.Buffer
	writer := gzip.NewWriter(&text)
	_, _ = writer.Write(make([]byte, 64<<20)) // a buffer takes everything
	_ = writer.Close()
	return text.Bytes()
})

func bomb(framer *http2.Framer, stream uint32) error {
	if err := framer.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, EndHeaders: true, BlockFragment: encoded(":status", "200", "content-encoding", "gzip")}); err != nil {
		return err
	}
	for rest := bombed(); len(rest) > 0; {
		n := min(len(rest), 16<<10)
		if err := framer.WriteData(stream, n == len(rest), rest[:n]); err != nil {
			return err
		}
		rest = rest[n:]
	}
	return nil
}

// answers writes header fields, and a body if there is one.
func answers(end bool, body string, fields ...string) func(*http2.Framer, uint32) error {
	return func(framer *http2.Framer, stream uint32) error {
		err := framer.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, EndHeaders: true, EndStream: body == "" && end, BlockFragment: encoded(fields...)})
		if err == nil && body != "" {
			err = framer.WriteData(stream, end, []byte(body))
		}
		return err
	}
}

// Servers of HTTP/2 that misbehave end each request as an outcome with a reason, and none hangs.
func TestRoughTargetsOverHTTP2(t *testing.T) {
	t.Parallel() // it mostly waits
	const timeout = 600 * time.Millisecond
	for _, test := range []struct {
		why      string
		does     func(*http2.Framer, uint32) error
		outcome  funnel.Outcome
		reason   funnel.Reason
		portable funnel.Reason // net/http tells fewer apart
	}{
		{"goes away", goAway, funnel.Failed, funnel.ReasonReset, funnel.ReasonReset},
		{"resets every stream", resetStream, funnel.Failed, funnel.ReasonReset, funnel.ReasonReset},
		{"header fields that never end", endlessHeaders, funnel.Failed, funnel.ReasonBody, funnel.ReasonReset},
		{"no status", answers(true, "", "x-a", "b"), funnel.Failed, funnel.ReasonBody, funnel.ReasonReset},
		{"a status that is none", answers(true, "", ":status", "2x0"), funnel.Failed, funnel.ReasonBody, funnel.ReasonReset},
		{"fewer bytes than announced", answers(true, "abc", ":status", "200", "content-length", "10"), funnel.Failed, funnel.ReasonBody, funnel.ReasonReset},
		{"more bytes than announced", answers(true, "abc", ":status", "200", "content-length", "1"), funnel.Failed, funnel.ReasonBody, funnel.ReasonReset},
		{"a name in capitals", answers(true, "", ":status", "200", "X-Bad", "1"), funnel.Failed, funnel.ReasonBody, funnel.ReasonReset},
		{"a body that stands still", answers(false, "abc", ":status", "200"), funnel.TimedOut, funnel.ReasonTimeout, funnel.ReasonTimeout},
		{"no answer", func(*http2.Framer, uint32) error { return nil }, funnel.TimedOut, funnel.ReasonTimeout, funnel.ReasonTimeout},
		{"a compressed bomb", bomb, funnel.Failed, funnel.ReasonBody, funnel.ReasonBody},
		{"a body on a stream that nobody has opened", func(f *http2.Framer, stream uint32) error { return f.WriteData(stream+1000, true, []byte("x")) }, funnel.Failed, funnel.ReasonBody, funnel.ReasonReset},
		{"a push", func(f *http2.Framer, stream uint32) error {
			return f.WritePushPromise(http2.PushPromiseParam{StreamID: stream, PromiseID: 2, BlockFragment: encoded(":path", "/"), EndHeaders: true})
		}, funnel.Failed, funnel.ReasonBody, funnel.ReasonReset},
		{"a window without end", func(f *http2.Framer, _ uint32) error { return f.WriteWindowUpdate(0, 1<<31-1) }, funnel.Failed, funnel.ReasonBody, funnel.ReasonReset},
		{"a frame longer than agreed", func(f *http2.Framer, stream uint32) error {
			return f.WriteRawFrame(http2.FrameData, 0, stream, make([]byte, 1<<20))
		}, funnel.Failed, funnel.ReasonBody, funnel.ReasonReset},
		{"text in place of frames", func(f *http2.Framer, _ uint32) error {
			return f.WriteRawFrame(http2.FrameSettings, 0, 7, []byte("HTTP/1.1 400 Bad Request\r\n\r\n"))
		}, funnel.Failed, funnel.ReasonBody, funnel.ReasonReset},
	} {
		t.Run(test.why, func(t *testing.T) {
			t.Parallel()
			onBothWires(t, func(t *testing.T, change func(*loadgen.Config)) {
				r := play(t, config(raw(t, hostile(test.does)), func(c *loadgen.Config) {
					change(c)
					c.Connections.HTTP2 = true
					c.Journey.Steps[0].Timeout = time.Minute
					if test.outcome == funnel.TimedOut {
						c.Journey.Steps[0].Timeout = timeout
					}
					c.Requests[0].Checks = []loadgen.Check{{Contains: ""}}
					test.reason = map[bool]funnel.Reason{false: test.reason, true: test.portable}[c.Portable]
				}))
				for _, sample := range r.samples {
					late := sample.Reason == funnel.ReasonStale && test.reason == funnel.ReasonReset // begun as the connection closed
					if sample.Outcome != test.outcome || sample.Reason != test.reason && !late {
						t.Errorf("%v for %v; want %v for %v", sample.Outcome, sample.Reason, test.outcome, test.reason)
						break
					}
				}
				if len(r.samples) != 50 {
					t.Errorf("%d requests ended; want 50", len(r.samples))
				}
			})
		})
	}
}

// Servers that do not speak HTTP/2 are told from others.
func TestServersWithoutHTTP2(t *testing.T) {
	t.Parallel() // it mostly waits
	plain := raw(t, func(conn net.Conn) {
		_, _ = conn.Read(make([]byte, 4096))
		_, _ = io.WriteString(conn, "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
	})
	older := httptest.NewTLSServer(http.NotFoundHandler()) // its handshake fails
	defer older.Close()
	deaf := httptest.NewUnstartedServer(http.NotFoundHandler()) // its handshake agrees on nothing
	deaf.TLS = &tls.Config{NextProtos: nil}
	deaf.Config.Protocols = new(http.Protocols)
	deaf.Config.Protocols.SetHTTP1(true)
	deaf.StartTLS()
	defer deaf.Close()
	for _, test := range []struct {
		url    string
		reason funnel.Reason
	}{{plain, funnel.ReasonBody}, {older.URL, funnel.ReasonTLS}, {deaf.URL, funnel.ReasonTLS}} {
		r := play(t, config(test.url, func(c *loadgen.Config) {
			c.Portable, c.Connections.HTTP2, c.Connections.TLS.Insecure = false, true, true
		}))
		if r.outcomes()[funnel.Failed] != 50 || r.samples[0].Reason != test.reason {
			t.Errorf("%s: outcomes %v, reason %v; want 50 failed, reason %v", test.url, r.outcomes(), r.samples[0].Reason, test.reason)
		}
	}
}

// A server that closes its connections in order answers what it has begun, and the rest is sent on another connection.
func TestServersThatGoAwayInOrder(t *testing.T) {
	t.Parallel() // it mostly waits
	inBoth(t, func(t *testing.T, secure bool, change func(*loadgen.Config)) {
		server := second(t, secure, nil, func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Connection", "close") }) // sends GOAWAY
		r := play(t, config(server.URL, func(c *loadgen.Config) {
			change(c)
			inTurn(c)
		}))
		if r.outcomes()[funnel.Completed] != 10 {
			t.Errorf("outcomes %v; want 10 completed", r.outcomes())
		}
	})
}

// A server that takes no streams at all gets no storm of connections: a request has at most one, which is closed with it.
func TestServersThatTakeNoStreams(t *testing.T) {
	t.Parallel() // it mostly waits
	var opened, open atomic.Int64
	url := raw(t, func(conn net.Conn) {
		opened.Add(1)
		open.Add(1)
		defer open.Add(-1)
		framer := http2.NewFramer(conn, conn)
		if framer.WriteSettings(http2.Setting{ID: http2.SettingMaxConcurrentStreams, Val: 0}) == nil {
			_, _ = io.Copy(io.Discard, conn)
		}
	})
	r := play(t, config(url, func(c *loadgen.Config) {
		c.Portable, c.Connections.HTTP2 = false, true
		c.Journey.Steps[0].Timeout = 600 * time.Millisecond
	}))
	if r.outcomes()[funnel.TimedOut] != 50 || opened.Load() > 50 {
		t.Errorf("outcomes %v over %d connections; want 50 timed out over at most 50", r.outcomes(), opened.Load())
	}
}

// isStale reports whether requests failed because no server began them. A connection that is closed with requests unread may be
// reset before its last frame is read.
func isStale(r *recorder) bool {
	return !slices.ContainsFunc(r.samples, func(s funnel.Sample) bool { return s.Reason != funnel.ReasonStale && s.Reason != funnel.ReasonReset })
}

// Requests that a server refuses to begin are sent again, each is answered once, and a server that refuses all ends them.
func TestRefusedStreamsAreSentAgain(t *testing.T) {
	t.Parallel() // it mostly waits
	away := func(framer *http2.Framer, stream uint32) error {
		if err := framer.WriteGoAway(stream-1, http2.ErrCodeNo, nil); err != nil {
			return err
		}
		return io.EOF
	}
	refuse := func(framer *http2.Framer, stream uint32) error {
		return framer.WriteRSTStream(stream, http2.ErrCodeRefusedStream)
	}
	for _, test := range []struct {
		why     string
		refuses func(n int64) bool // whether the request with this number is refused
		how     func(*http2.Framer, uint32) error
		outcome funnel.Outcome
	}{
		{"every second stream is refused", func(n int64) bool { return n%2 == 0 }, refuse, funnel.Completed},
		{"all are refused", func(int64) bool { return true }, refuse, funnel.Failed},
		{"connections end before anything begins", func(int64) bool { return true }, away, funnel.Failed},
	} {
		var came, answered atomic.Int64
		url := raw(t, hostile(func(framer *http2.Framer, stream uint32) error {
			if test.refuses(came.Add(1)) {
				return test.how(framer, stream)
			}
			answered.Add(1)
			return answers(true, "", ":status", "200")(framer, stream)
		}))
		r := play(t, config(url, func(c *loadgen.Config) { c.Portable, c.Connections.HTTP2 = false, true }))
		if r.outcomes()[test.outcome] != 50 || test.outcome == funnel.Completed && answered.Load() != 50 || test.outcome == funnel.Failed && !isStale(r) {
			t.Errorf("%s: outcomes %v, reason %v, %d came, %d answered; want 50 of %v", test.why, r.outcomes(), r.samples[0].Reason, came.Load(), answered.Load(), test.outcome)
		}
	}
}

// Over HTTP/2, too, people who leave silently let the service work on and answer in vain, and it is told of others who leave. In
// either case they count as abandoned, once.
func TestWaysToLeaveOverHTTP2(t *testing.T) {
	t.Parallel() // it mostly waits
	inBoth(t, func(t *testing.T, secure bool, change func(*loadgen.Config)) {
		for _, silent := range []bool{false, true} {
			untilSeen(t, func() bool {
				var came, told, answered atomic.Int64
				atFourth := make(chan [2]int64, 1)
				release := make(chan struct{})
				server := second(t, secure, nil, func(_ http.ResponseWriter, r *http.Request) {
					if came.Add(1) == 4 { // after the others have left
						if silent {
							close(release)
						}
						for told.Load()+answered.Load() < 3 && t.Context().Err() == nil {
							time.Sleep(time.Millisecond)
						}
						atFourth <- [2]int64{told.Load(), answered.Load()}
					}
					select {
					case <-release:
						answered.Add(1)
					case <-r.Context().Done():
						told.Add(1)
					}
				})
				r := play(t, config(server.URL, func(c *loadgen.Config) {
					change(c)
					c.Shards = 1
					c.Signups.Mode, c.Signups.Bins = workload.Burst, workload.Bins{Width: time.Second, Counts: []int{3, 0, 1}}
					c.Journey.Steps[0].Patience = workload.ConstantTime(time.Second)
					c.Requests[0].Silent = silent
				}))
				if got := r.outcomes(); !silent && got[funnel.Abandoned] != 4 || silent && got[funnel.Abandoned]+got[funnel.Completed] != 4 || got[funnel.Abandoned] < 3 || len(r.samples) != 4 {
					t.Errorf("silent %v: outcomes %v of %d attempts, want 3 abandoned besides the last", silent, got, len(r.samples))
				}
				if len(atFourth) == 0 {
					return false
				}
				if want, got := map[bool][2]int64{false: {3, 0}, true: {0, 3}}[silent], <-atFourth; got != want {
					t.Errorf("silent %v: the service was told of %d who left and answered %d, want %v", silent, got[0], got[1], want)
				}
				return true
			})
		}
	})
}
