package loadgen_test

import (
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/journey"
	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/loadgen"
	"github.com/ombak-sim/ombak/workload"
)

// overTLS serves every connection with answer, after the handshake.
func overTLS(t *testing.T, change func(*tls.Config), answer func(*tls.Conn)) string {
	t.Helper()
	made := httptest.NewTLSServer(http.NotFoundHandler()) // for its certificate
	settings := made.TLS.Clone()
	made.Close()
	settings.NextProtos = []string{"http/1.1"}
	if change != nil {
		change(settings)
	}
	url := raw(t, func(conn net.Conn) {
		secure := tls.Server(conn, settings)
		if secure.Handshake() == nil {
			answer(secure)
		}
	})
	return strings.Replace(url, "http:", "https:", 1)
}

// secure is what every test of TLS shares.
func secure(change func(*loadgen.Config)) func(*loadgen.Config) {
	return func(c *loadgen.Config) {
		c.Connections.TLS.Insecure = true
		if change != nil {
			change(c)
		}
	}
}

const okAndClose = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"

// Targets that misbehave over TLS end each request as an outcome with a reason, and none hangs.
func TestRoughTargetsOverTLS(t *testing.T) {
	t.Parallel() // it mostly waits
	release := make(chan struct{})
	defer close(release)
	say := func(text string) func(*tls.Conn) {
		return func(conn *tls.Conn) {
			if _, err := conn.Read(make([]byte, 4096)); err == nil {
				_, _ = conn.Write([]byte(text))
			}
		}
	}
	for _, test := range []struct {
		why     string
		change  func(*tls.Config)
		answer  func(*tls.Conn)
		outcome funnel.Outcome
		reason  funnel.Reason
	}{
		{"closes after each answer", nil, say(okAndClose), funnel.Completed, 200},
		{"says goodbye and stays half open", nil, func(conn *tls.Conn) {
			say("HTTP/1.1 200 OK\r\n\r\nok")(conn)
			_ = conn.CloseWrite()
			<-release
		}, funnel.Completed, 200},
		{"TLS 1.2", func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 }, say(okAndClose), funnel.Completed, 200},
		{"older than TLS 1.2", func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11 }, say(okAndClose), funnel.Failed, funnel.ReasonTLS},
		{"speaks another protocol", func(c *tls.Config) { c.NextProtos = []string{"acme-tls/1"} }, say(okAndClose), funnel.Failed, funnel.ReasonTLS},
		{"ends lines in line feeds alone", nil, say(strings.ReplaceAll(okAndClose, "\r", "")), funnel.Completed, 200},
		{"changes the protocol", nil, func(conn *tls.Conn) {
			say("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")(conn)
			_, _ = conn.Read(make([]byte, 1)) // until the client closes
		}, funnel.Failed, 101},
		{"hangs", nil, func(*tls.Conn) { <-release }, funnel.TimedOut, funnel.ReasonTimeout},
		{"stops in the middle of a body", nil, func(conn *tls.Conn) {
			say("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")(conn)
			<-release
		}, funnel.TimedOut, funnel.ReasonTimeout},
		{"closes in the middle of a body", nil, say("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"), funnel.Failed, funnel.ReasonReset},
		{"resets in the middle of a body", nil, func(conn *tls.Conn) {
			say("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")(conn)
			_ = conn.NetConn().(*net.TCPConn).SetLinger(0)
		}, funnel.Failed, funnel.ReasonReset},
		{"sends plain text in the middle of a body", nil, func(conn *tls.Conn) {
			say("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")(conn)
			_, _ = conn.NetConn().Write([]byte("no record at all"))
			_, _ = conn.Read(make([]byte, 1))
		}, funnel.Failed, funnel.ReasonTLS},
	} {
		url := overTLS(t, test.change, test.answer)
		r := play(t, config(url, secure(func(c *loadgen.Config) {
			if test.outcome == funnel.TimedOut {
				c.Journey.Steps[0].Timeout = 500 * time.Millisecond
			}
		})))
		if r.outcomes()[test.outcome] != 50 || r.samples[0].Reason != test.reason {
			t.Errorf("%s: outcomes %v, reason %v; want 50 %v, reason %v", test.why, r.outcomes(), r.samples[0].Reason, test.outcome, test.reason)
		}
	}
}

