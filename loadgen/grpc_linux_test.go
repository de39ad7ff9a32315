package loadgen_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/pem"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/interop"
	testgrpc "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/stats"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/loadgen"
	"github.com/ombak-sim/ombak/workload"
)

// received is a call as it came over the wire.
type received struct {
	fields map[string]string
	body   []byte
}

// receiver answers calls of one connection, and keeps them.
type receiver struct {
	mu    sync.Mutex
	calls []received
}

func (r *receiver) serve(conn net.Conn) {
	preface := make([]byte, len(http2.ClientPreface))
	if _, err := io.ReadFull(conn, preface); err != nil {
		return
	}
	framer := http2.NewFramer(conn, conn)
	framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	_ = framer.WriteSettings() // the next read fails, too
	under := map[uint32]*received{}
	for {
		frame, err := framer.ReadFrame()
		if err != nil {
			return
		}
		switch f := frame.(type) {
		case *http2.MetaHeadersFrame:
			one := &received{fields: map[string]string{}}
			for _, field := range f.Fields {
				one.fields[field.Name] += field.Value
			}
			under[f.StreamID] = one
		case *http2.DataFrame:
			one := under[f.StreamID]
			if one.body = append(one.body, f.Data()...); !f.StreamEnded() {
				continue
			}
			r.mu.Lock()
			r.calls = append(r.calls, *one)
			r.mu.Unlock()
			_ = inOrder(begins(), data(message(0, greeting)), ends("0"))(framer, f.StreamID) // likewise
		}
	}
}

// A call goes over the wire as the protocol asks for, and says how long the caller waits; the patience of those who leave
// silently is not told.
func TestGRPCCallsOnTheWire(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		why      string
		change   func(*loadgen.Config)
		deadline []string // units of grpc-timeout
	}{
		{"a timeout", func(*loadgen.Config) {}, []string{"u"}},
		{"no timeout", func(c *loadgen.Config) { c.Journey.Steps[0].Timeout = 0 }, nil},
		{"patience that ends first", func(c *loadgen.Config) { c.Journey.Steps[0].Patience = workload.ConstantTime(30 * time.Second) }, []string{"u"}},
		{"silent patience beside a timeout", func(c *loadgen.Config) {
			c.Journey.Steps[0].Patience, c.Requests[0].Silent = workload.ConstantTime(30*time.Second), true
			c.Journey.Steps[0].Timeout = 2 * time.Hour
		}, []string{"m"}},
		{"silent patience alone", func(c *loadgen.Config) {
			c.Journey.Steps[0].Patience, c.Requests[0].Silent = workload.ConstantTime(30*time.Second), true
			c.Journey.Steps[0].Timeout = 0
		}, nil},
	} {
		var r receiver
		run := play(t, ordered(raw(t, r.serve), func(c *loadgen.Config) {
			c.Portable, c.Shards, c.Signups.Bins.Counts = false, 1, []int{3}
			c.Requests[0].Headers = map[string]string{
				"X-Person": "${person.nik}", "x-raw-bin": "\x00\x01\x02${person.nik}", "Host": "other", "Content-Type": "text/plain", "TE": "gzip", "Authorization": "Bearer 1", "Grpc-Timeout": "1n",
			}
			test.change(c)
		}))
		r.mu.Lock()
		came := r.calls
		r.mu.Unlock()
		if run.outcomes()[funnel.Completed] != 3 || len(came) != 3 {
			t.Fatalf("%s: outcomes %v, %d calls", test.why, run.outcomes(), len(came))
		}
		for _, call := range came {
			limit, limited := call.fields["grpc-timeout"]
			delete(call.fields, "grpc-timeout")
			if limited != (test.deadline != nil) || limited && (len(limit) > 9 || !slices.Contains(test.deadline, limit[len(limit)-1:])) {
				t.Errorf("%s: the timeout is %q", test.why, limit)
			}
			person, binary := call.fields["x-person"], call.fields["x-raw-bin"]
			delete(call.fields, "x-person")
			delete(call.fields, "x-raw-bin")
			want := map[string]string{
				":authority": call.fields[":authority"], ":method": "POST", ":path": "/grpc.testing.TestService/UnaryCall", ":scheme": "http", "content-type": "application/grpc",
				"te": "trailers", "user-agent": "ombak", "grpc-accept-encoding": "gzip", "authorization": "Bearer 1",
			}
			if !maps.Equal(call.fields, want) || !strings.HasPrefix(call.fields[":authority"], "127.0.0.1:") || len(person) != 16 || !strings.HasPrefix(binary, "AAEC") || len(binary) != 26 {
				t.Errorf("%s: fields %v, person %q, binary %q", test.why, call.fields, person, binary)
			}
			if want := message(0, []byte{0x10, 1}); !bytes.Equal(call.body, want) {
				t.Errorf("%s: the body is %x; want %x", test.why, call.body, want)
			}
		}
	}
}

