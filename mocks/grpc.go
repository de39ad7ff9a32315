package mocks

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/reflection"
	reflectionv1 "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/ombak-sim/ombak/protofile"
)

// callee answers gRPC calls by the routes of a generic mock, whose paths are /package.Service/Method. A body is the reply
// in JSON, and may contain ${now}, ${number} and ${body}, the message in JSON. Servers, queue and refusals are those of
// HTTP.
type callee struct {
	*generic
	part  *part
	files *protoregistry.Files
	types *dynamicpb.Types
}

// speaksGRPC reports whether the mock answers gRPC instead of HTTP.
func (g Generic) speaksGRPC() bool { return len(g.Protos) > 0 || len(g.Descriptor) > 0 }

func newCallee(answers *generic, part *part) (*callee, error) {
	c := &callee{generic: answers, part: part}
	var err error
	if config := answers.config; len(config.Protos) > 0 {
		c.files, err = protofile.Compile(config.Protos)
	} else {
		c.files, err = protofile.Parse(config.Descriptor)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", answers.config.Name, err)
	}
	c.types = dynamicpb.NewTypes(c.files)
	for i, route := range answers.config.Routes {
		if err := c.try(route); err != nil {
			return nil, fmt.Errorf("%s: routes[%d]: %w", answers.config.Name, i, err)
		}
	}
	return c, nil
}

// try returns an error if a route names a method that does not exist, or its body does not fit.
func (c *callee) try(route Route) error {
	if strings.ContainsAny(route.Path, "*{") {
		return nil
	}
	method, err := c.method(route.Path)
	if err != nil {
		return err
	}
	_, err = c.reply(&route, method, 1, nil)
	return err
}

func (c *callee) method(path string) (protoreflect.MethodDescriptor, error) {
	name := strings.Replace(strings.TrimPrefix(path, "/"), "/", ".", 1)
	found, err := c.files.FindDescriptorByName(protoreflect.FullName(name))
	method, is := found.(protoreflect.MethodDescriptor)
	if err != nil || !is {
		return nil, fmt.Errorf("no method is called %s", path)
	}
	return method, nil
}

// GetServiceInfo implements reflection.ServiceInfoProvider.
func (c *callee) GetServiceInfo() map[string]grpc.ServiceInfo {
	services := map[string]grpc.ServiceInfo{}
	c.files.RangeFiles(func(file protoreflect.FileDescriptor) bool {
		for i := range file.Services().Len() {
			services[string(file.Services().Get(i).FullName())] = grpc.ServiceInfo{}
		}
		return true
	})
	return services
}

// server returns the gRPC server, which describes itself.
func (c *callee) server() *grpc.Server {
	server := grpc.NewServer(grpc.UnknownServiceHandler(c.handle))
	reflectionv1.RegisterServerReflectionServer(server, reflection.NewServerV1(reflection.ServerOptions{Services: c, DescriptorResolver: c.files}))
	return server
}

// handle answers one call, and notes it.
func (c *callee) handle(_ any, stream grpc.ServerStream) error {
	path, _ := grpc.MethodFromServerStream(stream)
	begun := c.station.clock.now()
	entry := Entry{At: seconds(c.station.clock.sinceStartAt(begun)), Method: "gRPC", Path: path}
	err := c.serve(path, stream, &entry)
	entry.Status, entry.Duration = int(status.Code(err)), seconds(c.station.clock.now()-begun)
	c.part.journal.note(entry)
	return err
}

