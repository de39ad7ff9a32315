package loadgen_test

import (
	"bufio"
	"context"
	"crypto/sha1"
	"encoding/base64"
	"encoding/pem"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/loadgen"
)

// echo is a WebSocket server by other authors, which answers messages and counts.
type echo struct {
	mu       sync.Mutex
	opened   int
	messages []string
	closed   map[websocket.StatusCode]int
	people   map[string]bool
	serving  sync.WaitGroup
}

func (e *echo) locked(f func()) { e.mu.Lock(); defer e.mu.Unlock(); f() }

// serve answers until the client closes. The messages "leave" and "again" make the server close; "push" gets two
// messages, "ping" a ping before its reply, and "long" 300,000 letters in fragments.
func (e *echo) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e.serving.Add(1)
	defer e.serving.Done()
	if r.URL.Path == "/full" {
		http.Error(w, "full", http.StatusServiceUnavailable)
		return
	}
	c, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	c.SetReadLimit(1 << 20)
	e.locked(func() { e.opened++; e.people[r.URL.Query().Get("who")] = true })
	ctx := r.Context()
	if r.URL.Path == "/turn" {
		_ = c.Write(ctx, websocket.MessageText, []byte(`{"turn": 1}`))
	}
	for {
		_, text, err := c.Read(ctx)
		if err != nil {
			e.locked(func() { e.closed[websocket.CloseStatus(err)]++ })
			return
		}
		e.locked(func() { e.messages = append(e.messages, string(text)) })
		if !e.answer(ctx, c, string(text)) {
			return
		}
	}
}

func (e *echo) answer(ctx context.Context, c *websocket.Conn, text string) bool {
	switch text {
	case "leave":
		_ = c.Close(websocket.StatusGoingAway, "")
		return false
	case "again":
		_ = c.Close(websocket.StatusTryAgainLater, "")
		return false
	case "ping":
		go func() { _ = c.Ping(ctx); _ = c.Write(ctx, websocket.MessageText, []byte("ponged")) }()
		return true
	case "push":
		_ = c.Write(ctx, websocket.MessageText, []byte(`{"turn": 7, "open": false}`))
		text = `{"turn": 8, "open": true}`
	case "long":
		w, err := c.Writer(ctx, websocket.MessageText)
		if err != nil {
			return false
		}
		for range 30 {
			_, _ = io.WriteString(w, strings.Repeat("a", 10_000))
		}
		return w.Close() == nil
	}
	return c.Write(ctx, websocket.MessageText, []byte(text)) == nil
}

func echoing() *echo {
	return &echo{closed: map[websocket.StatusCode]int{}, people: map[string]bool{}}
}

// talks returns a run in which each of 50 people takes some steps on a WebSocket.
func talks(url, path string, steps ...loadgen.WebSocket) loadgen.Config {
	return config(url, func(c *loadgen.Config) {
		step := c.Journey.Steps[0]
		c.Journey.Steps, c.Requests = nil, nil
		for i, socket := range append([]loadgen.WebSocket{{Connect: true}}, steps...) {
			step.Name = string(rune('a' + i))
			c.Journey.Steps = append(c.Journey.Steps, step)
			c.Requests = append(c.Requests, loadgen.Request{
				Target: "web", WebSocket: &socket, Completed: []int{101}, Rejected: []int{503, int(funnel.ReasonClose) + 1013},
			})
		}
		c.Requests[0].Path = path
	})
}

func sends(text string) loadgen.WebSocket { return loadgen.WebSocket{Send: text} }
func asks(text string, until loadgen.Check) loadgen.WebSocket {
	return loadgen.WebSocket{Send: text, Await: &until}
}

func TestWebSocketSteps(t *testing.T) {
	onBothWires(t, func(t *testing.T, change func(*loadgen.Config)) {
		server := echoing()
		web := httptest.NewServer(server)
		defer web.Close()
		c := talks(web.URL, "/?who=${person.nik}", sends("hello ${person.nik}"), loadgen.WebSocket{Await: &loadgen.Check{Contains: "hello"}},
			asks("push", loadgen.Check{Extract: loadgen.Extract{JSON: "open"}, Equals: "true"}), asks("ping", loadgen.Check{Contains: "ponged"}),
			asks("long", loadgen.Check{Extract: loadgen.Extract{Regexp: "^a{1000}"}}), loadgen.WebSocket{Hold: 20 * time.Millisecond}, sends("turn ${got.turn}"), loadgen.WebSocket{Close: true})
		change(&c)
		c.Requests[3].Extract = map[string]loadgen.Extract{"turn": {JSON: "turn"}}
		r := play(t, c)
		if r.outcomes()[funnel.Completed] != 9*50 {
			t.Errorf("outcomes %v, reasons %v", r.outcomes(), reasons(r))
		}
		server.serving.Wait()
		server.locked(func() {
			turns := 0
			for _, text := range server.messages {
				if text == "turn 8" {
					turns++
				}
			}
			if server.opened != 50 || len(server.people) != 50 || len(server.messages) != 5*50 || turns != 50 || server.closed[websocket.StatusNormalClosure] != 50 {
				t.Errorf("the server saw %d connections of %d people, %d messages, %d turns, and closed %v", server.opened, len(server.people), len(server.messages), turns, server.closed)
			}
		})
	})
}

