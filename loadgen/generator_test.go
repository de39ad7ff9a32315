package loadgen_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/ombak-sim/ombak/journey"
	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/loadgen"
	"github.com/ombak-sim/ombak/population"
	"github.com/ombak-sim/ombak/workload"
)

// service is a target that counts requests and gives preset answers.
type service struct {
	mu       sync.Mutex
	requests []string // method, path and body
	answer   func(ctx *fasthttp.RequestCtx, nth int)
	url      string
}

func serve(t testing.TB, answer func(ctx *fasthttp.RequestCtx, nth int)) *service {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &service{answer: answer, url: "http://" + listener.Addr().String()}
	server := &fasthttp.Server{Handler: s.handle, CloseOnShutdown: true}
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(listener) })
	t.Cleanup(func() {
		_ = listener.Close()
		serving.Wait()
	})
	return s
}

func (s *service) handle(ctx *fasthttp.RequestCtx) {
	s.mu.Lock()
	s.requests = append(s.requests, fmt.Sprintf("%s %s %s %s", ctx.Method(), ctx.RequestURI(), ctx.Request.Header.Peek("X-Key"), ctx.PostBody()))
	nth := len(s.requests)
	s.mu.Unlock()
	if s.answer != nil {
		s.answer(ctx, nth)
	}
}

func (s *service) served() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// config returns one step and 50 people within 200 ms.
func config(url string, change func(*loadgen.Config)) loadgen.Config {
	c := loadgen.Config{
		Journey:    journey.Config{Seed: workload.Seed{Value: 1}, Steps: []journey.Step{{Name: "go", Kind: funnel.Request, Continue: 1, Timeout: time.Minute}}},
		Signups:    workload.Arrivals{Seed: workload.Seed{Value: 1}, Purpose: 1, Bins: workload.Bins{Width: 100 * time.Millisecond, Counts: []int{20, 30}}},
		Visitors:   workload.Arrivals{Seed: workload.Seed{Value: 1}, Purpose: 2, Bins: workload.Bins{Width: 100 * time.Millisecond}},
		Seed:       workload.Seed{Value: 1},
		People:     1000,
		Opens:      time.Date(2020, 4, 11, 12, 0, 0, 0, time.UTC),
		PhotoBytes: population.SmallestPhoto,
		Requests:   []loadgen.Request{{Target: "web", Method: "GET", Path: "/", Completed: []int{200}, Rejected: []int{503}}},
		Targets:    map[string]string{"web": url},
		Until:      5 * time.Minute,
		Shards:     2,
		Portable:   os.Getenv(wireVariable) != "",
	}
	if change != nil {
		change(&c)
	}
	return c
}

func play(t testing.TB, c loadgen.Config) *recorder {
	t.Helper()
	r := newRecorder()
	g, err := loadgen.New(c, func(int) funnel.Observer { return shardRecorder{r} })
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Run(t.Context(), time.Now()); err != nil {
		t.Fatal(err)
	}
	return r
}

func ExampleConfig_Callers() {
	c := config("", nil)
	n := 0
	for caller := range c.Callers() {
		if n++; n <= 3 {
			fmt.Println(caller.Person, caller.At.Round(time.Microsecond))
		}
	}
	fmt.Println(n, "people")
	// Output:
	// 140 8.672ms
	// 287 15.596ms
	// 758 21.061ms
	// 50 people
}

func TestEveryPersonIsSentOnceAndCounted(t *testing.T) {
	s := serve(t, nil)
	r := play(t, config(s.url, nil))
	if len(s.served()) != 50 || r.outcomes()[funnel.Completed] != 50 || r.entered[0] != 50 {
		t.Errorf("%d served, outcomes %v, entered %v; want 50 each", len(s.served()), r.outcomes(), r.entered)
	}
	if r.sched != 50 || r.started != 50 || r.ended != 50 || r.dropped != 0 {
		t.Errorf("scheduled %d, started %d, ended %d, dropped %d", r.sched, r.started, r.ended, r.dropped)
	}
	for _, sample := range r.samples {
		if sample.Start < sample.Intended || sample.End < sample.Start || !sample.Final || sample.Attempt != 1 {
			t.Errorf("the clocks of %+v are inconsistent", sample)
		}
	}
}

