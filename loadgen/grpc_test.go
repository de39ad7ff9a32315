package loadgen_test

import (
	"context"
	"crypto/tls"
	"encoding/pem"
	"io"
	"net"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/interop"
	testgrpc "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/reflection"
	"google.golang.org/grpc/status"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/loadgen"
)

const (
	codeOK          = int(funnel.ReasonGRPC) + int(codes.OK)
	codeExhausted   = int(funnel.ReasonGRPC) + int(codes.ResourceExhausted)
	codeUnavailable = int(funnel.ReasonGRPC) + int(codes.Unavailable)
)

// callee is grpc-go's interop server, which counts what it has answered.
type callee struct {
	mu       sync.Mutex
	answered map[string]map[codes.Code]int // by method
	meta     []string                      // values of x-person
	traces   []string                      // values of traceparent
	url      string
	addr     string
}

func (c *callee) count(ctx context.Context, method string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.answered[method] == nil {
		c.answered[method] = map[codes.Code]int{}
	}
	c.answered[method][status.Code(err)]++
	md, _ := metadata.FromIncomingContext(ctx)
	c.meta = append(c.meta, md.Get("x-person")...)
	c.traces = append(c.traces, md.Get("traceparent")...)
}

// counted returns how often a method was answered with a code.
func (c *callee) counted(method string, code codes.Code) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.answered["/grpc.testing.TestService/"+method][code]
}

func callable(t *testing.T, options ...grpc.ServerOption) *callee {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &callee{answered: map[string]map[codes.Code]int{}, url: "http://" + listener.Addr().String(), addr: listener.Addr().String()}
	server := grpc.NewServer(append(options,
		grpc.UnaryInterceptor(func(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
			answer, err := next(ctx, req)
			c.count(ctx, info.FullMethod, err)
			return answer, err
		}),
		grpc.StreamInterceptor(func(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) error {
			err := next(srv, stream)
			c.count(stream.Context(), info.FullMethod, err)
			return err
		}))...)
	testgrpc.RegisterTestServiceServer(server, interop.NewTestServer())
	checks := health.NewServer()
	checks.SetServingStatus("shop", grpc_health_v1.HealthCheckResponse_SERVING)
	grpc_health_v1.RegisterHealthServer(server, checks)
	reflection.Register(server)
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(listener) })
	t.Cleanup(func() {
		server.Stop()
		serving.Wait()
	})
	return c
}

// onBothWires runs a test on the default wire and on the portable one.
func onBothWires(t *testing.T, test func(t *testing.T, change func(*loadgen.Config))) {
	for _, wire := range []string{"default", "portable"} {
		t.Run(wire, func(t *testing.T) {
			test(t, func(c *loadgen.Config) { c.Portable = wire == "portable" })
		})
	}
}

// calls returns a run in which each of 50 people makes one call.
func calls(url, method string, messages ...string) loadgen.Config {
	return config(url, func(c *loadgen.Config) {
		c.Requests = []loadgen.Request{{
			Target: "web", GRPC: &loadgen.GRPC{Method: "grpc.testing.TestService/" + method, Messages: messages},
			Completed: []int{codeOK}, Rejected: []int{codeExhausted, codeUnavailable},
		}}
	})
}