func reasons(r *recorder) map[string]int {
	counts := map[string]int{}
	for _, sample := range r.samples {
		if sample.Outcome != funnel.Completed {
			counts[sample.Reason.String()]++
		}
	}
	return counts
}

func TestWebSocketOutcomes(t *testing.T) {
	onBothWires(t, func(t *testing.T, change func(*loadgen.Config)) {
		for _, test := range []struct {
			name, path string
			step       loadgen.WebSocket
			outcome    funnel.Outcome
			reason     string
			why        string
		}{
			{"full", "/full", sends("a"), funnel.Rejected, "503", "the service turns away who would connect"},
			{"leave", "/", asks("leave", loadgen.Check{}), funnel.Failed, "close-1001", "the server goes away"},
			{"again", "/", asks("again", loadgen.Check{}), funnel.Rejected, "close-1013", "the server asks to come later"},
			{"silence", "/", loadgen.WebSocket{Await: &loadgen.Check{}}, funnel.TimedOut, "timeout", "no message comes"},
			{"another", "/turn", loadgen.WebSocket{Await: &loadgen.Check{Contains: "no"}}, funnel.TimedOut, "timeout", "another message comes"},
			{"early", "/turn", loadgen.WebSocket{Await: &loadgen.Check{Extract: loadgen.Extract{JSON: "turn"}, Equals: "1"}}, funnel.Completed, "", "a message from before the step counts"},
		} {
			t.Run(test.name, func(t *testing.T) {
				web := httptest.NewServer(echoing())
				defer web.Close()
				c := talks(web.URL, test.path, test.step)
				change(&c)
				if test.outcome == funnel.TimedOut {
					c.Journey.Steps[1].Timeout = 50 * time.Millisecond
				}
				r := play(t, c)
				want := map[string]int{test.reason: 50}
				if test.reason == "" {
					want = map[string]int{}
				}
				if got := reasons(r); r.outcomes()[test.outcome] < 50 || len(got) != len(want) || got[test.reason] != want[test.reason] {
					t.Errorf("outcomes %v, reasons %v; want %v, because %s", r.outcomes(), got, want, test.why)
				}
			})
		}
	})
}

// TestWebSocketIsThePersons closes what nobody has closed when its person has finished, and refuses steps without a
// connection.
func TestWebSocketIsThePersons(t *testing.T) {
	onBothWires(t, func(t *testing.T, change func(*loadgen.Config)) {
		server := echoing()
		web := httptest.NewServer(server)
		c := talks(web.URL, "/", sends("bye"))
		change(&c)
		r := play(t, c)
		web.Close()
		server.serving.Wait()
		if r.outcomes()[funnel.Completed] != 100 || server.closed[websocket.StatusNormalClosure] != 50 {
			t.Errorf("outcomes %v, closed %v", r.outcomes(), server.closed)
		}
		c.Journey.Steps, c.Requests = c.Journey.Steps[1:], c.Requests[1:]
		if r = play(t, c); r.outcomes()[funnel.Failed] != 50 || reasons(r)["reset"] != 50 {
			t.Errorf("without a connection: outcomes %v, reasons %v", r.outcomes(), reasons(r))
		}
	})
}

func TestWebSocketOverTLS(t *testing.T) {
	onBothWires(t, func(t *testing.T, change func(*loadgen.Config)) {
		server := echoing()
		web := httptest.NewTLSServer(server)
		defer web.Close()
		c := talks(web.URL, "/", asks("long", loadgen.Check{Contains: "aaa"}), asks("ping", loadgen.Check{Contains: "ponged"}), loadgen.WebSocket{Close: true})
		change(&c)
		c.Connections.TLS.CA = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: web.Certificate().Raw}))
		r := play(t, c)
		if r.outcomes()[funnel.Completed] != 200 {
			t.Errorf("outcomes %v, reasons %v", r.outcomes(), reasons(r))
		}
	})
}