// A handshake that stands still, ends or is none ends with the step's timeout or a reason, whoever owns the connection,
// and leaves no goroutine behind.
func TestHandshakesThatNeverEnd(t *testing.T) {
	release := make(chan struct{})
	before := runtime.NumGoroutine()
	for _, test := range []struct {
		why     string
		answer  func(net.Conn)
		outcome funnel.Outcome
		reason  funnel.Reason
	}{
		{"stands still", func(net.Conn) { <-release }, funnel.TimedOut, funnel.ReasonTimeout},
		{"stands still in a record", func(conn net.Conn) { _, _ = conn.Write([]byte{22, 3, 3, 0}); <-release }, funnel.TimedOut, funnel.ReasonTimeout},
		{"closes", func(conn net.Conn) { _, _ = conn.Read(make([]byte, 4096)) }, funnel.Failed, funnel.ReasonReset},
		{"is plain HTTP", func(conn net.Conn) { _, _ = conn.Write([]byte(okAndClose)) }, funnel.Failed, funnel.ReasonTLS},
	} {
		url := strings.Replace(raw(t, test.answer), "http:", "https:", 1)
		for i, connections := range []loadgen.Connections{{}, {PerPerson: true}, {Cold: 1}, {}, {PerPerson: true}, {Cold: 1}} {
			r := play(t, config(url, func(c *loadgen.Config) {
				c.Connections, c.Warm, c.Portable = connections, 3, i >= 3
				c.Signups.Bins.Counts = []int{200, 100} // more than are opened at once
				if test.outcome == funnel.TimedOut {
					c.Journey.Steps[0].Timeout = 400 * time.Millisecond
				}
			}))
			if r.outcomes()[test.outcome] != 300 || r.samples[0].Reason != test.reason {
				t.Errorf("%s, %+v, portable %v: outcomes %v, reason %v; want 300 %v, reason %v", test.why, connections, i >= 3, r.outcomes(), r.samples[0].Reason, test.outcome, test.reason)
			}
			for _, sample := range r.samples {
				if took := sample.ServiceTime(); test.outcome == funnel.TimedOut && took < 400*time.Millisecond {
					t.Errorf("%s: ended after %v, before its timeout", test.why, took)
				}
			}
		}
	}
	close(release)
	const servers = 4 // whose own goroutines go with the test
	for began := time.Now(); runtime.NumGoroutine() > before+servers; runtime.Gosched() {
		if time.Since(began) > 10*time.Second {
			t.Fatalf("%d goroutines, %d before", runtime.NumGoroutine(), before)
		}
	}
}

// A body that stands still in its middle is a timeout on either wire, and no reset.
func TestBodiesThatStandStill(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	for _, portable := range []bool{false, true} {
		url := raw(t, func(conn net.Conn) {
			_, _ = conn.Read(make([]byte, 4096))
			_, _ = conn.Write([]byte("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"))
			<-release
		})
		r := play(t, config(url, func(c *loadgen.Config) {
			c.Portable = portable
			c.Journey.Steps[0].Timeout = 400 * time.Millisecond
		}))
		if r.outcomes()[funnel.TimedOut] != 50 || r.samples[0].Reason != funnel.ReasonTimeout {
			t.Errorf("portable %v: outcomes %v, reason %v; want 50 timeouts", portable, r.outcomes(), r.samples[0].Reason)
		}
	}
}

// A target whose handshakes stand still does not delay another.
func TestStalledTargetDelaysNoOther(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	stalled := strings.Replace(raw(t, func(net.Conn) { <-release }), "http:", "https:", 1)
	server, _, requests := counted(t, true, nil)
	r := play(t, config(stalled, secure(func(c *loadgen.Config) {
		inTurn(c)
		c.Signups.Bins.Counts = []int{200}
		c.Targets["sound"] = server.URL
		c.Journey.Steps[0].Timeout, c.Journey.Steps[0].Continue = time.Minute, 1
		c.Requests[0].Target, c.Requests[1].Target = "sound", "web"
		c.Journey.Steps[1].Timeout = 2 * time.Second
	})))
	if r.outcomes()[funnel.Completed] != 200 || r.outcomes()[funnel.TimedOut] != 200 || requests.Load() != 200 {
		t.Errorf("outcomes %v, %d requests served; want 200 completed and 200 timed out", r.outcomes(), requests.Load())
	}
}

