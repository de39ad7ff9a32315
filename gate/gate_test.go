package gate_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/gate"
	"github.com/ombak-sim/ombak/resilience"
)

// start runs a gate in front of a service until the test ends.
func start(t *testing.T, config gate.Config, service http.Handler) (g *gate.Gate, address string) {
	t.Helper()
	if config.Target == nil {
		behind := httptest.NewUnstartedServer(service)
		behind.Config.Protocols = new(http.Protocols)
		behind.Config.Protocols.SetHTTP1(true)
		behind.Config.Protocols.SetUnencryptedHTTP2(true)
		behind.Start()
		t.Cleanup(behind.Close)
		config.Target, _ = url.Parse(behind.URL)
	}
	g, err := gate.New(config)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- g.Serve(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	address, _ = g.Address()
	return g, "http://" + address
}

func policy(name string, settings resilience.Settings) resilience.Policy {
	return resilience.Policy{Name: name, Settings: settings}
}

// ask sends a request and returns the status, the text of the answer and its header.
func ask(t *testing.T, method, url string, header ...string) (int, string, http.Header) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text), response.Header
}

// hello answers everything.
var hello = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprintf(w, "%s %s", r.Method, r.URL) })

// Filters and waiting rooms let exactly as many pass as they should, and tell the others when to come back.
func TestWhoPasses(t *testing.T) {
	slow := resilience.Rate(1e-4) // no token comes while the test runs
	for _, test := range []struct {
		why    string
		policy resilience.Policy
		person string // the identity
		header [2]string
		others [2]string // of another person
		asks   int
		passes int // of the first person
		other  int // of the other person, afterwards, asking as often
		status int
	}{
		{"all share one bucket", policy("shared-token-bucket", resilience.Settings{Rate: slow, Burst: 3}), "address", [2]string{}, [2]string{"X", "1"}, 5, 3, 0, 429},
		{"each session has a bucket", policy("token-bucket", resilience.Settings{Rate: slow, Burst: 2}), "header:Authorization", [2]string{"Authorization", "Bearer a"}, [2]string{"Authorization", "Bearer b"}, 5, 2, 2, 429},
		{"each cookie has a bucket", policy("token-bucket", resilience.Settings{Rate: slow, Burst: 2}), "cookie:sid", [2]string{"Cookie", "x=1; sid=a"}, [2]string{"Cookie", "sid=b; x=1"}, 4, 2, 2, 429},
		{"without the header the address counts", policy("token-bucket", resilience.Settings{Rate: slow, Burst: 2}), "header:Authorization", [2]string{}, [2]string{"X", "1"}, 4, 2, 0, 429},
		{"a room lets its burst in, and keeps places", policy("waiting-room", resilience.Settings{Order: "fifo", Rate: slow, Burst: 1}), "header:Authorization", [2]string{"Authorization", "a"}, [2]string{"Authorization", "b"}, 3, 3, 0, 503},
	} {
		t.Run(test.why, func(t *testing.T) {
			t.Parallel()
			person, err := gate.ParseIdentity(test.person)
			if err != nil {
				t.Fatal(err)
			}
			g, at := start(t, gate.Config{Person: person, Doors: []gate.Door{{At: "step:pay", Routes: []gate.Route{{"POST", "/pay/{}"}}, Policy: test.policy}}}, hello)
			count := func(header [2]string) (passed int) {
				for range test.asks {
					var fields []string
					if header[0] != "" {
						fields = header[:]
					}
					status, text, answer := ask(t, "POST", at+"/pay/7?x=1", fields...)
					switch status {
					case 200:
						passed++
					case test.status:
						after, err := strconv.Atoi(answer.Get("Retry-After"))
						if err != nil || after < 1 || !strings.Contains(text, `"code":`) {
							t.Errorf("an answer that says when to come back has Retry-After %q and the text %s", answer.Get("Retry-After"), text)
						}
					default:
						t.Errorf("status %d", status)
					}
				}
				return passed
			}
			if passed := count(test.header); passed != test.passes {
				t.Errorf("%d passed, not %d", passed, test.passes)
			}
			if passed := count(test.others); passed != test.other {
				t.Errorf("%d of another passed, not %d", passed, test.other)
			}
			for _, elsewhere := range []string{"/pay", "/pay/7/8", "/"} {
				if status, _, _ := ask(t, "POST", at+elsewhere, "Authorization", "c"); status != 200 {
					t.Errorf("%s is answered with %d", elsewhere, status)
				}
			}
			if status, _, _ := ask(t, "GET", at+"/pay/7", "Authorization", "d"); status != 200 {
				t.Errorf("another method is answered with %d", status)
			}
			counts := g.Counts()[0]
			if want := uint64(test.passes + test.other); counts.Passed != want || counts.TurnedAway != uint64(2*test.asks)-want {
				t.Errorf("the door counts %+v", counts)
			}
		})
	}
}