// Whoever is due in the last instant of a run that does not go on after it is sent, and counted.
func TestTheLastInstantIsPlayed(t *testing.T) {
	s := serve(t, nil)
	r := play(t, config(s.url, func(c *loadgen.Config) {
		for caller := range c.Callers() {
			c.Until = caller.At + 1
		}
	}))
	if n := r.outcomes(); r.sched != 50 || r.started != 50 || r.dropped != 0 || n[funnel.Completed]+n[funnel.Unfinished] != 50 {
		t.Errorf("scheduled %d, started %d, dropped %d, outcomes %v; want 50 who are sent", r.sched, r.started, r.dropped, n)
	}
}

// The same seed gives the same people at the same instants with any number of shards. Another seed does not.
func TestSameSeedSamePeople(t *testing.T) {
	people := func(change func(*loadgen.Config)) []loadgen.Caller {
		return slices.Collect(config("", change).Callers())
	}
	base := people(nil)
	if !slices.Equal(base, people(func(c *loadgen.Config) { c.Shards = 1 })) {
		t.Error("the number of shards changes the people")
	}
	other := people(func(c *loadgen.Config) { c.Seed.Value, c.Signups.Seed.Value = 2, 2 })
	if slices.Equal(base, other) || base[0].Person == other[0].Person {
		t.Error("another seed gives the same people")
	}
	seen := map[uint64]bool{}
	for _, caller := range base {
		if seen[caller.Person] {
			t.Errorf("person %d arrives twice", caller.Person)
		}
		seen[caller.Person] = true
	}
}

// The parts of a run together play exactly the people of the whole run.
func TestPartsMakeTheWhole(t *testing.T) {
	s := serve(t, nil)
	var sessions []uint64
	for part := range 3 {
		r := play(t, config(s.url, func(c *loadgen.Config) { c.Part, c.Parts = part, 3 }))
		for _, sample := range r.samples {
			sessions = append(sessions, sample.Session)
		}
	}
	var want []uint64
	for caller := range config("", nil).Callers() {
		want = append(want, caller.Person)
	}
	slices.Sort(sessions)
	slices.Sort(want)
	if !slices.Equal(sessions, want) {
		t.Errorf("the parts played %d people, not the %d of the whole", len(sessions), len(want))
	}
}

func TestOutcomesByStatusAndError(t *testing.T) {
	s := serve(t, func(ctx *fasthttp.RequestCtx, nth int) {
		switch nth % 4 {
		case 0:
			ctx.SetStatusCode(503)
		case 1:
			ctx.SetStatusCode(500)
		case 2:
			ctx.HijackSetNoResponse(true)
			ctx.Hijack(func(net.Conn) {}) // closed without an answer
		}
	})
	r := play(t, config(s.url, nil))
	outcomes := r.outcomes()
	if outcomes[funnel.Rejected] != 12 || outcomes[funnel.Failed] != 26 || outcomes[funnel.Completed] != 12 {
		t.Errorf("outcomes %v; want 12 rejected, 13 + 13 failed, 12 completed", outcomes)
	}
	for _, sample := range r.samples {
		if sample.Outcome == funnel.Failed && sample.Reason != 500 && sample.Reason != funnel.ReasonReset && sample.Reason != funnel.ReasonStale {
			t.Errorf("a failure has the reason %d", sample.Reason)
		}
	}
}

func TestNobodyListens(t *testing.T) {
	r := play(t, config("http://127.0.0.1:1", nil))
	if r.outcomes()[funnel.Failed] != 50 || r.samples[0].Reason != funnel.ReasonDial {
		t.Errorf("outcomes %v, reason %d; want 50 failed to dial", r.outcomes(), r.samples[0].Reason)
	}
}

// TLS uses the other wire. An untrusted certificate fails the handshake. A shard that finishes early does not
// cut the other's connections.
func TestUntrustedCertificates(t *testing.T) {
	server := httptest.NewTLSServer(http.NotFoundHandler())
	defer server.Close()
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	r := play(t, config(server.URL, func(c *loadgen.Config) { c.Signups.Bins.Counts = []int{1, 0, 0, 0, 0, 20} }))
	if r.outcomes()[funnel.Failed] != 21 {
		t.Errorf("outcomes %v; want 21 failed", r.outcomes())
	}
	for _, sample := range r.samples {
		if sample.Reason != funnel.ReasonTLS {
			t.Errorf("a failure has the reason %d, want %d", sample.Reason, funnel.ReasonTLS)
		}
	}
}