// connected counts the connections of a server.
type connected struct{ opened, open atomic.Int64 }

func (c *connected) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context { return ctx }
func (c *connected) HandleRPC(context.Context, stats.RPCStats)                       {}
func (c *connected) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context {
	return ctx
}

func (c *connected) HandleConn(_ context.Context, event stats.ConnStats) {
	switch event.(type) {
	case *stats.ConnBegin:
		c.opened.Add(1)
		c.open.Add(1)
	case *stats.ConnEnd:
		c.open.Add(-1)
	}
}

// Unary calls share connections, have their own, or a cold one, as the scenario says, and what is counted is what the server
// saw, with TLS and without.
func TestGRPCConnections(t *testing.T) {
	t.Parallel()                      // it mostly waits
	web := httptest.NewTLSServer(nil) // only for its certificate
	defer web.Close()
	authority := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: web.Certificate().Raw}))
	secured := grpc.Creds(credentials.NewTLS(&tls.Config{Certificates: web.TLS.Certificates, NextProtos: []string{"h2"}}))
	for _, secure := range []bool{false, true} {
		for _, test := range []struct {
			why         string
			connections loadgen.Connections
			least, most int64
		}{
			{"shared", loadgen.Connections{}, 1, 1},
			{"one for each person", loadgen.Connections{PerPerson: true}, 5, 5},
			{"one for each call", loadgen.Connections{Cold: 1}, 10, 10},
			{"closed by age", loadgen.Connections{Life: time.Nanosecond}, 2, 10}, // calls that come while one opens share it
			{"one for each person and closed by age", loadgen.Connections{PerPerson: true, Life: time.Nanosecond}, 10, 10},
			{"one call on each at a time", loadgen.Connections{Streams: 1}, 1, 10},
		} {
			var counts connected
			options := []grpc.ServerOption{grpc.StatsHandler(&counts)}
			if secure {
				options = append(options, secured)
			}
			server := callable(t, options...)
			c := ordered(map[bool]string{false: server.url, true: "https://" + server.addr}[secure], func(c *loadgen.Config) {
				inTurn(c)
				c.Portable, c.Connections = false, test.connections
				c.Connections.TLS.CA = map[bool]string{true: authority}[secure]
			})
			r := newRecorder()
			g, err := loadgen.New(c, func(int) funnel.Observer { return shardRecorder{r} })
			if err != nil {
				t.Fatal(err)
			}
			if err := g.Run(t.Context(), time.Now()); err != nil {
				t.Fatal(err)
			}
			n, shaken := counts.opened.Load(), g.Totals().Handshakes
			if n < test.least || n > test.most || r.outcomes()[funnel.Completed] != 10 || int64(sum(g.Totals().Wire.Opened)) != n || secure != (int64(shaken.Full+shaken.Resumed) == n) {
				t.Errorf("TLS %v, %s: %d connections, counted %d and the handshakes %+v, outcomes %v; want %d to %d", secure, test.why, n, sum(g.Totals().Wire.Opened), shaken, r.outcomes(), test.least, test.most)
			}
		}
	}
}

