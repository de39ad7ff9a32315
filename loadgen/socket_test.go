package loadgen_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/loadgen"
)

// behindSocket serves on a Unix socket, and returns its path.
func behindSocket(t *testing.T, secure bool, answer http.HandlerFunc) (socket string, server *httptest.Server) {
	t.Helper()
	socket = filepath.Join(t.TempDir(), "app.sock")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Skipf("this system has no Unix sockets: %v", err)
	}
	server = httptest.NewUnstartedServer(answer)
	_ = server.Listener.Close() // of TCP
	server.Listener = listener
	if secure {
		server.StartTLS()
	} else {
		server.Start()
	}
	t.Cleanup(server.Close)
	return socket, server
}

// Requests reach a Unix socket, whichever way it is written, with localhost as their host; the way that connect-to names
// one leaves host and TLS as they are.
func TestUnixSockets(t *testing.T) {
	onBothWires(t, func(t *testing.T, change func(*loadgen.Config)) {
		for _, test := range []struct {
			why, path, host string
			secure          bool
			target          func(socket string, c *loadgen.Config) string
		}{
			{"short", "/", "localhost", false, func(socket string, _ *loadgen.Config) string { return "unix:" + socket }},
			{"with slashes", "/", "localhost", false, func(socket string, _ *loadgen.Config) string { return "unix://" + socket }},
			{"with a path before all others", "/v1/", "localhost", false, func(socket string, _ *loadgen.Config) string {
				return "http+unix://" + strings.ReplaceAll(socket, "/", "%2F") + "/v1"
			}},
			{"a host that connect-to leads to a socket", "/", "shop.example", false, func(socket string, c *loadgen.Config) string {
				c.Connections.ConnectTo = map[string]string{"shop.example:80": "unix:" + socket}
				return "http://shop.example"
			}},
			{"over TLS", "/", "example.com", true, func(socket string, c *loadgen.Config) string {
				c.Connections.ConnectTo = map[string]string{"example.com:443": "unix:" + socket}
				return "https://example.com"
			}},
		} {
			wrong := make(chan string, 1000)
			socket, server := behindSocket(t, test.secure, func(_ http.ResponseWriter, r *http.Request) {
				if r.Host != test.host || r.URL.Path != test.path {
					wrong <- r.Host + r.URL.Path
				}
			})
			r := play(t, config("", func(c *loadgen.Config) {
				change(c)
				c.Warm = 3
				c.Targets["web"] = test.target(socket, c)
				if test.secure {
					c.Connections.TLS.CA = certificateOf(server)
				}
			}))
			if r.outcomes()[funnel.Completed] != 50 || len(wrong) > 0 {
				t.Errorf("%s: outcomes %v, reason %v; %d requests had another host or path", test.why, r.outcomes(), r.samples[0].Reason, len(wrong))
			}
		}
		r := play(t, config("unix:"+filepath.Join(t.TempDir(), "none.sock"), change))
		if r.outcomes()[funnel.Failed] != 50 || r.samples[0].Reason != funnel.ReasonDial {
			t.Errorf("no socket: outcomes %v, reason %v", r.outcomes(), r.samples[0].Reason)
		}
	})
}

// What names no socket is refused with an example.
func TestSocketsAreWholePaths(t *testing.T) {
	for _, target := range []string{"unix:app.sock", "unix:", "http+unix://app.sock", "http+unix://%zz/", "http+unix:///run/app.sock"} {
		if err := loadgen.CheckTarget("web", target); err == nil || !strings.Contains(err.Error(), "unix:/run/app.sock") {
			t.Errorf("%s: %v", target, err)
		}
	}
}