// With a service that never answers, attempts time out or people leave, and the run ends.
func TestHangingServiceTimesOut(t *testing.T) {
	release := make(chan struct{})
	s := serve(t, func(*fasthttp.RequestCtx, int) { <-release })
	defer close(release)
	r := play(t, config(s.url, func(c *loadgen.Config) { c.Journey.Steps[0].Timeout = 100 * time.Millisecond }))
	if r.outcomes()[funnel.TimedOut] != 50 {
		t.Errorf("outcomes %v; want 50 timed out", r.outcomes())
	}
	r = play(t, config(s.url, func(c *loadgen.Config) {
		c.Journey.Steps[0].Patience = workload.ConstantTime(50 * time.Millisecond)
	}))
	if r.outcomes()[funnel.Abandoned] != 50 {
		t.Errorf("outcomes %v; want 50 abandoned", r.outcomes())
	}
}

// A cancelled run returns at once, even if requests hang.
func TestCancelEndsRequestsUnderWay(t *testing.T) {
	release := make(chan struct{})
	reached := make(chan struct{}, 100)
	s := serve(t, func(*fasthttp.RequestCtx, int) { reached <- struct{}{}; <-release })
	defer close(release)
	r := newRecorder()
	g, err := loadgen.New(config(s.url, func(c *loadgen.Config) { c.Journey.Steps[0].Timeout = time.Hour }), func(int) funnel.Observer { return shardRecorder{r} })
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-reached; cancel() }()
	if err := g.Run(ctx, time.Now()); err != nil {
		t.Fatal(err)
	}
	if r.started == 0 || r.ended != 0 {
		t.Errorf("started %d, ended %d; want some under way and none ended", r.started, r.ended)
	}
}

func TestMoreThanTheCapIsDroppedAndCounted(t *testing.T) {
	release := make(chan struct{})
	s := serve(t, func(*fasthttp.RequestCtx, int) { <-release })
	defer close(release)
	r := play(t, config(s.url, func(c *loadgen.Config) {
		c.InFlight, c.Shards = 10, 1
		c.Journey.Steps[0].Timeout = time.Second
		c.Signups.Mode, c.Signups.Bins.Counts = workload.Burst, []int{50}
	}))
	if r.dropped != 40 || r.started != 10 || r.ended != 10 || r.outcomes()[funnel.Dropped] != 40 || r.outcomes()[funnel.TimedOut] != 10 {
		t.Errorf("dropped %d, started %d, outcomes %v; want 40, 10", r.dropped, r.started, r.outcomes())
	}
}

// Two steps use every part of a request: templates, extraction, a photo, a header.
func TestJourneyCarriesWhatItExtracts(t *testing.T) {
	s := serve(t, func(ctx *fasthttp.RequestCtx, _ int) {
		if string(ctx.Path()) == "/first" {
			ctx.SetBodyString(`{"mail":{"body":"open http://x/verify?token=12.ab-_ now"}}`)
		}
	})
	r := play(t, config(s.url, func(c *loadgen.Config) {
		c.Signups.Bins.Counts = []int{1}
		c.Vars = map[string]string{"tenant": "jakarta"}
		c.Journey.Steps = append(c.Journey.Steps, journey.Step{Name: "then", Kind: funnel.Request, Continue: 1, Timeout: time.Minute})
		c.Requests = []loadgen.Request{
			{
				Target: "web", Method: "POST", Path: "/first", JSON: `{"name":"${person.name}","email":"${person.email}"}`, Completed: []int{200},
				Extract: map[string]loadgen.Extract{"token": {JSON: "mail.body", Regexp: `token=(\S+)`}},
			},
			{
				Target: "web", Method: "POST", Path: "/then/${got.token}", Headers: map[string]string{"X-Key": "${var.tenant}"},
				Multipart: map[string]string{"photo": "${person.photo}", "nik": "${person.nik}"}, Completed: []int{200},
			},
		}
	}))
	if r.outcomes()[funnel.Completed] != 2 {
		t.Fatalf("outcomes %v", r.outcomes())
	}
	requests := s.served()
	person := population.New(workload.Seed{Value: 1}, time.Date(2020, 4, 11, 12, 0, 0, 0, time.UTC), population.Shares{}).Person(r.samples[0].Session)
	if want := `POST /first  {"name":"` + person.Name + `","email":"` + person.Email + `"}`; requests[0] != want {
		t.Errorf("first request %q, want %q", requests[0], want)
	}
	for _, want := range []string{"POST /then/12.ab-_ jakarta ", "\xff\xd8", person.NIK} {
		if !strings.Contains(requests[1], want) {
			t.Errorf("the second request lacks %q", want)
		}
	}
}

