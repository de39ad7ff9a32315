package loadgen_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/ombak-sim/ombak/loadgen"
)

// Requests before a run are sent in order, retried, polled, and hand on what they extract.
func TestOnce(t *testing.T) {
	web := func(path string) loadgen.Request {
		return loadgen.Request{Target: "web", Method: "GET", Path: path, Completed: []int{200}}
	}
	login := web("/login")
	login.Extract = map[string]loadgen.Extract{"token": {JSON: "token"}}
	job := web("/job/${run.token}")
	job.Pending = []int{202}
	for _, test := range []struct {
		why   string
		steps []loadgen.Once
		paths string // served, in order
		err   string // part of the error
	}{
		{"the second request has the first one's value", []loadgen.Once{{Name: "login", Request: login}, {Name: "go", Request: web("/${run.token}")}}, "/login /secret", ""},
		{"a rejection is tried again", []loadgen.Once{{Name: "busy", Request: web("/busy"), Attempts: 3}}, "/busy /busy", ""},
		{"a rejection without further attempts ends it", []loadgen.Once{{Name: "busy", Request: web("/busy")}, {Name: "never", Request: web("/never")}}, "/busy", "before: step busy did not complete: status 503"},
		{"a pending answer is asked for again", []loadgen.Once{{Name: "login", Request: login}, {Name: "job", Request: job, Patience: time.Hour}}, "/login /job/secret /job/secret", ""},
		{"a pending answer without patience has failed", []loadgen.Once{{Name: "login", Request: login}, {Name: "job", Request: job}}, "/login /job/secret", "before: step job was still pending after 0s"},
	} {
		s := serve(t, func(ctx *fasthttp.RequestCtx, nth int) {
			switch path := string(ctx.Path()); {
			case path == "/login":
				ctx.SetBodyString(`{"token":"secret"}`)
			case path == "/busy" && nth == 1:
				ctx.SetStatusCode(503)
			case path == "/job/secret" && nth == 2:
				ctx.SetStatusCode(202)
			}
		})
		c := config(s.url, func(c *loadgen.Config) { c.Before = test.steps })
		_, err := c.Prepare(context.Background())
		if test.err == "" && err != nil || test.err != "" && (err == nil || !strings.Contains(err.Error(), test.err)) {
			t.Errorf("%s: %v; want %q", test.why, err, test.err)
		}
		var paths []string
		for _, request := range s.served() {
			paths = append(paths, strings.Fields(request)[1])
		}
		if got := strings.Join(paths, " "); got != test.paths {
			t.Errorf("%s: served %s, want %s", test.why, got, test.paths)
		}
	}
}

// An interrupt ends a request that nobody answers.
func TestOnceEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	silent := make(chan struct{})
	defer close(silent)
	s := serve(t, func(*fasthttp.RequestCtx, int) {
		cancel()
		<-silent
	})
	c := config(s.url, func(c *loadgen.Config) {
		c.Before = []loadgen.Once{{Name: "hang", Request: loadgen.Request{Target: "web", Method: "GET", Path: "/", Completed: []int{200}}, Attempts: 5}}
	})
	if _, err := c.Prepare(ctx); err == nil || !strings.Contains(err.Error(), "canceled") {
		t.Errorf("%v; want the interrupt", err)
	}
}