// A queue serves as many as its limit, lets as many wait as it has places, and turns the rest away; whoever leaves gives
// the place to another.
func TestQueue(t *testing.T) {
	for _, queue := range []resilience.Policy{
		policy("bounded-fifo", resilience.Settings{Limit: 2, Queue: 3}),
		policy("codel", resilience.Settings{Limit: 2, Queue: 3, Target: time.Hour, Interval: time.Hour}),
		policy("adaptive-concurrency", resilience.Settings{Algorithm: "aimd", Min: 2, Max: 2, Limit: 2, Queue: 3, Target: time.Hour}),
		policy("priority-shed", resilience.Settings{Limit: 2, Queue: 3}),
	} {
		t.Run(queue.Name, func(t *testing.T) {
			t.Parallel()
			release := make(chan struct{})
			held := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release })
			g, at := start(t, gate.Config{Doors: []gate.Door{{At: "entry", Policy: queue}}}, held)
			until := func(why string, holds func(gate.Counts) bool) {
				t.Helper()
				for !holds(g.Counts()[0]) {
					if t.Context().Err() != nil {
						t.Fatalf("it never happened: %s: %+v", why, g.Counts()[0])
					}
					time.Sleep(time.Millisecond)
				}
			}
			var asking sync.WaitGroup
			statuses := make(chan int, 16)
			send := func(ctx context.Context) {
				asking.Go(func() {
					request, _ := http.NewRequestWithContext(ctx, "GET", at, http.NoBody)
					if response, err := http.DefaultClient.Do(request); err == nil {
						_ = response.Body.Close()
						statuses <- response.StatusCode
					}
				})
			}
			for range 2 {
				send(t.Context())
			}
			until("two are in service", func(c gate.Counts) bool { return c.InUse == 2 })
			impatient, leave := context.WithCancel(t.Context())
			send(impatient)
			for range 2 {
				send(t.Context())
			}
			until("three wait", func(c gate.Counts) bool { return c.Queued == 3 })
			if status, _, answer := ask(t, "GET", at); status != 503 || answer.Get("Retry-After") == "" {
				t.Errorf("the sixth gets %d", status)
			}
			leave()
			until("one has left", func(c gate.Counts) bool { return c.Left == 1 && c.Queued == 2 })
			send(t.Context())
			until("another has the place", func(c gate.Counts) bool { return c.Queued == 3 })
			close(release)
			asking.Wait()
			close(statuses)
			answered := 0
			for status := range statuses {
				if answered++; status != 200 {
					t.Errorf("somebody who waited gets %d", status)
				}
			}
			until("all have given their places back", func(c gate.Counts) bool { return c.InUse == 0 })
			if counts := g.Counts()[0]; answered != 5 || counts.Passed != 5 || counts.TurnedAway != 1 || counts.Limit != 2 {
				t.Errorf("%d were answered, and the door counts %+v", answered, counts)
			}
		})
	}
}