func sum(t funnel.Tally) int {
	all, _ := t.Sum()
	return int(all)
}

func TestWebSocketCounts(t *testing.T) {
	onBothWires(t, func(t *testing.T, change func(*loadgen.Config)) {
		web := httptest.NewServer(echoing())
		defer web.Close()
		c := talks(web.URL, "/", asks("push", loadgen.Check{Contains: "true"}), loadgen.WebSocket{Close: true})
		change(&c)
		r := &recorder{entered: map[int]int{}}
		g, err := loadgen.New(c, func(int) funnel.Observer { return shardRecorder{r} })
		if err != nil {
			t.Fatal(err)
		}
		if err := g.Run(t.Context(), time.Now()); err != nil {
			t.Fatal(err)
		}
		if s := g.Totals().Wire.Sockets; sum(s.Opened) != 50 || sum(s.Sent) != 50 || sum(s.Received) != 100 {
			t.Errorf("counted %+v, want 50 opened, 50 messages sent and 100 received", s)
		}
		if all, most := g.Totals().Wire.Opened.Sum(); all != 50 || most < 1 || most > 50 {
			t.Errorf("%v connections, %v in one second", all, most)
		}
		if name := g.Totals().Wire.Name; (name == "portable") != c.Portable && runtime.GOOS == "linux" {
			t.Errorf("the wire is %q", name)
		}
	})
}

// upgraded returns a server that agrees to WebSockets, with or without proof, and then sends bytes.
func upgraded(t *testing.T, proof bool, then string) string {
	return raw(t, func(conn net.Conn) {
		request, err := http.ReadRequest(bufio.NewReader(conn))
		if err != nil {
			return
		}
		accept := "x"
		if proof {
			sum := sha1.Sum([]byte(request.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
			accept = base64.StdEncoding.EncodeToString(sum[:])
		}
		_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "+accept+"\r\n\r\n"+then)
		_, _ = io.Copy(io.Discard, conn)
	})
}

func TestWebSocketHostileServers(t *testing.T) {
	onBothWires(t, func(t *testing.T, change func(*loadgen.Config)) {
		for name, test := range map[string]struct {
			proof  bool
			bytes  string
			reason string
		}{
			"no proof":              {false, "", "body"},
			"masked":                {true, "\x81\x81abcd!", "close-1002"},
			"reserved bit":          {true, "\xc1\x01a", "close-1002"},
			"unknown opcode":        {true, "\x83\x00", "close-1002"},
			"fragmented ping":       {true, "\x09\x00", "close-1002"},
			"continues nothing":     {true, "\x80\x01a", "close-1002"},
			"message in a message":  {true, "\x01\x01a\x81\x01b", "close-1002"},
			"huge frame":            {true, "\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xff", "close-1009"},
			"huge in fragments":     {true, "\x02\x7f\x00\x00\x00\x00\x00\x50\x00\x00" + strings.Repeat("a", 0x500000) + "\x00\x7f\x00\x00\x00\x00\x00\x50\x00\x00" + strings.Repeat("a", 0x500000), "close-1009"},
			"not UTF-8":             {true, "\x81\x02\xff\xfe", "close-1007"},
			"closes without a code": {true, "\x88\x00", "close-1005"},
		} {
			t.Run(name, func(t *testing.T) {
				c := talks(upgraded(t, test.proof, test.bytes), "/", loadgen.WebSocket{Await: &loadgen.Check{}})
				change(&c)
				c.Signups.Bins.Counts = []int{3, 2}
				r := play(t, c)
				if got := reasons(r); len(got) != 1 || got[test.reason] != 5 {
					t.Errorf("reasons %v, want %s", got, test.reason)
				}
			})
		}
	})
}

func TestWebSocketMistakes(t *testing.T) {
	c := talks("http://127.0.0.1:1", "/", sends("${got.nothing}"))
	if err := c.Check(); err == nil || !strings.Contains(err.Error(), "step b: websocket: send") {
		t.Errorf("the error is %v", err)
	}
	c = talks("http://127.0.0.1:1", "/", loadgen.WebSocket{Await: &loadgen.Check{Extract: loadgen.Extract{Regexp: "("}}})
	if err := c.Check(); err == nil || !strings.Contains(err.Error(), "await") {
		t.Errorf("the error is %v", err)
	}
}
