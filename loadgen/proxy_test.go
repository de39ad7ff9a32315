package loadgen_test

import (
	"encoding/base64"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/loadgen"
)

// forwarder is a proxy that takes every host for one server.
type forwarder struct {
	to                string // host:port of the server
	login             string // which it wants; empty if it asks for none
	requests, tunnels atomic.Int64
	wrong             atomic.Int64 // requests that do not name their whole URL
}

func (f *forwarder) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if f.login != "" && r.Header.Get("Proxy-Authorization") != "Basic "+base64.StdEncoding.EncodeToString([]byte(f.login)) {
		w.WriteHeader(http.StatusProxyAuthRequired)
		return
	}
	if r.Method == http.MethodConnect {
		f.tunnels.Add(1)
		f.connect(w)
		return
	}
	f.requests.Add(1)
	if r.URL.Host != "shop.example" || r.Host != "shop.example" {
		f.wrong.Add(1)
	}
	r.URL.Host, r.RequestURI = f.to, ""
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	defer answer.Body.Close()
	w.WriteHeader(answer.StatusCode)
	_, _ = io.Copy(w, answer.Body)
}

func (f *forwarder) connect(w http.ResponseWriter) {
	server, err := net.Dial("tcp", f.to)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	w.WriteHeader(http.StatusOK)
	client, read, err := http.NewResponseController(w).Hijack()
	if err != nil {
		_ = server.Close()
		return
	}
	pass := func(to io.Writer, from io.Reader) { // until either end closes
		_, _ = io.Copy(to, from)
		_, _ = client.Close(), server.Close()
	}
	go pass(client, server)
	go pass(server, read) // which may hold what came before the connection was taken over
}

// Requests without TLS name their whole URL to the proxy, those with TLS pass through a tunnel. A proxy that refuses is a
// failure to connect, or an answer of its own.
func TestProxies(t *testing.T) {
	for _, test := range []struct {
		why, scheme    string
		http2          bool
		wants, login   string // of the proxy, and given to it
		except         string
		outcome        funnel.Outcome
		reason         funnel.Reason
		through, holes bool // requests reach the proxy; through tunnels
	}{
		{"plain", "http", false, "", "", "", funnel.Completed, 200, true, false},
		{"plain, with a login", "http", false, "ida:secret", "ida:secret@", "", funnel.Completed, 200, true, false},
		{"plain, without the login", "http", false, "ida:secret", "", "", funnel.Failed, 407, false, false},
		{"over TLS", "https", false, "", "", "", funnel.Completed, 200, false, true},
		{"over TLS, with a login", "https", false, "ida:secret", "ida:secret@", "", funnel.Completed, 200, false, true},
		{"over TLS, without the login", "https", false, "ida:secret", "", "", funnel.Failed, funnel.ReasonDial, false, false},
		{"over HTTP/2", "https", true, "", "", "", funnel.Completed, 200, false, true},
	} {
		server, _, _ := counted(t, test.scheme == "https", func(s *httptest.Server) { s.EnableHTTP2 = test.http2 })
		proxy := &forwarder{to: server.Listener.Addr().String(), login: test.wants}
		front := httptest.NewServer(proxy)
		r := play(t, config(test.scheme+"://shop.example", func(c *loadgen.Config) {
			url := strings.Replace(front.URL, "://", "://"+test.login, 1)
			c.Connections.Proxy = loadgen.Proxy{HTTP: url, HTTPS: url, Except: test.except}
			c.Connections.TLS.Insecure, c.Connections.HTTP2 = true, test.http2
		}))
		front.Close()
		server.Close()
		if r.outcomes()[test.outcome] != 50 || r.samples[0].Reason != test.reason {
			t.Errorf("%s: outcomes %v, reason %v; want 50 %v, reason %v", test.why, r.outcomes(), r.samples[0].Reason, test.outcome, test.reason)
		}
		if through := proxy.requests.Load(); test.through != (through == 50) || (proxy.tunnels.Load() > 0) != test.holes || proxy.wrong.Load() > 0 {
			t.Errorf("%s: %d requests and %d tunnels passed the proxy, %d without their whole URL", test.why, through, proxy.tunnels.Load(), proxy.wrong.Load())
		}
	}
}