// both serves HTTP/1.1 and gRPC at one address.
func both(t *testing.T) (url string, pages *atomic.Int64) {
	t.Helper()
	calls := grpc.NewServer()
	testgrpc.RegisterTestServiceServer(calls, interop.NewTestServer())
	pages = new(atomic.Int64)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor == 2 {
			calls.ServeHTTP(w, r)
			return
		}
		pages.Add(1)
	}))
	alsoHTTP2(server, false)
	server.Start()
	t.Cleanup(server.Close)
	return server.URL, pages
}

// One target may speak HTTP/1.1 and gRPC, whoever owns the connections.
func TestGRPCAndHTTPOnOneTarget(t *testing.T) {
	t.Parallel()
	for _, connections := range []loadgen.Connections{{}, {PerPerson: true}, {Cold: 1}, {Cold: 0.5}, {PerPerson: true, Cold: 0.5}} {
		url, pages := both(t)
		r := play(t, ordered(url, func(c *loadgen.Config) {
			c.Portable, c.Connections, c.Warm = false, connections, 4
			then(c, loadgen.Request{Method: "GET", Path: "/"})
			c.Requests, c.Journey.Steps = append(c.Requests, c.Requests...), append(c.Journey.Steps, c.Journey.Steps...)
		}))
		if r.outcomes()[funnel.Completed] != 200 || pages.Load() != 100 {
			t.Errorf("%+v: outcomes %v, %d pages; want 200 completed and 100 pages", connections, r.outcomes(), pages.Load())
		}
	}
}

// Streams of messages stay with grpc-go beside unary calls to the same server, on connections of its own.
func TestGRPCStreamsBesideUnaryCalls(t *testing.T) {
	t.Parallel()
	var counts connected
	server := callable(t, grpc.StatsHandler(&counts))
	c := calls(server.url, "UnaryCall", `{"response_size": 1}`)
	c.Portable = false
	c.Journey.Steps = append(c.Journey.Steps, c.Journey.Steps[0])
	c.Requests = append(c.Requests, c.Requests[0])
	c.Requests[1].GRPC = &loadgen.GRPC{Method: "grpc.testing.TestService/FullDuplexCall", Messages: []string{`{"response_parameters": [{"size": 1}]}`}}
	if r := play(t, c); r.outcomes()[funnel.Completed] != 100 {
		t.Errorf("outcomes %v", r.outcomes())
	}
	if unary, streams := server.counted("UnaryCall", codes.OK), server.counted("FullDuplexCall", codes.OK); unary != 50 || streams != 50 || counts.opened.Load() < 4 {
		t.Errorf("answered %d and %d on %d connections", unary, streams, counts.opened.Load())
	}
}

// Calls reach a Unix socket, and name localhost as their host.
func TestGRPCOverUnixSockets(t *testing.T) {
	t.Parallel()
	onBothWires(t, func(t *testing.T, change func(*loadgen.Config)) {
		socket := filepath.Join(t.TempDir(), "app.sock")
		listener, err := net.Listen("unix", socket)
		if err != nil {
			t.Fatal(err)
		}
		var wrong atomic.Int64
		server := grpc.NewServer(grpc.UnaryInterceptor(func(ctx context.Context, request any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
			if md, _ := metadata.FromIncomingContext(ctx); !slices.Equal(md.Get(":authority"), []string{"localhost"}) {
				wrong.Add(1)
			}
			return next(ctx, request)
		}))
		testgrpc.RegisterTestServiceServer(server, interop.NewTestServer())
		var serving sync.WaitGroup
		serving.Go(func() { _ = server.Serve(listener) })
		defer serving.Wait()
		defer server.Stop()
		for _, target := range []string{"unix:" + socket, "http+unix://" + strings.ReplaceAll(socket, "/", "%2F")} {
			if r := play(t, ordered(target, change)); r.outcomes()[funnel.Completed] != 50 || wrong.Load() > 0 {
				t.Errorf("%s: outcomes %v, %d with another host", target, r.outcomes(), wrong.Load())
			}
		}
	})
}