// Who has tickets resumes; a person's first handshake is full, and nobody resumes where it is turned off or refused.
func TestTicketsBelongToWhoHasTheConnection(t *testing.T) {
	t.Parallel() // it mostly waits
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		for _, test := range []struct {
			why           string
			connections   loadgen.Connections
			refuses       bool
			full, resumed int // resumed of -1: all others, of people who begin only when the one before has gone
		}{
			{"each request on its own connection: the second resumes", loadgen.Connections{Cold: 1}, false, 5, 5},
			{"people whose connections are closed", loadgen.Connections{PerPerson: true, Life: time.Nanosecond}, false, 5, 5},
			{"turned off", loadgen.Connections{Cold: 1, NoResume: true}, false, 10, 0},
			{"tickets refused", loadgen.Connections{Cold: 1}, true, 10, 0},
			{"shared by all", loadgen.Connections{Life: time.Nanosecond}, false, 1, -1},
			{"HTTP/2, each request on its own connection", loadgen.Connections{HTTP2: true, Cold: 1}, false, 5, 5},
		} {
			var full, resumed atomic.Int64
			server, _, _ := counted(t, true, func(s *httptest.Server) {
				s.EnableHTTP2, s.TLS = true, &tls.Config{MaxVersion: version, SessionTicketsDisabled: test.refuses}
				inner := s.Config.Handler
				s.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if r.TLS.DidResume {
						resumed.Add(1)
					} else {
						full.Add(1)
					}
					inner.ServeHTTP(w, r)
				})
			})
			r := newRecorder()
			g, err := loadgen.New(config(server.URL, func(c *loadgen.Config) {
				inTurn(c)
				c.Signups.Bins.Width = time.Second
				if test.resumed < 0 {
					c.Closed = journey.Closed{People: 1, Until: 5 * time.Second}
				}
				c.Connections = test.connections
				c.Connections.TLS.CA = certificateOf(server)
			}), func(int) funnel.Observer { return shardRecorder{r} })
			if err != nil {
				t.Fatal(err)
			}
			if err := g.Run(t.Context(), time.Now()); err != nil {
				t.Fatal(err)
			}
			got, want := g.Totals().Handshakes, loadgen.Handshakes{Full: test.full, Resumed: test.resumed}
			if test.resumed < 0 {
				if want.Resumed = r.outcomes()[funnel.Completed] - test.full; want.Resumed < 9 {
					t.Errorf("%s, version %x: %d requests are too few", test.why, version, want.Resumed+test.full)
				}
			}
			if (got.FullTime > 0) != (test.full > 0) || (got.ResumedTime > 0) != (test.resumed != 0) {
				t.Errorf("%s, version %x: the handshakes took %v and %v", test.why, version, got.FullTime, got.ResumedTime)
			}
			got.FullTime, got.ResumedTime = 0, 0
			if served := (loadgen.Handshakes{Full: int(full.Load()), Resumed: int(resumed.Load())}); served != want || got != want {
				t.Errorf("%s, version %x: the server saw %+v, counted %+v; want %+v; outcomes %v", test.why, version, served, got, want, r.outcomes())
			}
		}
	}
}