// WebSockets, gRPC calls and HTTP/2 without TLS pass through tunnels.
func TestTunnels(t *testing.T) {
	web := httptest.NewServer(echoing())
	defer web.Close()
	plain := second(t, false, nil, func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Proto) })
	server := callable(t)
	proxied := func(to string, c loadgen.Config) (*recorder, *forwarder) {
		proxy := &forwarder{to: to, login: "ida:secret"}
		front := httptest.NewServer(proxy)
		defer front.Close()
		url := strings.Replace(front.URL, "://", "://ida:secret@", 1)
		c.Connections.Proxy = loadgen.Proxy{HTTP: url, HTTPS: url}
		return play(t, c), proxy
	}
	sockets := talks("http://shop.example", "/", asks("push", loadgen.Check{Contains: "true"}), loadgen.WebSocket{Close: true})
	grpc := calls("http://shop.example", "UnaryCall", `{"response_size": 1}`)
	grpc.Requests[0].GRPC.Protos = map[string]string{"shop.proto": echoProto, "parts.proto": partsProto}
	over := config("http://shop.example", func(c *loadgen.Config) {
		c.Connections.HTTP2 = true
		c.Requests[0].Checks = []loadgen.Check{{Contains: "HTTP/2.0"}}
	})
	for _, test := range []struct {
		why       string
		to        string
		config    loadgen.Config
		completed int
	}{
		{"WebSockets", web.Listener.Addr().String(), sockets, 150},
		{"gRPC calls", server.addr, grpc, 50},
		{"HTTP/2 without TLS", plain.Listener.Addr().String(), over, 50},
	} {
		r, proxy := proxied(test.to, test.config)
		if r.outcomes()[funnel.Completed] != test.completed || proxy.tunnels.Load() == 0 || proxy.requests.Load() > 0 {
			t.Errorf("%s: outcomes %v, %d tunnels, %d requests; want %d completed through tunnels", test.why, r.outcomes(), proxy.tunnels.Load(), proxy.requests.Load(), test.completed)
		}
	}
}

// What the variables of the environment say decides who has a proxy. Loopback never has one, and connect-to comes first.
func TestWhoHasAProxy(t *testing.T) {
	proxy := loadgen.Proxy{HTTP: "http://proxy.example:3128", HTTPS: "proxy.example", Except: "inside.example,10.0.0.0/8"}
	for _, test := range []struct{ why, target, address string }{
		{"a host without TLS", "http://shop.example", "proxy.example:3128"},
		{"a host with TLS, and a proxy without scheme and port", "https://shop.example", "proxy.example:80"},
		{"a host of NO_PROXY", "https://inside.example", "inside.example:443"},
		{"a host below one of NO_PROXY", "http://a.inside.example:8080", "a.inside.example:8080"},
		{"an address of NO_PROXY", "http://10.1.2.3", "10.1.2.3:80"},
		{"localhost", "http://localhost:8080", "localhost:8080"},
		{"a loopback address", "http://127.0.0.9:8080", "127.0.0.9:8080"},
		{"a loopback address of IPv6", "https://[::1]", "[::1]:443"},
		{"a Unix socket", "unix:/run/app.sock", "/run/app.sock"},
		{"a host of connect-to", "http://moved.example", "192.0.2.1:80"},
	} {
		c := loadgen.Connections{Proxy: proxy, ConnectTo: map[string]string{"moved.example:80": "192.0.2.1:80"}}
		_, address, at, err := c.PlaceOf(test.target)
		if err != nil || address != test.address || (at != nil) != strings.HasPrefix(test.address, "proxy.") {
			t.Errorf("%s: %s is reached at %s (proxy %v, %v), want %s", test.why, test.target, address, at, err, test.address)
		}
	}
	for _, bad := range []string{"socks5://proxy.example", "https://proxy.example", "http://%zz", "http://proxy.example:port"} {
		if _, err := (loadgen.Proxy{HTTP: bad}).Of("http://shop.example"); err == nil || !strings.Contains(err.Error(), "PROXY=http://127.0.0.1:3128") {
			t.Errorf("the proxy %s: %v", bad, err)
		}
	}
}