func TestGRPCCalls(t *testing.T) {
	const answer = `{"response_size": 4, "payload": {"body": "MTIzNA=="}}`
	onBothWires(t, func(t *testing.T, change func(*loadgen.Config)) {
		for _, test := range []struct {
			name, method string
			messages     []string
			check        loadgen.Check
			code         codes.Code
			outcome      funnel.Outcome
			reason       string
			why          string
		}{
			{"empty", "EmptyCall", nil, loadgen.Check{}, codes.OK, funnel.Completed, "OK", "a message without content is the default"},
			{"unary", "UnaryCall", []string{answer}, loadgen.Check{Extract: loadgen.Extract{JSON: "payload.body"}, Equals: "AAAAAA=="}, codes.OK, funnel.Completed, "OK", "a reply is an object"},
			{"check", "UnaryCall", []string{answer}, loadgen.Check{Extract: loadgen.Extract{JSON: "payload.body"}, Equals: "no"}, codes.OK, funnel.Failed, "check", "a reply that misses a check fails"},
			{"rejected", "UnaryCall", []string{`{"response_status": {"code": 8}}`}, loadgen.Check{}, codes.ResourceExhausted, funnel.Rejected, "RESOURCE_EXHAUSTED", "protection turns callers away"},
			{"failed", "UnaryCall", []string{`{"response_status": {"code": 13}}`}, loadgen.Check{}, codes.Internal, funnel.Failed, "INTERNAL", "an unlisted code is a failure"},
			{"unknown", "UnimplementedCall", nil, loadgen.Check{}, codes.Unimplemented, funnel.Failed, "UNIMPLEMENTED", "the server describes the method but lacks it"},
			{"server stream", "StreamingOutputCall", []string{`{"response_parameters": [{"size": 1}, {"size": 2}]}`}, loadgen.Check{Extract: loadgen.Extract{JSON: "1.payload.body"}, Equals: "AAA="}, codes.OK, funnel.Completed, "OK", "replies are a list"},
			{"client stream", "StreamingInputCall", []string{`{"payload": {"body": "MTIz"}}`, `{"payload": {"body": "MTIz"}}`}, loadgen.Check{Extract: loadgen.Extract{JSON: "aggregated_payload_size"}, Equals: "6"}, codes.OK, funnel.Completed, "OK", "all messages arrive"},
			{"turns", "FullDuplexCall", []string{`{"response_parameters": [{"size": 1}]}`, `{"response_parameters": [{"size": 3}]}`}, loadgen.Check{Extract: loadgen.Extract{JSON: "1.payload.body"}, Equals: "AAAA"}, codes.OK, funnel.Completed, "OK", "each message has its reply"},
			{"early end", "FullDuplexCall", []string{`{"response_status": {"code": 9}}`, `{}`}, loadgen.Check{}, codes.FailedPrecondition, funnel.Failed, "FAILED_PRECONDITION", "the server ends the call before the second message"},
		} {
			t.Run(test.name, func(t *testing.T) {
				server := callable(t)
				c := calls(server.url, test.method, test.messages...)
				change(&c)
				if test.check != (loadgen.Check{}) {
					c.Requests[0].Checks = []loadgen.Check{test.check}
				}
				r := play(t, c)
				if r.outcomes()[test.outcome] != 50 || r.samples[0].Reason.String() != test.reason {
					t.Errorf("outcomes %v, reason %v; want 50 %v, %s, because %s", r.outcomes(), r.samples[0].Reason, test.outcome, test.reason, test.why)
				}
				if got := server.counted(test.method, test.code); test.code != codes.Unimplemented && got != 50 {
					t.Errorf("the server has answered %d with %v", got, test.code)
				}
			})
		}
	})
}

// TestGRPCPersonalMessages sends what differs between people: metadata and messages, and passes on what a reply holds.
func TestGRPCPersonalMessages(t *testing.T) {
	onBothWires(t, func(t *testing.T, change func(*loadgen.Config)) {
		server := callable(t)
		c := calls(server.url, "UnaryCall", `{"response_size": 3}`)
		change(&c)
		c.Journey.Steps = append(c.Journey.Steps, c.Journey.Steps[0])
		c.Journey.Steps[1].Name = "again"
		c.Requests = append(c.Requests, c.Requests[0])
		c.Requests[0].Headers = map[string]string{"X-Person": "${person.nik}"}
		c.Requests[0].Extract = map[string]loadgen.Extract{"body": {JSON: "payload.body"}}
		c.Requests[1].GRPC = &loadgen.GRPC{Method: "grpc.testing.TestService/UnaryCall", Messages: []string{`{"payload": {"body": "${got.body}"}, "response_size": "2"}`}}
		c.Requests[1].Checks = []loadgen.Check{{Extract: loadgen.Extract{JSON: "payload.body"}, Equals: "AAA="}}
		r := play(t, c)
		if r.outcomes()[funnel.Completed] != 100 {
			t.Errorf("outcomes %v", r.outcomes())
		}
		distinct := map[string]bool{}
		server.mu.Lock()
		defer server.mu.Unlock()
		for _, person := range server.meta {
			distinct[person] = true
		}
		if len(distinct) != 50 {
			t.Errorf("%d people in metadata", len(distinct))
		}
	})
}

func TestGRPCBesideHTTP(t *testing.T) {
	server, web := callable(t), serve(t, nil)
	onBothWires(t, func(t *testing.T, change func(*loadgen.Config)) {
		c := calls(server.url, "EmptyCall")
		change(&c)
		c.Targets["pages"] = web.url
		c.Journey.Steps = append(c.Journey.Steps, c.Journey.Steps[0])
		c.Requests = append(c.Requests, loadgen.Request{Target: "pages", Method: "GET", Path: "/", Completed: []int{200}})
		before := len(web.served())
		if r := play(t, c); r.outcomes()[funnel.Completed] != 100 || len(web.served())-before != 50 {
			t.Errorf("outcomes %v, %d pages", r.outcomes(), len(web.served())-before)
		}
	})
}