// Large uploads and answers, the latter longer than any buffer, pass whole.
func TestLargeBodiesOverTLS(t *testing.T) {
	text := strings.Repeat("0123456789abcdef", 1<<16) // 1 MiB
	var same atomic.Int64
	server, _, _ := counted(t, true, func(s *httptest.Server) {
		s.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			var got strings.Builder
			if err := r.Write(&got); err == nil && strings.HasSuffix(got.String(), text) {
				same.Add(1)
			}
			_, _ = w.Write([]byte(text + "the end"))
		})
	})
	r := play(t, config(server.URL, secure(func(c *loadgen.Config) {
		c.Requests[0].Method, c.Requests[0].Text = "POST", text
		c.Signups.Bins.Counts = []int{5}
		c.Requests[0].Checks = []loadgen.Check{{Extract: loadgen.Extract{Regexp: "the end$"}}}
	})))
	if r.outcomes()[funnel.Completed] != 5 || same.Load() != 5 {
		t.Errorf("outcomes %v, %d uploads whole; want 5 of each", r.outcomes(), same.Load())
	}
}

// What a server sends without being asked on an idle connection is not taken for the next answer.
func TestUnaskedAnswersAreNotTaken(t *testing.T) {
	url := overTLS(t, nil, func(conn *tls.Conn) {
		for {
			if _, err := conn.Read(make([]byte, 4096)); err != nil {
				return
			}
			if _, err := conn.Write([]byte("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok" + "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n")); err != nil {
				return
			}
		}
	})
	r := play(t, config(url, secure(inTurn)))
	if r.outcomes()[funnel.Completed] != 10 {
		t.Errorf("outcomes %v; want 10 completed", r.outcomes())
	}
}

// The log of secrets is what other programs need to read the traffic.
func TestKeyLog(t *testing.T) {
	server, _, _ := counted(t, true, nil)
	log := filepath.Join(t.TempDir(), "keys.log")
	play(t, config(server.URL, secure(func(c *loadgen.Config) { c.Connections.TLS.KeyLog = log })))
	text, err := os.ReadFile(log)
	if err != nil || !strings.Contains(string(text), "CLIENT_TRAFFIC_SECRET_0 ") {
		t.Errorf("%v: the log holds %.100q", err, text)
	}
}

// Bursts over TLS wait for connections as they do without.
func TestBurstsOverTLSWaitForConnections(t *testing.T) {
	server, conns, requests := counted(t, true, nil)
	r := play(t, config(server.URL, secure(func(c *loadgen.Config) {
		c.Shards, c.Signups.Mode = 1, workload.Even
		c.Signups.Bins = workload.Bins{Width: time.Millisecond, Counts: []int{1000}}
	})))
	if r.outcomes()[funnel.Completed] != 1000 || requests.Load() != 1000 || conns.Load() > 500 {
		t.Errorf("outcomes %v, %d requests on %d connections; want 1000 on at most 500", r.outcomes(), requests.Load(), conns.Load())
	}
}

// Over TLS, too, people who leave silently keep the connection open, and those who leave otherwise close it.
func TestWaysToLeaveOverTLS(t *testing.T) {
	t.Parallel() // it mostly waits
	for _, silent := range []bool{true, false} {
		untilSeen(t, func() bool {
			var came, told atomic.Int64
			atFourth := make(chan int64, 1)
			url := overTLS(t, nil, func(conn *tls.Conn) {
				if _, err := conn.Read(make([]byte, 4096)); err != nil {
					return
				}
				if came.Add(1) == 4 { // after the others have left
					for !silent && told.Load() < 3 && t.Context().Err() == nil {
						runtime.Gosched()
					}
					atFourth <- told.Load()
				}
				if _, err := conn.Read(make([]byte, 1)); err != nil {
					told.Add(1)
				}
			})
			r := play(t, config(url, secure(func(c *loadgen.Config) {
				c.Shards = 1
				c.Signups.Mode, c.Signups.Bins = workload.Burst, workload.Bins{Width: time.Second, Counts: []int{3, 0, 1}}
				c.Journey.Steps[0].Patience = workload.ConstantTime(time.Second)
				c.Requests[0].Silent = silent
			})))
			if r.outcomes()[funnel.Abandoned] != 4 {
				t.Errorf("silent %v: outcomes %v, want 4 abandoned", silent, r.outcomes())
			}
			if len(atFourth) == 0 {
				return false
			}
			if want, got := map[bool]int64{false: 3, true: 0}[silent], <-atFourth; got != want {
				t.Errorf("silent %v: the service was told of %d who left, want %d", silent, got, want)
			}
			return true
		})
	}
}