// What goes through the gate is what came: methods, queries, bodies, encodings, redirects, answers in parts, other
// protocols.
func TestPassesOn(t *testing.T) {
	parts := make(chan string)
	mux := http.NewServeMux()
	mux.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Seen", r.Method+" "+r.URL.RawQuery+" "+r.Header.Get("X-Own")+" "+r.Header.Get("Accept-Encoding")+" "+r.Header.Get("X-Forwarded-For"))
		w.WriteHeader(http.StatusTeapot)
		_, _ = io.Copy(w, r.Body)
	})
	mux.HandleFunc("/away", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", "http://"+r.Host+"/there?a=b")
		w.WriteHeader(http.StatusFound)
	})
	mux.HandleFunc("/elsewhere", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "http://example.org/there")
		w.WriteHeader(http.StatusFound)
	})
	mux.HandleFunc("/parts", func(w http.ResponseWriter, _ *http.Request) {
		w.(http.Flusher).Flush()
		for part := range parts {
			_, _ = io.WriteString(w, part)
			w.(http.Flusher).Flush()
		}
	})
	mux.HandleFunc("/switch", func(w http.ResponseWriter, _ *http.Request) {
		conn, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
		line, _ := buffered.ReadString('\n')
		_, _ = io.WriteString(conn, "heard "+line)
	})
	mux.HandleFunc("/version", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Proto) })
	_, at := start(t, gate.Config{Doors: []gate.Door{{At: "entry", Policy: policy("static-limit", resilience.Settings{Limit: 9})}}}, mux)

	request, _ := http.NewRequestWithContext(t.Context(), "PUT", at+"/echo?b=2&a=%20", strings.NewReader("body"))
	request.Header.Set("X-Own", "mine")
	request.Header.Set("Accept-Encoding", "br")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	text, _ := io.ReadAll(response.Body)
	_ = response.Body.Close()
	if got := response.Header.Get("Seen"); response.StatusCode != 418 || string(text) != "body" || got != "PUT b=2&a=%20 mine br 127.0.0.1" {
		t.Errorf("%d %q %q", response.StatusCode, text, got)
	}
	if _, _, header := ask(t, "GET", at+"/away"); header.Get("Location") != "/there?a=b" {
		t.Errorf("a redirect to the service leads to %q", header.Get("Location"))
	}
	if _, _, header := ask(t, "GET", at+"/elsewhere"); header.Get("Location") != "http://example.org/there" {
		t.Errorf("a redirect elsewhere leads to %q", header.Get("Location"))
	}

	response, err = http.Get(at + "/parts")
	if err == nil {
		defer response.Body.Close()
		reader := bufio.NewReader(response.Body)
		for _, part := range []string{"one\n", "two\n"} {
			parts <- part
			if line, err := reader.ReadString('\n'); err != nil || line != part {
				t.Errorf("a part comes as %q, %v", line, err)
			}
		}
	}
	close(parts)

	conn, err := net.Dial("tcp", strings.TrimPrefix(at, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "GET /switch HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
	reader := bufio.NewReader(conn)
	if status, _ := reader.ReadString('\n'); !strings.Contains(status, "101") {
		t.Fatalf("the protocol is not switched: %s", status)
	}
	fmt.Fprint(conn, "ping\n")
	rest, _ := io.ReadAll(reader)
	if !strings.HasSuffix(string(rest), "heard ping\n") {
		t.Errorf("after the switch comes %q", rest)
	}

	client := http.Client{Transport: &http.Transport{Protocols: new(http.Protocols)}}
	client.Transport.(*http.Transport).Protocols.SetUnencryptedHTTP2(true)
	if response, err = client.Get(at + "/version"); err != nil {
		t.Fatal(err)
	}
	text, _ = io.ReadAll(response.Body)
	_ = response.Body.Close()
	if string(text) != "HTTP/2.0" {
		t.Errorf("a request of HTTP/2 reaches the service as %s", text)
	}
}

// A gate that offers HTTP/2 over TLS stands in front of services without it, too. Calls of gRPC keep HTTP/2.
func TestOffersHTTP2(t *testing.T) {
	version := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Proto) })
	made := httptest.NewTLSServer(nil) // for its certificate
	made.Close()
	trusted := x509.NewCertPool()
	trusted.AddCert(made.Certificate())
	for _, test := range []struct {
		why              string
		serviceTLS, both bool // whether the service has TLS, and HTTP/2 besides HTTP/1.1
		kind, want       string
	}{
		{"a service with HTTP/1.1 alone", false, false, "text/plain", "HTTP/1.1"},
		{"a service with HTTP/1.1 alone over TLS", true, false, "text/plain", "HTTP/1.1"},
		{"a service that has both over TLS", true, true, "text/plain", "HTTP/2.0"},
		{"a call of gRPC", false, true, "application/grpc", "HTTP/2.0"},
	} {
		behind := httptest.NewUnstartedServer(version)
		behind.Config.Protocols = new(http.Protocols)
		behind.Config.Protocols.SetHTTP1(true)
		if test.serviceTLS {
			behind.EnableHTTP2 = test.both
			behind.Config.Protocols.SetHTTP2(test.both)
			behind.StartTLS()
		} else {
			behind.Config.Protocols.SetUnencryptedHTTP2(test.both)
			behind.Start()
		}
		defer behind.Close()
		target, _ := url.Parse(behind.URL)
		_, at := start(t, gate.Config{Target: target, TLS: &tls.Config{RootCAs: trusted}, Serving: &tls.Config{Certificates: made.TLS.Certificates}}, nil)
		client := http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusted}, ForceAttemptHTTP2: true}}
		defer client.CloseIdleConnections()
		response, err := client.Post(strings.Replace(at, "http:", "https:", 1), test.kind, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if response.ProtoMajor != 2 || string(text) != test.want {
			t.Errorf("%s: a request over %s reaches the service as %s, not %s", test.why, response.Proto, text, test.want)
		}
	}
}