// A ticket in a rejection is sent with the next attempt. The final answer need not have one.
func TestTicketsOfRefusalsComeBack(t *testing.T) {
	s := serve(t, func(ctx *fasthttp.RequestCtx, _ int) {
		if len(ctx.Request.Header.Peek("X-Key")) == 0 {
			ctx.Response.Header.Set("Queue-Ticket", "place-7")
			ctx.SetStatusCode(503)
		}
	})
	r := play(t, config(s.url, func(c *loadgen.Config) {
		c.Signups.Bins.Counts = []int{1}
		c.Journey.Steps[0].Retry = journey.Retry{Attempts: 2, Base: time.Millisecond}
		c.Requests[0] = loadgen.Request{
			Target: "web", Method: "GET", Path: "/", Headers: map[string]string{"X-Key": "${got.ticket}"}, Completed: []int{200}, Rejected: []int{503},
			Extract: map[string]loadgen.Extract{"ticket": {Header: "Queue-Ticket", Rejected: true}},
		}
	}))
	if outcomes := r.outcomes(); outcomes[funnel.Rejected] != 1 || outcomes[funnel.Completed] != 1 {
		t.Errorf("outcomes %v, want one refusal and then a yes", outcomes)
	}
	if requests := s.served(); len(requests) != 2 || !strings.Contains(requests[1], "place-7") {
		t.Errorf("requests %q", requests)
	}
}

// If the service accepts a request and works on it later, another request polls for the result. The attempt's
// answer is the one that accepted it.
func TestLooksAtWhatWasTaken(t *testing.T) {
	looked := make(chan time.Time, 1)
	s := serve(t, func(ctx *fasthttp.RequestCtx, n int) {
		if n < 4 {
			ctx.SetStatusCode(202)
		}
		if n == 2 {
			looked <- time.Now()
		}
	})
	began := time.Now()
	r := play(t, config(s.url, func(c *loadgen.Config) {
		c.Signups.Bins.Counts = []int{1}
		c.Journey.Steps[0].Kind, c.Journey.Steps[0].Every = funnel.Poll, workload.ConstantTime(30*time.Millisecond)
		c.Journey.Steps[0].Patience = workload.ConstantTime(time.Minute)
		c.Requests[0] = loadgen.Request{
			Target: "web", Method: "POST", Path: "/ask", JSON: `{"nik":"${person.nik}"}`, Headers: map[string]string{"X-Key": "secret"},
			Completed: []int{200}, Pending: []int{202}, Look: &loadgen.Look{Method: "GET", Path: "/told"},
		}
	}))
	requests := s.served()
	if len(requests) != 4 || !strings.HasPrefix(requests[0], `POST /ask secret {"nik"`) || requests[1] != "GET /told secret " || requests[3] != requests[1] {
		t.Errorf("requests %q", requests)
	}
	if len(r.samples) != 1 || r.samples[0].Outcome != funnel.Completed {
		t.Fatalf("samples %+v, want one that passed", r.samples)
	}
	if end, first := began.Add(r.samples[0].End), <-looked; end.After(first) {
		t.Errorf("the wait ended %v after the first poll", end.Sub(first))
	}
}

// raw serves connections with hand-written bytes.
func raw(t testing.TB, answer func(net.Conn)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			serving.Go(func() {
				defer conn.Close()
				answer(conn)
			})
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		serving.Wait()
	})
	return "http://" + listener.Addr().String()
}