// A server that limits the age of its connections closes them in order, and no call is lost.
func TestGRPCServersWithYoungConnections(t *testing.T) {
	t.Parallel() // it mostly waits
	var counts connected
	server := callable(t, grpc.StatsHandler(&counts), grpc.KeepaliveParams(keepalive.ServerParameters{MaxConnectionAge: 20 * time.Millisecond}))
	r := play(t, ordered(server.url, func(c *loadgen.Config) {
		c.Portable = false
		c.Signups.Mode, c.Signups.Bins = workload.Even, workload.Bins{Width: 500 * time.Millisecond, Counts: []int{400}}
	}))
	if r.outcomes()[funnel.Completed] != 400 || counts.opened.Load() < 2 {
		t.Errorf("outcomes %v on %d connections", r.outcomes(), counts.opened.Load())
	}
}

// waits is a server of gRPC whose calls last until it is told, or their callers have left.
type waits struct {
	testgrpc.UnimplementedTestServiceServer
	call func(context.Context)
}

func (w waits) UnaryCall(ctx context.Context, _ *testgrpc.SimpleRequest) (*testgrpc.SimpleResponse, error) {
	w.call(ctx)
	return &testgrpc.SimpleResponse{}, nil
}

// People who leave silently let the service work on and answer in vain, and it is told of others who leave.
func TestWaysToLeaveOverGRPC(t *testing.T) {
	t.Parallel() // it mostly waits
	for _, silent := range []bool{false, true} {
		untilSeen(t, func() bool {
			var came, told, answered atomic.Int64
			atFourth := make(chan [2]int64, 1)
			release := make(chan struct{})
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			server := grpc.NewServer()
			testgrpc.RegisterTestServiceServer(server, waits{call: func(ctx context.Context) {
				if came.Add(1) == 4 { // after the others have left
					if silent {
						close(release)
					}
					for told.Load()+answered.Load() < 3 && t.Context().Err() == nil {
						time.Sleep(time.Millisecond)
					}
					atFourth <- [2]int64{told.Load(), answered.Load()}
				}
				select {
				case <-release:
					answered.Add(1)
				case <-ctx.Done():
					told.Add(1)
				}
			}})
			var serving sync.WaitGroup
			serving.Go(func() { _ = server.Serve(listener) })
			defer serving.Wait()
			defer server.Stop()
			r := play(t, ordered("http://"+listener.Addr().String(), func(c *loadgen.Config) {
				c.Portable, c.Shards = false, 1
				c.Signups.Mode, c.Signups.Bins = workload.Burst, workload.Bins{Width: time.Second, Counts: []int{3, 0, 0, 0, 1}}
				c.Journey.Steps[0].Patience = workload.ConstantTime(time.Second)
				c.Requests[0].Silent = silent
			}))
			if got := r.outcomes(); !silent && got[funnel.Abandoned] != 4 || silent && got[funnel.Abandoned]+got[funnel.Completed] != 4 || got[funnel.Abandoned] < 3 || len(r.samples) != 4 {
				t.Errorf("silent %v: outcomes %v of %d attempts, want 3 abandoned besides the last", silent, got, len(r.samples))
			}
			if len(atFourth) == 0 {
				return false
			}
			if want, got := map[bool][2]int64{false: {3, 0}, true: {0, 3}}[silent], <-atFourth; got != want {
				t.Errorf("silent %v: the service was told of %d who left and answered %d, want %v", silent, got[0], got[1], want)
			}
			return true
		})
	}
}
