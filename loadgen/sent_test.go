package loadgen_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/loadgen"
)

// sent plays one person and returns the method, request line, host, login, X-Key and body that a net/http
// server received.
func sent(t *testing.T, login string, http2, secure bool, change func(*loadgen.Config)) string {
	t.Helper()
	var mu sync.Mutex
	var seen []string
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		user, password, _ := r.BasicAuth()
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, fmt.Sprintf("%s %s host=%s login=%s:%s key=%s %s", r.Method, r.RequestURI, r.Host, user, password, r.Header.Get("X-Key"), body))
	}))
	server.EnableHTTP2 = http2
	if secure {
		server.StartTLS()
	} else {
		server.Start()
	}
	defer server.Close()
	target := strings.Replace(server.URL, "://", "://"+login, 1)
	r := play(t, config(target, func(c *loadgen.Config) {
		c.Signups.Bins.Counts, c.Connections.HTTP2, c.Connections.TLS.CA = []int{1}, http2, certificateOf(server)
		change(c)
	}))
	mu.Lock()
	defer mu.Unlock()
	if len(seen) != 1 || r.outcomes()[funnel.Completed] != 1 {
		t.Fatalf("outcomes %v, seen %q; want one request", r.outcomes(), seen)
	}
	return strings.ReplaceAll(seen[0], server.Listener.Addr().String(), "HOST")
}

func TestValuesAreEscapedWhereTheyStand(t *testing.T) {
	value := "p\"w\\d a&b=c+d#e%2F/?\r\nñ"
	vars := map[string]string{"c": value, "host": "shop.example"}
	users := loadgen.Feeder{Columns: []string{"name"}, Rows: [][]string{{value}}}
	const segment, query = "p%22w%5Cd%20a&b=c+d%23e%252F%2F%3F%0D%0A%C3%B1", "p%22w%5Cd%20a%26b%3Dc%2Bd%23e%252F%2F%3F%0D%0A%C3%B1"
	for _, test := range []struct {
		why     string
		login   string
		request loadgen.Request
		want    string
	}{
		{"a variable in a JSON string", "", loadgen.Request{Method: "POST", Path: "/", JSON: `{"t":"${var.c}"}`}, `POST / host=HOST login=: key= {"t":"p\"w\\d a&b=c+d#e%2F/?\u000d\u000añ"}`},
		{"a variable in a path and a query", "", loadgen.Request{Path: "/a/${var.c}/b?x=${var.c}&y=1"}, "GET /a/" + segment + "/b?x=" + query + "&y=1 host=HOST login=: key= "},
		{"a cell in a path and a query", "", loadgen.Request{Path: "/a/${feeder.u.name}/b?x=${feeder.u.name}&y=1"}, "GET /a/" + segment + "/b?x=" + query + "&y=1 host=HOST login=: key= "},
		{"a header has no line breaks", "", loadgen.Request{Path: "/", Headers: map[string]string{"X-Key": "a${var.c}"}}, "GET / host=HOST login=: key=ap\"w\\d a&b=c+d#e%2F/?  ñ "},
		{"a text is unchanged", "", loadgen.Request{Method: "POST", Path: "/", Text: "${var.c}"}, "POST / host=HOST login=: key= " + value},
		{"literals are encoded if necessary", "", loadgen.Request{Path: "/ok//x%2Fy?q=a b&r=ñ+1"}, "GET /ok//x%2Fy?q=a%20b&r=%C3%B1+1 host=HOST login=: key= "},
		{"another host", "", loadgen.Request{Path: "/x", Headers: map[string]string{"host": "${var.host}"}}, "GET /x host=shop.example login=: key= "},
		{"a login is decoded", "user:pa%24sW%3A0rd@", loadgen.Request{Path: "/"}, "GET / host=HOST login=user:pa$sW:0rd key= "},
		{"a step's own login overrides it", "user:secret@", loadgen.Request{Path: "/", Headers: map[string]string{"authorization": "Basic YTpi"}}, "GET / host=HOST login=a:b key= "},
		{"a dollar and a brace", "", loadgen.Request{Method: "POST", Path: "/$${x}", Text: "$${x} $$${var.host} $$ ${var.host}"}, "POST /$%7Bx%7D host=HOST login=: key= ${x} $${var.host} $$ shop.example"},
	} {
		for _, protocol := range []struct{ http2, secure bool }{{false, false}, {false, true}, {true, true}} {
			got := sent(t, test.login, protocol.http2, protocol.secure, func(c *loadgen.Config) {
				c.Vars, c.Feeders = vars, map[string]loadgen.Feeder{"u": users}
				test.request.Target, test.request.Completed = "web", []int{200}
				if test.request.Method == "" {
					test.request.Method = "GET"
				}
				c.Requests[0] = test.request
			})
			if got != test.want {
				t.Errorf("%s, %+v:\n got %q\nwant %q", test.why, protocol, got, test.want)
			}
		}
	}
}
