package loadgen

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"

	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/ombak-sim/ombak/protofile"
)

// GRPC is a call of a method. Without Protos and Descriptor, the server's reflection describes the method.
type GRPC struct {
	Method     string            `json:"method"`               // package.Service/Method
	Messages   []string          `json:"messages,omitempty"`   // JSON texts, which are templates; none means one empty message
	Protos     map[string]string `json:"protos,omitempty"`     // texts of .proto files by the names under which they import each other
	Descriptor []byte            `json:"descriptor,omitempty"` // a google.protobuf.FileDescriptorSet
}

// healthService is known without a description.
const healthService = "grpc.health.v1.Health"

// call is a compiled gRPC call.
type call struct {
	path     string // for the wire: /package.Service/Method
	at       *url.URL
	messages []template
	method   protoreflect.MethodDescriptor // nil until the server has described it
	types    *dynamicpb.Types
	fixed    [][]byte // the encoded messages if they are the same for everybody
}

// needs reports whether test is true of any message.
func (c *call) needs(test func(template) bool) bool {
	return c != nil && slices.ContainsFunc(c.messages, test)
}

// unary reports whether one message is sent and one comes back. The method must have been described.
func (c *call) unary() bool { return !c.method.IsStreamingClient() && !c.method.IsStreamingServer() }

func (s scope) compileCall(wanted *GRPC, at *url.URL) (*call, error) {
	if wanted == nil {
		return nil, nil
	}
	service, method, found := strings.Cut(strings.TrimPrefix(wanted.Method, "/"), "/")
	if !found || service == "" || method == "" || strings.Contains(method, "/") {
		return nil, fmt.Errorf("grpc: the method %q is not of the form package.Service/Method", wanted.Method)
	}
	c := &call{path: "/" + service + "/" + method, at: at}
	texts := wanted.Messages
	if len(texts) == 0 {
		texts = []string{"{}"}
	}
	s.quoted = true
	for _, text := range texts {
		message, err := s.parseTemplate(text)
		if err != nil {
			return nil, fmt.Errorf("grpc: message: %w", err)
		}
		c.messages = append(c.messages, message.inJSON())
	}
	files, err := wanted.files(service)
	if err != nil || files == nil {
		return c, err
	}
	return c, c.describe(files)
}

// files returns the description of the service, or nil if only the server has it.
func (g GRPC) files(service string) (*protoregistry.Files, error) {
	switch {
	case len(g.Protos) > 0:
		files, err := protofile.Compile(g.Protos)
		if err != nil {
			return nil, fmt.Errorf("grpc: %w", err)
		}
		return files, nil
	case len(g.Descriptor) > 0:
		files, err := protofile.Parse(g.Descriptor)
		if err != nil {
			return nil, fmt.Errorf("grpc: %w", err)
		}
		return files, nil
	case service == healthService:
		files := new(protoregistry.Files)
		return files, files.RegisterFile(grpc_health_v1.File_grpc_health_v1_health_proto)
	}
	return nil, nil
}

// describe finds the method, and encodes the messages if they are the same for everybody.
func (c *call) describe(files *protoregistry.Files) error {
	name, method, _ := strings.Cut(strings.TrimPrefix(c.path, "/"), "/")
	found, err := files.FindDescriptorByName(protoreflect.FullName(name))
	if err != nil {
		return fmt.Errorf("grpc: no service is called %s", name)
	}
	service, is := found.(protoreflect.ServiceDescriptor)
	if !is {
		return fmt.Errorf("grpc: %s is not a service", name)
	}
	if c.method = service.Methods().ByName(protoreflect.Name(method)); c.method == nil {
		return fmt.Errorf("grpc: the service %s has no method %s; it has %s", name, method, methodNames(service))
	}
	if len(c.messages) > 1 && !c.method.IsStreamingClient() {
		return fmt.Errorf("grpc: the method %s takes one message; the step has %d", c.path, len(c.messages))
	}
	c.types = dynamicpb.NewTypes(files)
	if c.needs(template.varies) {
		return nil
	}
	c.fixed, err = c.encode(&values{})
	return err
}

func methodNames(service protoreflect.ServiceDescriptor) string {
	var names []string
	for i := range service.Methods().Len() {
		names = append(names, string(service.Methods().Get(i).Name()))
	}
	return strings.Join(names, ", ")
}

// renderCall renders a call: its messages, and its metadata, which take is given with names in lower case.
func (c *composer) renderCall(work job, take func(name, value string)) ([][]byte, error) {
	request := c.prepare(work)
	for _, h := range request.headers {
		name := strings.ToLower(h.name)
		if isReserved(name) || name == "host" || name == traceparent && request.Trace {
			continue
		}
		c.scratch = h.value.render(&c.values, c.scratch[:0])
		if !isMetadata(name, c.scratch) {
			return nil, fmt.Errorf("grpc: the header %s cannot be sent as metadata", h.name)
		}
		take(name, string(c.scratch))
	}
	if request.Trace {
		take(traceparent, c.generator.traceOf(work))
	}
	messages, err := request.call.encode(&c.values)
	if err == nil {
		err = c.values.fault // of an expression
	}
	return messages, err
}

// isMetadata reports whether gRPC can carry a header: names have few characters, and values that are not binary are
// printable ASCII.
func isMetadata(name string, value []byte) bool {
	for i := range len(name) {
		if c := name[i]; !('a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '_' || c == '.') {
			return false
		}
	}
	return strings.HasSuffix(name, "-bin") || !slices.ContainsFunc(value, func(c byte) bool { return c < ' ' || c > '~' })
}

// encode renders and encodes the messages.
func (c *call) encode(v *values) ([][]byte, error) {
	if c.fixed != nil {
		return c.fixed, nil
	}
	var encoded [][]byte
	for _, text := range c.messages {
		message := dynamicpb.NewMessage(c.method.Input())
		if err := (protojson.UnmarshalOptions{Resolver: c.types}).Unmarshal(text.render(v, nil), message); err != nil {
			return nil, fmt.Errorf("grpc: the message does not fit %s: %w", c.method.Input().FullName(), err)
		}
		wire, err := proto.Marshal(message)
		if err != nil {
			return nil, fmt.Errorf("grpc: the message does not fit %s: %w", c.method.Input().FullName(), err)
		}
		encoded = append(encoded, wire)
	}
	return encoded, nil
}

// errReply marks replies that cannot be read.
var errReply = errors.New("the reply cannot be read")

// decode writes a reply as JSON, with the names of fields as in the .proto file, and fields without a value too, so that
// a check finds them.
func (c *call) decode(buffer, wire []byte) ([]byte, error) {
	message := dynamicpb.NewMessage(c.method.Output())
	if err := (proto.UnmarshalOptions{Resolver: c.types}).Unmarshal(wire, message); err != nil {
		return nil, errReply
	}
	text, err := protojson.MarshalOptions{UseProtoNames: true, EmitDefaultValues: true, Resolver: c.types}.MarshalAppend(buffer, message)
	if err != nil || len(text) > maxBody {
		return nil, errReply
	}
	return text, nil
}

// ended reports whether a stream has ended in order.
func ended(err error) bool { return errors.Is(err, io.EOF) }