func (c *callee) serve(path string, stream grpc.ServerStream, entry *Entry) error {
	method, err := c.method(path)
	if err != nil {
		return status.Error(codes.Unimplemented, err.Error())
	}
	route, _ := c.match(path)
	if route == nil {
		return status.Error(codes.Unimplemented, "no route of the mock "+c.config.Name+" matches")
	}
	turns := method.IsStreamingClient() && method.IsStreamingServer()
	var last []byte
	for received := 0; ; received++ {
		message := dynamicpb.NewMessage(method.Input())
		if err := stream.RecvMsg(message); errors.Is(err, io.EOF) && (received > 0 || method.IsStreamingClient()) {
			break
		} else if err != nil {
			return err
		}
		if last, err = (protojson.MarshalOptions{Resolver: c.types}).Marshal(message); err != nil {
			return status.Error(codes.InvalidArgument, err.Error())
		}
		if turns {
			if err := c.answerCall(stream, route, method, last, entry); err != nil {
				return err
			}
		} else if !method.IsStreamingClient() {
			break
		}
	}
	if turns {
		return nil
	}
	return c.answerCall(stream, route, method, last, entry)
}

func (c *callee) match(path string) (*Route, map[string]string) {
	for i := range c.config.Routes {
		if parts, fits := c.config.Routes[i].match("POST", path, ""); fits {
			return &c.config.Routes[i], parts
		}
	}
	return nil, nil
}

// answerCall waits for a server of the mock, and sends a reply.
func (c *callee) answerCall(stream grpc.ServerStream, route *Route, method protoreflect.MethodDescriptor, body []byte, entry *Entry) error {
	number := c.served.Add(1)
	if caller, known := peer.FromContext(stream.Context()); known {
		if strike := c.part.board.strike(c.station.clock.scenarioAt(c.station.clock.now()), caller.Addr); stops(strike) {
			c.station.strike()
			return status.Error(codes.Unavailable, "out of order")
		}
	}
	ctx, cancel := context.WithCancel(stream.Context())
	defer cancel()
	defer context.AfterFunc(c.context, cancel)()
	refusal, err := c.visit(ctx, nil)
	if err == nil && refusal == Served {
		defer c.leave()
	}
	switch {
	case err != nil:
		return status.FromContextError(err).Err()
	case refusal == RateExceeded || refusal == QuotaUsedUp:
		return status.Error(codes.ResourceExhausted, refusal.String())
	case refusal != Served:
		return status.Error(codes.Unavailable, refusal.String())
	}
	if instead := c.caller.call(); instead != nil {
		return instead.err()
	}
	if route.Code != "" {
		if code, err := codeOf(route.Code); err != nil || code != codes.OK {
			return status.Error(code, "as the route says")
		}
	}
	if !c.takes(route, entry) {
		return status.Error(soldOutCode(route.Stock), "the stock is used up")
	}
	reply, err := c.reply(route, method, number, body)
	if err != nil {
		return status.Error(codes.Internal, err.Error())
	}
	return stream.SendMsg(reply)
}

// reply makes the reply of a route.
func (c *callee) reply(route *Route, method protoreflect.MethodDescriptor, number uint64, body []byte) (proto.Message, error) {
	text := expand(route.Body, true, func(name string) (string, bool) {
		switch name {
		case "body":
			return string(body), true
		case "now":
			return c.now().Format(time.RFC3339Nano), true
		case "number":
			return strconv.FormatUint(number, 10), true
		}
		return "", false
	})
	message := dynamicpb.NewMessage(method.Output())
	if text == "" {
		return message, nil
	}
	if err := (protojson.UnmarshalOptions{Resolver: c.types}).Unmarshal([]byte(text), message); err != nil {
		return nil, fmt.Errorf("path %s: the body does not fit %s: %w", route.Path, method.Output().FullName(), err)
	}
	return message, nil
}

// codeOf returns the code of a name, as in RESOURCE_EXHAUSTED.
func codeOf(name string) (code codes.Code, err error) {
	if err = code.UnmarshalJSON([]byte(strconv.Quote(name))); err != nil {
		err = fmt.Errorf("the code %q is unknown; use a name such as RESOURCE_EXHAUSTED", name)
	}
	return code, err
}

// serveGRPC serves a mock until the context ends.
func (m *Mocks) serveGRPC(part *part) {
	guarded := &gatekeeper{Listener: m.listeners[part.name], most: part.trouble.Connections, board: part.board, clock: m.clock}
	server := part.callee.server()
	m.serve(guarded, server.Serve, func(context.Context) error {
		server.Stop()
		return nil
	})
}