// answering reads one request after another and writes the pieces of the answer one by one.
func answering(last bool, pieces ...string) func(net.Conn) {
	return func(conn net.Conn) {
		buffer := make([]byte, 4096)
		for {
			if _, err := conn.Read(buffer); err != nil {
				return
			}
			for _, piece := range pieces {
				if _, err := conn.Write([]byte(piece)); err != nil {
					return
				}
				runtime.Gosched()
			}
			if last {
				return
			}
		}
	}
}

// Every framing of an answer is read to its end, and the connection is reused if it can be.
func TestFramings(t *testing.T) {
	t.Parallel() // it mostly waits
	const head = "HTTP/1.1 200 OK\r\n"
	for _, test := range []struct {
		why     string
		last    bool
		pieces  []string
		outcome funnel.Outcome
		reason  funnel.Reason
	}{
		{"a length", false, []string{head + "Content-Length: 13\r\n\r\n{\"token\":\"x\"}"}, funnel.Completed, 200},
		{"a length, in pieces", false, []string{"HTTP/1.1 2", "00 OK\r\nContent-Len", "gth: 13\r\n\r", "\n{\"token\"", ":\"x\"}"}, funnel.Completed, 200},
		{"chunks", false, []string{head + "Transfer-Encoding: chunked\r\n\r\n5\r\n{\"tok\r\n8\r\nen\":\"x\"}\r\n0\r\n", "\r\n"}, funnel.Completed, 200},
		{"chunks with trailers", false, []string{head + "transfer-encoding: Chunked\r\n\r\nd;x=y\r\n{\"token\":\"x\"}\r\n0\r\nA: b\r\n\r\n"}, funnel.Completed, 200},
		{"until the connection closes", true, []string{head + "\r\n{\"token\":", "\"x\"}"}, funnel.Completed, 200},
		{"closing after each answer", true, []string{head + "Connection: close\r\nContent-Length: 13\r\n\r\n{\"token\":\"x\"}"}, funnel.Completed, 200},
		{"an interim answer before", false, []string{"HTTP/1.1 103 Early Hints\r\nA: b\r\n\r\n" + head + "Content-Length: 13\r\n\r\n{\"token\":\"x\"}"}, funnel.Completed, 200},
		{"cut off in the body", true, []string{head + "Content-Length: 99\r\n\r\n{"}, funnel.Failed, funnel.ReasonReset},
		{"cut off in the head", true, []string{"HTTP/1.1 200"}, funnel.Failed, funnel.ReasonReset},
		{"garbage", true, []string{"\x00\x01\x02 this is no HTTP\r\n\r\n"}, funnel.Failed, funnel.ReasonBody},
		{"a length that is not a number", true, []string{head + "Content-Length: many\r\n\r\n"}, funnel.Failed, funnel.ReasonBody},
		{"a length out of range", true, []string{head + "Content-Length: 99999999999\r\n\r\n"}, funnel.Failed, funnel.ReasonBody},
	} {
		url := raw(t, answering(test.last, test.pieces...))
		r := play(t, config(url, func(c *loadgen.Config) {
			c.Requests[0].Extract = map[string]loadgen.Extract{"token": {JSON: "token"}}
		}))
		if r.outcomes()[test.outcome] != 50 {
			t.Errorf("%s: outcomes %v; want 50 %v", test.why, r.outcomes(), test.outcome)
		}
		for _, sample := range r.samples {
			if sample.Reason != test.reason {
				t.Errorf("%s: reason %d, want %d", test.why, sample.Reason, test.reason)
				break
			}
		}
	}
}

