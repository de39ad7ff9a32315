package loadgen_test

import (
	"fmt"
	"net"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/ombak-sim/ombak/journey"
	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/loadgen"
	"github.com/ombak-sim/ombak/workload"
)

// then adds a second step that sends the request.
func then(c *loadgen.Config, request loadgen.Request) {
	c.Journey.Steps = append(c.Journey.Steps, journey.Step{Name: "then", Kind: funnel.Request, Continue: 1, Timeout: time.Minute})
	request.Target, request.Completed = "web", []int{200}
	c.Requests = append(c.Requests, request)
}

// People keep their cookies, change and delete them as the service says, and never share them.
func TestCookies(t *testing.T) {
	s := serve(t, func(ctx *fasthttp.RequestCtx, _ int) {
		own := string(ctx.QueryArgs().Peek("nik"))
		switch string(ctx.Path()) {
		case "/":
			ctx.Response.Header.Add("Set-Cookie", "session="+own+"; Path=/; HttpOnly")
			ctx.Response.Header.Add("Set-Cookie", "gone=x")
		case "/then":
			if string(ctx.Request.Header.Cookie("session")) != own || string(ctx.Request.Header.Cookie("gone")) != "x" {
				ctx.SetStatusCode(401)
			}
			ctx.Response.Header.Add("Set-Cookie", "gone=x; Max-Age=0")
		case "/last":
			if string(ctx.Request.Header.Cookie("session")) != own || len(ctx.Request.Header.Cookie("gone")) > 0 {
				ctx.SetStatusCode(401)
			}
		}
	})
	for _, cookies := range []bool{true, false} {
		r := play(t, config(s.url, func(c *loadgen.Config) {
			c.Cookies = cookies
			c.Requests[0].Path = "/?nik=${person.nik}"
			then(c, loadgen.Request{Method: "GET", Path: "/then?nik=${person.nik}"})
			then(c, loadgen.Request{Method: "GET", Path: "/last?nik=${person.nik}"})
			c.Journey.Steps[2].Name = "last"
		}))
		want := map[bool]int{true: 150, false: 50}[cookies]
		if r.outcomes()[funnel.Completed] != want {
			t.Errorf("cookies %v: outcomes %v, want %d completed", cookies, r.outcomes(), want)
		}
	}
}

func TestChecks(t *testing.T) {
	s := serve(t, func(ctx *fasthttp.RequestCtx, _ int) {
		ctx.Response.Header.Set("X-Zone", "jakarta")
		ctx.SetBodyString(`{"status":"ok","id":42}`)
	})
	for _, test := range []struct {
		why   string
		check loadgen.Check
		good  bool
	}{
		{"an equal value", loadgen.Check{Extract: loadgen.Extract{JSON: "status"}, Equals: "ok"}, true},
		{"a different value", loadgen.Check{Extract: loadgen.Extract{JSON: "status"}, Equals: "queued"}, false},
		{"a value that exists", loadgen.Check{Extract: loadgen.Extract{JSON: "id"}}, true},
		{"a value that is missing", loadgen.Check{Extract: loadgen.Extract{JSON: "ticket"}}, false},
		{"a header", loadgen.Check{Extract: loadgen.Extract{Header: "X-Zone"}, Contains: "karta"}, true},
		{"an expression", loadgen.Check{Extract: loadgen.Extract{Regexp: `"id":(\d+)`}, Equals: "42"}, true},
		{"the body", loadgen.Check{Contains: "maintenance"}, false},
	} {
		r := play(t, config(s.url, func(c *loadgen.Config) { c.Requests[0].Checks = []loadgen.Check{test.check} }))
		outcome, reason := funnel.Completed, funnel.Reason(200)
		if !test.good {
			outcome, reason = funnel.Failed, funnel.ReasonCheck
		}
		if r.outcomes()[outcome] != 50 || r.samples[0].Reason != reason {
			t.Errorf("%s: outcomes %v, reason %v", test.why, r.outcomes(), r.samples[0].Reason)
		}
	}
}

// A person's key stays the same over retries of one step, and differs between steps and people.
func TestKeysAreKeptAcrossRetries(t *testing.T) {
	s := serve(t, func(ctx *fasthttp.RequestCtx, nth int) {
		if nth%2 == 1 {
			ctx.SetStatusCode(503)
		}
	})
	play(t, config(s.url, func(c *loadgen.Config) {
		c.Shards, c.Signups.Bins.Counts = 1, []int{1, 0, 0, 0, 0, 1}
		c.Journey.Steps[0].Retry = journey.Retry{Attempts: 2, Base: time.Millisecond}
		c.Requests[0].Headers = map[string]string{"X-Key": "${step.key}"}
		then(c, loadgen.Request{Method: "GET", Path: "/", Headers: map[string]string{"X-Key": "${step.key}"}})
		c.Journey.Steps[1].Retry = c.Journey.Steps[0].Retry
	}))
	seen := map[string]int{}
	for _, request := range s.served() {
		key := strings.Fields(request)[2]
		if len(key) != 36 || key[14] != '4' {
			t.Errorf("the key %q is not a UUID of version 4", key)
		}
		seen[key]++
	}
	if len(s.served()) != 8 || len(seen) != 4 {
		t.Errorf("%d requests with the keys %v; want 8 with 4 keys", len(s.served()), seen)
	}
}

