package loadgen_test

import (
	"strings"
	"testing"

	"github.com/valyala/fasthttp"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/loadgen"
)

// Redirects are followed on request, and links as they were given, to targets only.
func TestFollow(t *testing.T) {
	for _, test := range []struct {
		why     string
		request loadgen.Request
		served  string // methods and paths, in order
		outcome funnel.Outcome
		reason  funnel.Reason
	}{
		{"not asked to", loadgen.Request{Method: "GET", Path: "/302"}, "GET /302", funnel.Failed, 302},
		{"asked to", loadgen.Request{Method: "GET", Path: "/302", Redirects: 1}, "GET /302, GET /end", funnel.Completed, 200},
		{"the scenario says what the status means", loadgen.Request{Method: "GET", Path: "/302", Redirects: 1, Completed: []int{302}}, "GET /302", funnel.Completed, 302},
		{"a form leads to a page", loadgen.Request{Method: "POST", Path: "/302", Text: "a=1", Redirects: 1}, "POST /302 a=1, GET /end", funnel.Completed, 200},
		{"308 keeps method and body", loadgen.Request{Method: "POST", Path: "/308", Text: "a=1", Redirects: 1}, "POST /308 a=1, POST /end a=1", funnel.Completed, 200},
		{"303 ends a PUT", loadgen.Request{Method: "PUT", Path: "/303", Text: "a=1", Redirects: 1}, "PUT /303 a=1, GET /end", funnel.Completed, 200},
		{"relative to the path", loadgen.Request{Method: "GET", Path: "/deep/relative", Redirects: 1}, "GET /deep/relative, GET /deep/end", funnel.Completed, 200},
		{"in a circle", loadgen.Request{Method: "GET", Path: "/circle", Redirects: 2}, "GET /circle, GET /circle, GET /circle", funnel.Failed, funnel.ReasonLink},
		{"to a stranger", loadgen.Request{Method: "GET", Path: "/stranger", Redirects: 3}, "GET /stranger", funnel.Failed, funnel.ReasonLink},
		{"without a place", loadgen.Request{Method: "GET", Path: "/nowhere", Redirects: 3}, "GET /nowhere", funnel.Failed, funnel.ReasonLink},
	} {
		s := serve(t, redirecting)
		seen := play(t, config(s.url, func(c *loadgen.Config) {
			c.Shards, c.Signups.Bins.Counts = 1, []int{1}
			c.Requests[0] = test.request
			c.Requests[0].Target = "web"
			if c.Requests[0].Completed == nil {
				c.Requests[0].Completed = []int{200}
			}
		}))
		checkFollowed(t, test.why, s, seen.samples, test.served, test.outcome, test.reason)
	}
}

// redirecting answers by the path of a request.
func redirecting(ctx *fasthttp.RequestCtx, _ int) {
	to := map[string]string{"/302": "/end", "/303": "/end", "/308": "/end", "/deep/relative": "end", "/circle": "/circle", "/stranger": "http://192.0.2.1/x", "/nowhere": ""}
	place, known := to[string(ctx.Path())]
	if !known {
		return
	}
	status := 302
	if given, known := map[string]int{"/303": 303, "/308": 308}[string(ctx.Path())]; known {
		status = given
	}
	ctx.SetStatusCode(status)
	if place != "" {
		ctx.Response.Header.Set("Location", place)
	}
}

func checkFollowed(t *testing.T, why string, s *service, samples []funnel.Sample, want string, outcome funnel.Outcome, reason funnel.Reason) {
	t.Helper()
	var all []string
	for _, request := range s.served() {
		all = append(all, strings.Join(strings.Fields(request), " "))
	}
	if got := strings.Join(all, ", "); got != want {
		t.Errorf("%s: served %q, want %q", why, got, want)
	}
	last := samples[len(samples)-1]
	if last.Outcome != outcome || last.Reason != reason {
		t.Errorf("%s: %v for %v; want %v for %v", why, last.Outcome, last.Reason, outcome, reason)
	}
}

// A path may be a link that an answer gave, absolute or not.
func TestLinks(t *testing.T) {
	for _, test := range []struct {
		why, link string // HOST stands for the target
		served    string
		outcome   funnel.Outcome
		reason    funnel.Reason
	}{
		{"absolute", "http://HOST/verify?token=a%2Fb&x=1", "GET /, GET /verify?token=a%2Fb&x=1", funnel.Completed, 200},
		{"a path", "/verify/7", "GET /, GET /verify/7", funnel.Completed, 200},
		{"without a slash", "verify/7", "GET /, GET /verify/7", funnel.Completed, 200},
		{"of another host", "http://192.0.2.1/verify", "GET /", funnel.Failed, funnel.ReasonLink},
		{"not a link at all", "http://[", "GET /", funnel.Failed, funnel.ReasonLink},
	} {
		s := serve(t, func(ctx *fasthttp.RequestCtx, nth int) {
			if nth == 1 {
				ctx.Response.Header.Set("X-Link", strings.Replace(test.link, "HOST", string(ctx.Host()), 1))
			}
		})
		seen := play(t, config(s.url, func(c *loadgen.Config) {
			c.Shards, c.Signups.Bins.Counts = 1, []int{1}
			c.Requests[0].Extract = map[string]loadgen.Extract{"link": {Header: "X-Link"}}
			then(c, loadgen.Request{Method: "GET", Path: "${got.link}"})
		}))
		checkFollowed(t, test.why, s, seen.samples, test.served, test.outcome, test.reason)
	}
}