// A server that closes without notice races with the next request on the connection. Requests it answered
// complete, and requests it never read fail as stale. Nothing is sent twice.
func TestClosingWithoutSayingSo(t *testing.T) {
	var answered atomic.Int64
	url := raw(t, func(conn net.Conn) {
		if _, err := conn.Read(make([]byte, 4096)); err == nil {
			answered.Add(1)
			_, _ = conn.Write([]byte("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))
		}
	})
	r := play(t, config(url, nil))
	outcomes := r.outcomes()
	if outcomes[funnel.Completed]+outcomes[funnel.Failed] != 50 || outcomes[funnel.Completed] != int(answered.Load()) {
		t.Errorf("outcomes %v of 50 sent, of which %d were answered", outcomes, answered.Load())
	}
	for _, sample := range r.samples {
		if sample.Outcome == funnel.Failed && sample.Reason != funnel.ReasonStale {
			t.Errorf("a failure has the reason %v", sample.Reason)
		}
	}
}

// A reused connection that is closed when the next request arrives has another reason than one that breaks
// off an answer.
func TestStaleConnections(t *testing.T) {
	url := raw(t, func(conn net.Conn) {
		buffer := make([]byte, 4096)
		if _, err := conn.Read(buffer); err != nil {
			return
		}
		_, _ = conn.Write([]byte("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))
		_, _ = conn.Read(buffer) // the second request is read and never answered
	})
	r := play(t, config(url, func(c *loadgen.Config) {
		c.Shards, c.Signups.Bins.Counts = 1, []int{1}
		c.Journey.Steps = append(c.Journey.Steps, journey.Step{Name: "then", Kind: funnel.Request, Timeout: time.Minute})
		c.Requests = append(c.Requests, c.Requests[0])
	}))
	if len(r.samples) != 2 || r.samples[1].Outcome != funnel.Failed || r.samples[1].Reason != funnel.ReasonStale {
		t.Errorf("samples %+v; want the second to fail as stale", r.samples)
	}
}

// A request in flight at the end of the run is reported as unfinished, not omitted.
func TestUnfinishedAttemptsAreTold(t *testing.T) {
	release := make(chan struct{})
	s := serve(t, func(*fasthttp.RequestCtx, int) { <-release })
	defer close(release)
	r := play(t, config(s.url, func(c *loadgen.Config) {
		c.Journey.Steps[0].Timeout, c.Until = time.Hour, time.Second
	}))
	if r.outcomes()[funnel.Unfinished] != r.started || r.started == 0 || r.ended != 0 {
		t.Errorf("outcomes %v, started %d, ended %d; want all those started unfinished", r.outcomes(), r.started, r.ended)
	}
	for _, sample := range r.samples {
		if sample.Final || sample.End < sample.Start || sample.Start < sample.Intended {
			t.Errorf("the sample %+v is wrong", sample)
		}
	}
}

// An answer of one byte at a time exceeds the timeout, and does not delay the others.
func TestSlowBodyTimesOut(t *testing.T) {
	release := make(chan struct{})
	url := raw(t, func(conn net.Conn) {
		_, _ = conn.Read(make([]byte, 4096))
		_, _ = conn.Write([]byte("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n1"))
		<-release
	})
	defer close(release)
	r := play(t, config(url, func(c *loadgen.Config) { c.Journey.Steps[0].Timeout = 100 * time.Millisecond }))
	if r.outcomes()[funnel.TimedOut] != 50 {
		t.Errorf("outcomes %v; want 50 timed out", r.outcomes())
	}
}

func TestMissingExtractionFails(t *testing.T) {
	s := serve(t, nil)
	r := play(t, config(s.url, func(c *loadgen.Config) {
		c.Requests[0].Extract = map[string]loadgen.Extract{"token": {JSON: "token"}}
	}))
	if r.outcomes()[funnel.Failed] != 50 || r.samples[0].Reason != funnel.ReasonBody {
		t.Errorf("outcomes %v, reason %d", r.outcomes(), r.samples[0].Reason)
	}
}

// Await polls until the answer is there. It gives one sample and honours Retry-After.
func TestAwaitIsOneSample(t *testing.T) {
	s := serve(t, func(ctx *fasthttp.RequestCtx, nth int) {
		if nth <= 3 {
			ctx.SetStatusCode(404)
		}
	})
	r := play(t, config(s.url, func(c *loadgen.Config) {
		c.Signups.Bins.Counts = []int{1}
		c.Journey.Steps[0].Kind, c.Journey.Steps[0].Every, c.Journey.Steps[0].Patience = funnel.Await, workload.ConstantTime(10*time.Millisecond), workload.ConstantTime(time.Minute)
		c.Requests[0].Pending = []int{404}
	}))
	if len(r.samples) != 1 || r.samples[0].Outcome != funnel.Completed || len(s.served()) != 4 {
		t.Errorf("%d samples, %d polls", len(r.samples), len(s.served()))
	}
}