// With fresh identities each run has addresses, numbers and keys of its own; with the same id they come again.
func TestFreshIdentities(t *testing.T) {
	played := func(id string, fresh bool) []string {
		s := serve(t, func(*fasthttp.RequestCtx, int) {})
		play(t, config(s.url, func(c *loadgen.Config) {
			c.Shards, c.Signups.Bins.Counts, c.RunID, c.Fresh = 1, []int{3}, id, fresh
			c.Requests[0].Headers = map[string]string{"X-Key": "${person.email} ${person.phone} ${step.key} ${run.id} ${person.name}"}
		}))
		var seen []string
		for _, request := range s.served() {
			seen = append(seen, strings.Fields(request)[2:]...)
		}
		slices.Sort(seen)
		return seen
	}
	seed, again, first, second := played("a", false), played("a", true), played("a", true), played("b", true)
	if !slices.Equal(again, first) {
		t.Errorf("the same id gave %v and %v", again, first)
	}
	for _, text := range first {
		personal := strings.ContainsAny(text, "@+-")
		if known := slices.Contains(seed, text) || slices.Contains(second, text); personal && known && !slices.Contains(seed, text) {
			t.Errorf("%q came in the runs a and b", text)
		}
		if strings.ContainsAny(text, "@+") && slices.Contains(seed, text) {
			t.Errorf("%q is of the seed, not of the run", text)
		}
	}
	if strings.Join(first, " ") == strings.Join(second, " ") {
		t.Error("two runs sent the same")
	}
	for _, name := range seed {
		if !strings.ContainsAny(name, "@+-") && name != "a" && !slices.Contains(first, name) {
			t.Errorf("the name %q of the seed is not among %v", name, first)
		}
	}
}

func TestFeeders(t *testing.T) {
	users := loadgen.Feeder{Columns: []string{"name", "secret"}, Rows: [][]string{{"ada", "a b"}, {"bob", `b"b`}, {"cem", "c"}}}
	for _, random := range []bool{false, true} {
		s := serve(t, nil)
		users.Random = random
		r := play(t, config(s.url, func(c *loadgen.Config) {
			c.Feeders = map[string]loadgen.Feeder{"users": users}
			c.Requests[0] = loadgen.Request{Target: "web", Method: "POST", Path: "/${feeder.users.name}?s=${feeder.users.secret}", JSON: `{"s":"${feeder.users.secret}"}`, Completed: []int{200}}
		}))
		want := map[string]bool{
			`POST /ada?s=a%20b  {"s":"a b"}`: true, `POST /bob?s=b%22b  {"s":"b\"b"}`: true, `POST /cem?s=c  {"s":"c"}`: true,
		}
		rows := map[string]int{}
		for _, request := range s.served() {
			if !want[request] {
				t.Errorf("request %q is not a row of the feeder", request)
			}
			rows[request]++
		}
		if r.outcomes()[funnel.Completed] != 50 || len(rows) != 3 {
			t.Errorf("random %v: outcomes %v, rows %v", random, r.outcomes(), rows)
		}
	}
}

// TestNoTwoPeopleShareARow plays a table with as many rows as people, whole and in three parts. Each row is used once.
func TestNoTwoPeopleShareARow(t *testing.T) {
	users := loadgen.Feeder{Columns: []string{"name"}}
	for i := range 50 {
		users.Rows = append(users.Rows, []string{fmt.Sprint("u", i)})
	}
	for _, parts := range []int{1, 3} {
		rows := map[string]int{}
		for part := range parts {
			s := serve(t, nil)
			play(t, config(s.url, func(c *loadgen.Config) {
				c.Part, c.Parts = part, parts
				c.Feeders = map[string]loadgen.Feeder{"users": users}
				c.Requests[0] = loadgen.Request{Target: "web", Path: "/${feeder.users.name}", Completed: []int{200}}
			}))
			for _, request := range s.served() {
				rows[request]++
			}
		}
		if len(rows) != 50 {
			t.Errorf("50 people in %d parts used %d rows of 50: %v", parts, len(rows), rows)
		}
	}
}

// untilSeen plays a run of four people until the service has seen the last one. On a busy machine, people may leave before their
// requests have come.
func untilSeen(t *testing.T, play func() bool) {
	t.Helper()
	for range 5 {
		if play() {
			return
		}
	}
	t.Error("in five runs, the service never saw the fourth request")
}

