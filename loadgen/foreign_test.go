//go:build foreign

package loadgen_test

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/loadgen"
)

// foreign is a server that others wrote, in a folder of its own.
type foreign struct {
	folder, address string
	stop            func()
}

// start runs a server, whose files are written first, and waits until it listens. In files and arguments, ADDRESS, PORT and
// FOLDER stand for its own. It skips the test if the program is not installed.
func start(t *testing.T, files map[string]string, program string, arguments ...string) *foreign {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		t.Skipf("%s is not installed; make foreign installs it", program)
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &foreign{folder: t.TempDir(), address: free.Addr().String()}
	_ = free.Close() // the server listens there next
	_, port, _ := net.SplitHostPort(f.address)
	fill := strings.NewReplacer("ADDRESS", f.address, "PORT", port, "FOLDER", f.folder)
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(f.folder, name), []byte(fill.Replace(text)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for i := range arguments {
		arguments[i] = fill.Replace(arguments[i])
	}
	modules, err := filepath.Abs("../.tools/foreign/node_modules")
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(path, arguments...)
	command.Dir = f.folder
	command.Env = append(os.Environ(), "NODE_PATH="+modules, "HOME="+f.folder, "XDG_DATA_HOME="+f.folder, "XDG_CONFIG_HOME="+f.folder)
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	f.stop = func() { end(command) }
	t.Cleanup(f.stop)
	for began := time.Now(); ; {
		if conn, err := net.DialTimeout("tcp", f.address, time.Second); err == nil {
			_ = conn.Close()
			return f
		}
		if time.Since(began) > time.Minute {
			t.Fatalf("%s never listened", program)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// logged stops the server and counts the lines of its log that hold a text.
func (f *foreign) logged(t *testing.T, text string) int {
	t.Helper()
	f.stop()
	content, err := os.ReadFile(filepath.Join(f.folder, "access.log"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Count(string(content), text)
}

const (
	foreignNginx = `daemon off; master_process off; pid nginx.pid; error_log stderr crit;
events { worker_connections 2048; }
http {
  log_format brief 'status=$status method=$request_method'; access_log access.log brief; keepalive_requests 20; client_max_body_size 1m;
  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
  server { listen ADDRESS ssl http2; ssl_certificate cert.pem; ssl_certificate_key key.pem;
    location / { return 200 "hello"; } location /missing { return 404; } }
}
`
	foreignProxy = `daemon off; master_process off; pid nginx.pid; error_log stderr crit;
events { worker_connections 2048; }
http {
  log_format brief 'status=$status method=$request_method'; access_log access.log brief; keepalive_requests 20;
  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
  server { listen ADDRESS http2; location / { grpc_pass grpc://SERVER; } }
}
`
	foreignCaddy = `{
	admin off
	auto_https off
}
https://127.0.0.1:PORT {
	tls FOLDER/cert.pem FOLDER/key.pem
	log {
		output file FOLDER/access.log
		format json
	}
	respond /missing 404
	respond "hello"
}
`
	foreignNode = `const fs = require("fs"), http2 = require("http2");
const log = fs.openSync("access.log", "a");
http2.createSecureServer({cert: fs.readFileSync("cert.pem"), key: fs.readFileSync("key.pem"), allowHTTP1: true}, (request, response) => {
  let length = 0;
  request.on("data", piece => { length += piece.length; });
  request.on("end", () => {
    const status = request.url.startsWith("/missing") ? 404 : 200;
    fs.writeSync(log, "status=" + status + " method=" + request.method + " length=" + length + "\n");
    response.writeHead(status);
    response.end("hello");
  });
}).listen(PORT, "127.0.0.1");
`
	foreignEcho = `const fs = require("fs"), {WebSocketServer} = require("ws");
const log = fs.openSync("access.log", "a");
new WebSocketServer({host: "127.0.0.1", port: PORT}).on("connection", socket => {
  fs.writeSync(log, "opened\n");
  socket.on("message", (text, binary) => { fs.writeSync(log, "message\n"); socket.send(text, {binary}); });
  socket.on("close", code => fs.writeSync(log, "closed=" + code + "\n"));
});
`
)

// TestForeignServers: nginx, Caddy and Node's http2 log as many requests of each status as are counted, over HTTP/1.1 and
// HTTP/2, on both wires, however connections are used.
func TestForeignServers(t *testing.T) {
	certificate, key := selfSigned(t)
	pem := func(name, text string) map[string]string {
		return map[string]string{name: text, "cert.pem": certificate, "key.pem": key}
	}
	servers := []struct {
		name      string
		begin     func(t *testing.T) *foreign
		good, bad string // what the log says of a status
	}{
		{"nginx", func(t *testing.T) *foreign {
			return start(t, pem("nginx.conf", foreignNginx), "nginx", "-p", "FOLDER", "-c", "nginx.conf", "-e", "stderr")
		}, "status=200", "status=404"},
		{"caddy", func(t *testing.T) *foreign {
			return start(t, pem("Caddyfile", foreignCaddy), "caddy", "run", "--config", "FOLDER/Caddyfile", "--adapter", "caddyfile")
		}, `"status":200`, `"status":404`},
		{"node", func(t *testing.T) *foreign { return start(t, pem("server.js", foreignNode), "node", "server.js") }, "status=200", "status=404"},
	}
	ways := []struct {
		why         string
		connections loadgen.Connections
	}{
		{"kept alive", loadgen.Connections{}},
		{"a connection for each request", loadgen.Connections{Cold: 1}},
		{"a connection for each person", loadgen.Connections{PerPerson: true}},
		{"HTTP/2", loadgen.Connections{HTTP2: true, Streams: 4}},
		{"HTTP/2, a connection for each person", loadgen.Connections{HTTP2: true, PerPerson: true}},
	}
	for _, server := range servers {
		for _, way := range ways {
			t.Run(server.name+", "+way.why, func(t *testing.T) {
				onBothWires(t, func(t *testing.T, change func(*loadgen.Config)) {
					f := server.begin(t)
					r := play(t, config("https://"+f.address, func(c *loadgen.Config) {
						change(c)
						c.Connections = way.connections
						c.Connections.TLS.CA = certificate
						then(c, loadgen.Request{Method: "POST", Path: "/then", Text: strings.Repeat("x", 60<<10)})
						then(c, loadgen.Request{Method: "GET", Path: "/missing"})
					}))
					good, bad := f.logged(t, server.good), strings.Count(logOf(t, f), server.bad)
					if outcomes := r.outcomes(); good != 100 || bad != 50 || outcomes[funnel.Completed] != good || outcomes[funnel.Failed] != bad {
						t.Errorf("logged %d with 200 and %d with 404, outcomes %v; want 100 and 50", good, bad, outcomes)
					}
				})
			})
		}
	}
}

// TestForeignGRPC: calls pass through nginx, which closes a connection after twenty of them, to grpc-go's server, and each is
// logged and answered once. If the server is away, nginx's 502 is UNAVAILABLE.
func TestForeignGRPC(t *testing.T) {
	for _, away := range []bool{false, true} {
		onBothWires(t, func(t *testing.T, change func(*loadgen.Config)) {
			server := callable(t)
			address := map[bool]string{false: server.addr, true: "127.0.0.1:1"}[away]
			f := start(t, map[string]string{"nginx.conf": strings.Replace(foreignProxy, "SERVER", address, 1)}, "nginx", "-p", "FOLDER", "-c", "nginx.conf", "-e", "stderr")
			r := play(t, ordered("http://"+f.address, change))
			logged := f.logged(t, map[bool]string{false: "status=200 method=POST", true: "status=502 method=POST"}[away])
			want := map[bool]funnel.Outcome{false: funnel.Completed, true: funnel.Rejected}[away]
			if logged != 50 || r.outcomes()[want] != 50 || !away && server.counted("UnaryCall", codes.OK) != 50 || away && r.samples[0].Reason.String() != "UNAVAILABLE" {
				t.Errorf("away %v: %d logged, outcomes %v, reason %v; want 50 of %v", away, logged, r.outcomes(), r.samples[0].Reason, want)
			}
		})
	}
}

func logOf(t *testing.T, f *foreign) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(f.folder, "access.log"))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// TestForeignWebSockets: the echo of npm's ws logs as many connections and messages as are counted, on both wires.
func TestForeignWebSockets(t *testing.T) {
	if _, err := os.Stat("../.tools/foreign/node_modules/ws"); err != nil {
		t.Skip("npm's ws is not installed; make foreign installs it")
	}
	onBothWires(t, func(t *testing.T, change func(*loadgen.Config)) {
		f := start(t, map[string]string{"server.js": foreignEcho}, "node", "server.js")
		c := talks("http://"+f.address, "/", asks("hello", loadgen.Check{Equals: "hello"}), asks(strings.Repeat("long ", 20_000), loadgen.Check{Contains: "long"}), loadgen.WebSocket{Close: true})
		change(&c)
		r := newRecorder()
		g, err := loadgen.New(c, func(int) funnel.Observer { return shardRecorder{r} })
		if err != nil {
			t.Fatal(err)
		}
		if err := g.Run(t.Context(), time.Now()); err != nil {
			t.Fatal(err)
		}
		opened, messages := f.logged(t, "opened\n"), strings.Count(logOf(t, f), "message\n")
		counted := g.Totals().Wire.Sockets
		if want := r.outcomes()[funnel.Completed] / 4; opened != want || messages != 2*want || sum(counted.Opened) != opened || sum(counted.Sent) != messages || sum(counted.Received) != messages || want == 0 {
			t.Errorf("logged %d connections and %d messages, counted %+v, outcomes %v", opened, messages, counted, r.outcomes())
		}
	})
}