func TestGRPCHealth(t *testing.T) {
	server := callable(t)
	for service, outcome := range map[string]funnel.Outcome{"shop": funnel.Completed, "other": funnel.Failed} {
		c := calls(server.url, "", `{"service": "`+service+`"}`)
		c.Requests[0].GRPC.Method = "grpc.health.v1.Health/Check"
		c.Requests[0].Checks = []loadgen.Check{{Extract: loadgen.Extract{JSON: "status"}, Equals: "SERVING"}}
		if r := play(t, c); r.outcomes()[outcome] != 50 {
			t.Errorf("%s: outcomes %v", service, r.outcomes())
		}
	}
}

const echoProto = `syntax = "proto3"; package grpc.testing; import "parts.proto";
service TestService { rpc UnaryCall(In) returns (Out); rpc FullDuplexCall(stream In) returns (stream Out); } message In { int32 response_size = 2; }`

const partsProto = `syntax = "proto3"; package grpc.testing; message Out { Payload payload = 1; } message Payload { int32 type = 1; bytes body = 2; }`

// TestGRPCProtos describes the method by .proto files, for a server that does not describe itself.
func TestGRPCProtos(t *testing.T) {
	server := callable(t)
	c := calls(server.url, "UnaryCall", `{"response_size": 1}`)
	c.Requests[0].GRPC.Protos = map[string]string{"shop.proto": echoProto, "parts.proto": partsProto}
	c.Requests[0].Checks = []loadgen.Check{{Extract: loadgen.Extract{JSON: "payload.body"}, Equals: "AA=="}}
	if r := play(t, c); r.outcomes()[funnel.Completed] != 50 {
		t.Errorf("outcomes %v", r.outcomes())
	}
}

func TestGRPCMistakes(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*loadgen.GRPC)
		want   string
	}{
		"no method":       {func(g *loadgen.GRPC) { g.Method = "grpc.testing.TestService/Other" }, "has no method Other; it has UnaryCall"},
		"no service":      {func(g *loadgen.GRPC) { g.Method = "shop.Other/UnaryCall" }, "no service is called shop.Other"},
		"not a service":   {func(g *loadgen.GRPC) { g.Method = "grpc.testing.In/UnaryCall" }, "is not a service"},
		"form":            {func(g *loadgen.GRPC) { g.Method = "UnaryCall" }, "package.Service/Method"},
		"unknown field":   {func(g *loadgen.GRPC) { g.Messages = []string{`{"size": 1}`} }, "does not fit grpc.testing.In"},
		"two messages":    {func(g *loadgen.GRPC) { g.Messages = []string{`{}`, `{}`} }, "takes one message"},
		"missing import":  {func(g *loadgen.GRPC) { delete(g.Protos, "parts.proto") }, "parts.proto"},
		"invalid grammar": {func(g *loadgen.GRPC) { g.Protos["parts.proto"] = "message" }, "parts.proto"},
		"descriptor":      {func(g *loadgen.GRPC) { g.Protos, g.Descriptor = nil, []byte("text") }, "not a FileDescriptorSet"},
	} {
		c := calls("http://127.0.0.1:1", "UnaryCall", `{}`)
		c.Requests[0].GRPC.Protos = map[string]string{"shop.proto": echoProto, "parts.proto": partsProto}
		test.change(c.Requests[0].GRPC)
		if err := c.Check(); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: the error is %v", name, err)
		}
	}
}

// TestGRPCWithoutReflection does not start a run whose methods nobody describes.
func TestGRPCWithoutReflection(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(listener) })
	defer serving.Wait()
	defer server.Stop()
	g, err := loadgen.New(calls("http://"+listener.Addr().String(), "EmptyCall"), func(int) funnel.Observer { return shardRecorder{&recorder{entered: map[int]int{}}} })
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Run(t.Context(), time.Now()); err == nil || !strings.Contains(err.Error(), "give proto or descriptor") {
		t.Errorf("the error is %v", err)
	}
}