// People who lose patience close the connection, so that the service notices, or leave it open, so that it
// works on in vain. Either way they count as abandoned, once.
func TestWaysToLeave(t *testing.T) {
	for _, silent := range []bool{false, true} {
		untilSeen(t, func() bool {
			var came, told atomic.Int64
			atFourth := make(chan int64, 1)
			url := raw(t, func(conn net.Conn) {
				buffer := make([]byte, 4096)
				if _, err := conn.Read(buffer); err != nil {
					return
				}
				if came.Add(1) == 4 { // half a second after the others left
					for !silent && told.Load() < 3 && t.Context().Err() == nil {
						runtime.Gosched()
					}
					atFourth <- told.Load()
				}
				if _, err := conn.Read(buffer); err != nil {
					told.Add(1)
				}
			})
			r := play(t, config(url, func(c *loadgen.Config) {
				c.Shards = 1
				c.Signups.Mode, c.Signups.Bins.Counts = workload.Burst, []int{3, 0, 0, 0, 0, 1}
				c.Journey.Steps[0].Patience = workload.ConstantTime(50 * time.Millisecond)
				c.Requests[0].Silent = silent
			}))
			if r.outcomes()[funnel.Abandoned] != 4 || len(r.samples) != 4 {
				t.Errorf("silent %v: outcomes %v, want 4 abandoned", silent, r.outcomes())
			}
			if len(atFourth) == 0 {
				return false
			}
			if want, got := map[bool]int64{false: 3, true: 0}[silent], <-atFourth; got != want {
				t.Errorf("silent %v: the service noticed %d who left, want %d", silent, got, want)
			}
			return true
		})
	}
}

// At most the allowed number of people are active. The rest are shed, and counted as dropped.
func TestPeopleBeyondTheCapAreShed(t *testing.T) {
	release := make(chan struct{})
	s := serve(t, func(*fasthttp.RequestCtx, int) { <-release })
	defer close(release)
	r := newRecorder()
	g, err := loadgen.New(config(s.url, func(c *loadgen.Config) {
		c.Shards, c.MostPeople = 1, 7
		c.Signups.Mode, c.Signups.Bins.Counts = workload.Burst, []int{50}
		c.Journey.Steps[0].Timeout = 500 * time.Millisecond
	}), func(int) funnel.Observer { return shardRecorder{r} })
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Run(t.Context(), time.Now()); err != nil {
		t.Fatal(err)
	}
	if r.sched != 50 || r.dropped != 43 || r.started != 7 || r.ended != 7 || g.Totals().Shed != 43 || r.entered[0] != 7 {
		t.Errorf("scheduled %d, dropped %d, started %d, ended %d, shed %d", r.sched, r.dropped, r.started, r.ended, g.Totals().Shed)
	}
}

// A closed loop keeps the requested number of people active at all times, none of them twice.
func TestClosedLoop(t *testing.T) {
	var under, most atomic.Int64
	s := serve(t, func(ctx *fasthttp.RequestCtx, _ int) {
		now := under.Add(1)
		for seen := most.Load(); now > seen && !most.CompareAndSwap(seen, now); seen = most.Load() {
		}
		runtime.Gosched()
		under.Add(-1)
	})
	r := play(t, config(s.url, func(c *loadgen.Config) {
		c.Closed = journey.Closed{People: 4, Until: 300 * time.Millisecond}
		c.People = 1_000_000
	}))
	people := map[uint64]bool{}
	for _, sample := range r.samples {
		people[sample.Session] = true
		if sample.Intended >= 300*time.Millisecond {
			t.Errorf("person %d begins at %v, after the end", sample.Session, sample.Intended)
		}
	}
	done := r.outcomes()[funnel.Completed]
	if done != len(r.samples) || len(people) != done || r.sched != done || r.started != done || r.ended != done || done < 8 || most.Load() > 4 {
		t.Errorf("outcomes %v, %d people, scheduled %d, started %d, ended %d, at most %d at once", r.outcomes(), len(people), r.sched, r.started, r.ended, most.Load())
	}
}

// In a closed loop with think times, everybody thinks first, whoever follows thinks after the one before has finished, and
// nobody begins after the end.
func TestClosedLoopThinks(t *testing.T) {
	const think, end = 30 * time.Millisecond, 300 * time.Millisecond
	s := serve(t, func(*fasthttp.RequestCtx, int) {})
	r := play(t, config(s.url, func(c *loadgen.Config) {
		c.Closed = journey.Closed{People: 2, Think: workload.ConstantTime(think), Until: end}
		c.People = 1_000_000
	}))
	for _, sample := range r.samples {
		if sample.Intended < think || sample.Intended >= end {
			t.Errorf("person %d begins at %v, want from %v on and before %v", sample.Session, sample.Intended, think, end)
		}
	}
	// Each round takes a think time at the least, and the two of the first round have one each.
	if n := len(r.samples); n < 2 || n > 2*int(end/think) || r.sched != n || r.started != n || r.ended != n {
		t.Errorf("%d samples, scheduled %d, started %d, ended %d", n, r.sched, r.started, r.ended)
	}
}
