package loadgen

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/valyala/fasthttp"
)

// hop is where a request goes instead of its own target and path: a link that an answer gave, or a redirect.
type hop struct {
	client int // index of the target
	uri    string
	method string // empty means the request's own
	bare   bool   // without a body
	away   bool   // at another target than the request's own, so its login stays behind
	left   int    // redirects that may still be followed
}

// client returns the index of the target that a job goes to.
func (g *Generator) client(work job) int {
	if work.hop != nil {
		return work.hop.client
	}
	return g.requests[work.request].client
}

// method returns the method of a job.
func (g *Generator) method(work job) string {
	if work.hop != nil && work.hop.method != "" {
		return work.hop.method
	}
	return g.requests[work.request].Method
}

// link returns where a request goes whose path is a link that an earlier answer gave. It returns false if the link is
// missing, or leads to a host that is no target.
func (g *Generator) link(request *compiled, got []string) (*hop, bool) {
	text := string(request.uri[1:].render(&values{got: got}, nil))
	base, err := LocationOf(g.targets[request.client])
	if err != nil || text == "" {
		return nil, false
	}
	if _, err := url.Parse(text); err == nil && !strings.Contains(text, "://") && !strings.HasPrefix(text, "/") {
		text = "/" + text
	}
	return g.resolve(base, text, request)
}

// redirect returns where an answer sends the request that it answers. It returns nil if the answer redirects nobody or the
// scenario lists its status, and false if it leads to a host that is no target, or further than the request follows.
func (c *composer) redirect(work job, request *compiled, status int, resp *fasthttp.Response) (*hop, bool) {
	if request.Redirects == 0 || !redirects(status) || request.lists(status) {
		return nil, true
	}
	left := request.Redirects
	if work.hop != nil {
		left = work.hop.left
	}
	c.compose(work)
	base, err := url.Parse(string(c.req.URI().FullURI()))
	location := string(resp.Header.Peek("Location"))
	if err != nil || location == "" || left == 0 {
		return nil, false
	}
	next, ok := c.generator.resolve(base, location, request)
	if !ok {
		return nil, false
	}
	next.left = left - 1
	next.method, next.bare = c.generator.method(work), work.hop != nil && work.hop.bare
	switch method := next.method; {
	case status == http.StatusSeeOther && method != http.MethodHead,
		method == http.MethodPost && (status == http.StatusMovedPermanently || status == http.StatusFound): // RFC 9110, section 15.4
		next.method, next.bare = http.MethodGet, true
	}
	return next, true
}

func redirects(status int) bool {
	return slices.Contains([]int{301, 302, 303, 307, 308}, status)
}

// resolve resolves a reference and finds the target it leads to.
func (g *Generator) resolve(base *url.URL, reference string, request *compiled) (*hop, bool) {
	parsed, err := base.Parse(reference)
	if err != nil {
		return nil, false
	}
	for i, target := range g.targets {
		other, err := LocationOf(target)
		if err == nil && other.Scheme == parsed.Scheme && fasthttp.AddMissingPort(other.Host, other.Scheme == "https") == fasthttp.AddMissingPort(parsed.Host, parsed.Scheme == "https") {
			parsed.Fragment, parsed.RawFragment, parsed.User = "", "", nil
			return &hop{client: i, uri: string(escapeURI(nil, parsed.String())), away: i != request.client, left: request.Redirects}, true
		}
	}
	return nil, false
}

// turn points a request that was composed at the place of a hop.
func (h *hop) turn(req *fasthttp.Request) {
	if h.away {
		req.Header.Del("Authorization")
		req.Header.Del("Host")
		req.UseHostHeader = false
	}
	req.SetRequestURI(h.uri)
	req.URI().DisablePathNormalizing = true
	if h.method != "" {
		req.Header.SetMethod(h.method)
	}
	if h.bare {
		req.ResetBody()
		req.Header.Del("Content-Type")
	}
}