func TestGRPCOverTLS(t *testing.T) {
	web := httptest.NewTLSServer(nil) // only for its certificate
	defer web.Close()
	server := callable(t, grpc.Creds(credentials.NewTLS(&tls.Config{Certificates: web.TLS.Certificates, NextProtos: []string{"h2"}})))
	authority := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: web.Certificate().Raw}))
	onBothWires(t, func(t *testing.T, change func(*loadgen.Config)) {
		c := calls("https://"+server.addr, "UnaryCall", `{"response_size": 1}`)
		change(&c)
		c.Requests[0].GRPC.Protos = map[string]string{"shop.proto": echoProto, "parts.proto": partsProto}
		if r := play(t, c); r.outcomes()[funnel.Failed] != 50 || r.samples[0].Reason != funnel.ReasonTLS {
			t.Errorf("an unknown authority: outcomes %v, reason %v", r.outcomes(), r.samples[0].Reason)
		}
		c.Connections.TLS.CA = authority
		if r := play(t, c); r.outcomes()[funnel.Completed] != 50 {
			t.Errorf("a known authority: outcomes %v", r.outcomes())
		}
	})
}

func TestGRPCHostileServers(t *testing.T) {
	for name, test := range map[string]struct {
		serve   func(net.Conn)
		outcome funnel.Outcome
		reason  funnel.Reason
	}{
		"closes at once":   {func(net.Conn) {}, funnel.Failed, funnel.ReasonReset},
		"says nothing":     {func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }, funnel.TimedOut, funnel.ReasonTimeout},
		"GOAWAY":           {hostile(goAway), funnel.Failed, funnel.ReasonReset},
		"resets streams":   {hostile(resetStream), funnel.Failed, funnel.ReasonReset},
		"endless headers":  {hostile(endlessHeaders), funnel.Failed, funnel.ReasonBody},
		"huge message":     {hostile(hugeMessage), funnel.Failed, funnel.ReasonBody},
		"is not HTTP/2":    {func(c net.Conn) { _, _ = c.Write([]byte("HTTP/1.1 400 Bad Request\r\n\r\n")) }, funnel.Failed, funnel.ReasonReset},
		"no status at end": {hostile(noStatus), funnel.Failed, funnel.ReasonBody},
	} {
		t.Run(name, func(t *testing.T) {
			c := calls(raw(t, test.serve), "UnaryCall", `{}`)
			c.Requests[0].GRPC.Protos = map[string]string{"shop.proto": echoProto, "parts.proto": partsProto}
			if test.outcome == funnel.TimedOut {
				c.Journey.Steps[0].Timeout = 2 * time.Second
			}
			r := play(t, c)
			for _, sample := range r.samples {
				if sample.Outcome == funnel.Failed && sample.Reason == funnel.ReasonReset && test.reason == funnel.ReasonBody {
					continue // another call had broken the connection
				}
				if sample.Outcome != test.outcome || sample.Reason != test.reason {
					t.Fatalf("%v, %v; want %v, %v", sample.Outcome, sample.Reason, test.outcome, test.reason)
				}
			}
			if len(r.samples) != 50 {
				t.Errorf("%d samples", len(r.samples))
			}
		})
	}
}

func TestGRPCWithoutServer(t *testing.T) {
	c := calls("http://127.0.0.1:1", "UnaryCall", `{}`)
	c.Requests[0].GRPC.Protos = map[string]string{"shop.proto": echoProto, "parts.proto": partsProto}
	if r := play(t, c); r.outcomes()[funnel.Failed] != 50 || r.samples[0].Reason != funnel.ReasonDial {
		t.Errorf("outcomes %v, reason %v", r.outcomes(), r.samples[0].Reason)
	}
}

func TestGRPCOnce(t *testing.T) {
	server := callable(t)
	c := calls(server.url, "EmptyCall")
	c.Before = []loadgen.Once{{Name: "ask", Timeout: time.Minute, Request: loadgen.Request{
		Target: "web", GRPC: &loadgen.GRPC{Method: "grpc.testing.TestService/UnaryCall", Messages: []string{`{"response_size": 1}`}},
		Completed: []int{codeOK}, Extract: map[string]loadgen.Extract{"body": {JSON: "payload.body"}},
	}}}
	c.Targets["pages"] = serve(t, nil).url
	c.Before = append(c.Before, loadgen.Once{Name: "page", Timeout: time.Minute, Request: loadgen.Request{Target: "pages", Method: "GET", Path: "/", Completed: []int{200}}})
	c.Connections.Streams = 1 // is of the journey's calls, and not of a page
	values, err := c.Prepare(t.Context())
	if err != nil || values["body"] != "AA==" {
		t.Errorf("extracted %v, error %v", values, err)
	}
	c.Before[0].Request.GRPC.Messages = []string{`{"response_status": {"code": 5}}`}
	if _, err = c.Prepare(t.Context()); err == nil || !strings.Contains(err.Error(), "NOT_FOUND") {
		t.Errorf("the error is %v", err)
	}
}