// A WebSocket that stays open keeps no place in front of the service: the request that opened it is done.
func TestOpenWebSocketsKeepNoPlace(t *testing.T) {
	g, at := start(t, gate.Config{Metrics: "127.0.0.1:0", Doors: []gate.Door{{At: "entry", Policy: policy("static-limit", resilience.Settings{Limit: 1})}}}, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
		_, _ = buffered.ReadString('\n') // until the client closes it
	}))
	for range 3 {
		conn, err := net.Dial("tcp", strings.TrimPrefix(at, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		fmt.Fprint(conn, "GET /live HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
		if status, _ := bufio.NewReader(conn).ReadString('\n'); !strings.Contains(status, "101") {
			t.Fatalf("a WebSocket beside others is answered %q", status)
		}
	}
	if counts := g.Counts(); counts[0].Passed != 3 || counts[0].InUse != 0 {
		t.Errorf("with three WebSockets open, the door has %+v", counts[0])
	}
	_, metrics := g.Address()
	if _, text, _ := ask(t, "GET", "http://"+metrics+"/metrics"); !strings.Contains(text, `ombak_gate_answers_total{status="101"} 3`) {
		t.Errorf("the metrics miss the answers:\n%s", text)
	}
}

// A call of gRPC that is turned away ends with a status of gRPC.
func TestTurnsCallsAway(t *testing.T) {
	for _, test := range []struct {
		policy resilience.Policy
		code   string
	}{
		{policy("shared-token-bucket", resilience.Settings{Rate: 1e-4, Burst: 1}), "8"},
		{policy("waiting-room", resilience.Settings{Order: "fifo", Rate: 1e-4, Burst: 1}), "14"},
	} {
		_, at := start(t, gate.Config{Person: gate.Identity{Header: "Authorization"}, Doors: []gate.Door{{At: "step:buy", Policy: test.policy}}}, hello)
		ask(t, "POST", at, "Content-Type", "application/grpc", "Authorization", "a")
		status, _, header := ask(t, "POST", at, "Content-Type", "application/grpc+proto", "Authorization", "b")
		if status != 200 || header.Get("Grpc-Status") != test.code {
			t.Errorf("%s ends a call with %d and the status %q, not %s", test.policy.Name, status, header.Get("Grpc-Status"), test.code)
		}
	}
}

// A service may be behind a Unix socket.
func TestServiceBehindASocket(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "app.sock")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	served := &httptest.Server{Listener: listener, Config: &http.Server{Handler: hello}}
	served.Start()
	defer served.Close()
	target, _ := url.Parse("http://localhost/")
	_, at := start(t, gate.Config{Target: target, Socket: socket}, nil)
	if status, text, _ := ask(t, "GET", at+"/x?y=1"); status != 200 || text != "GET /x?y=1" {
		t.Errorf("%d %s", status, text)
	}
}

// A service that is not there is answered for, and an idle gate ends at once.
func TestServiceIsGone(t *testing.T) {
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	target, _ := url.Parse("http://" + gone.Addr().String())
	_ = gone.Close()
	_, at := start(t, gate.Config{Target: target}, nil)
	if status, text, _ := ask(t, "GET", at); status != 502 || !strings.Contains(text, "did not answer") {
		t.Errorf("%d %s", status, text)
	}
}

// Every policy either stands in a gate or is refused, at every place.
func TestEveryPolicy(t *testing.T) {
	stand := map[string]bool{}
	for _, descriptor := range resilience.Policies() {
		for _, site := range descriptor.Places {
			settings := resilience.Settings{Limit: 1, Min: 1, Max: 2, Rate: 1, Every: time.Second, TTL: time.Second, Workers: 1, Queue: 1, Order: "fifo", HitRate: 0.5, PerServer: 1}
			if descriptor.Default != nil {
				settings = descriptor.Default(settings)
			}
			if gate.Runs(resilience.Policy{Name: descriptor.Name, Settings: settings}, site) {
				stand[descriptor.Name] = true
			}
			if site == resilience.AtCall && gate.Runs(resilience.Policy{Name: descriptor.Name, Settings: settings}, site) {
				t.Errorf("%s stands at a call", descriptor.Name)
			}
		}
	}
	want := []string{"static-limit", "bounded-fifo", "codel", "adaptive-concurrency", "priority-shed", "token-bucket", "shared-token-bucket", "waiting-room"}
	for _, name := range want {
		if !stand[name] {
			t.Errorf("%s does not stand in a gate", name)
		}
	}
	if len(stand) != len(want) {
		t.Errorf("these stand in a gate: %v", stand)
	}
}

// TestDocumentedMetrics compares docs/reference/metrics.md with the metrics of the gate.
func TestDocumentedMetrics(t *testing.T) {
	g, at := start(t, gate.Config{Metrics: "127.0.0.1:0", Doors: []gate.Door{{At: "entry", Policy: policy("static-limit", resilience.Settings{Limit: 9})}}}, hello)
	ask(t, "GET", at)
	_, metrics := g.Address()
	_, text, _ := ask(t, "GET", "http://"+metrics+"/metrics")
	page, err := os.ReadFile("../docs/reference/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`(?m)^# HELP (\S+) (.*)\n# TYPE \S+ (\w+)`).FindAllStringSubmatch(text, -1)
	if len(found) != 5 {
		t.Errorf("the gate has %d metrics:\n%s", len(found), text)
	}
	for _, match := range found {
		if row := regexp.MustCompile(`(?m)^\| .` + match[1] + `. \| ` + match[3] + ` \| [a-z, ]* \| ` + regexp.QuoteMeta(match[2]) + ` \|$`); !row.Match(page) {
			t.Errorf("docs/reference/metrics.md lacks %s, a %s: %s", match[1], match[3], match[2])
		}
	}
	if !strings.Contains(text, `ombak_gate_requests_total{at="entry",outcome="passed",policy="static-limit"} 1`) || !strings.Contains(text, `ombak_gate_answers_total{status="200"} 1`) {
		t.Errorf("the metrics miss a request:\n%s", text)
	}
}
