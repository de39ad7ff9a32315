package scenarios

import (
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/ombak-sim/ombak/journey/funnel"
)

// GRPC is a gRPC call in place of an HTTP request. Without proto and descriptor, the server's reflection describes the
// method. The health service is known.
type GRPC struct {
	Method     string `yaml:"method" json:"method"`                             // package.Service/Method
	Proto      string `yaml:"proto,omitempty" json:"proto,omitempty"`           // path of a .proto file relative to the scenario; its imports lie next to it
	Descriptor string `yaml:"descriptor,omitempty" json:"descriptor,omitempty"` // path of a descriptor set relative to the scenario, made by protoc --include_imports --descriptor_set_out
	Message    any    `yaml:"message,omitempty" json:"message,omitempty"`       // as JSON; absent means an empty message
	Messages   []any  `yaml:"messages,omitempty" json:"messages,omitempty"`     // of a method that takes a stream; if it answers with a stream too, each waits for the reply to the one before

	description description
}

// description describes gRPC services.
type description struct {
	protos     map[string]string
	descriptor []byte
}

// Description returns the .proto files by name, or the descriptor set.
func (g *GRPC) Description() (protos map[string]string, descriptor []byte) {
	return g.description.protos, g.description.descriptor
}

// Status is the status of an HTTP answer, the code of a gRPC call or the close code of a WebSocket, as a [funnel.Reason].
type Status int

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *Status) UnmarshalText(text []byte) error {
	if code, known := funnel.CodeReason(string(text)); known {
		*s = Status(code)
		return nil
	}
	if code, is := closeStatus(string(text)); is {
		*s = code
		return nil
	}
	status, err := strconv.Atoi(strings.ReplaceAll(string(text), "_", ""))
	if err != nil || status >= int(funnel.ReasonDial) {
		return fmt.Errorf("%q is no HTTP status, as in 200, nor a gRPC code, as in RESOURCE_EXHAUSTED, nor the close code of a WebSocket, as in close-1013", text)
	}
	*s = Status(status)
	return nil
}

// MarshalYAML implements yaml.InterfaceMarshaler.
func (s Status) MarshalYAML() (any, error) {
	if reason := funnel.Reason(s); reason.IsCode() || reason >= funnel.ReasonClose {
		return funnel.Reason(s).String(), nil
	}
	return int(s), nil
}

// String returns the number or the name of the code.
func (s Status) String() string { return funnel.Reason(s).String() }

// defaultStatuses are those that complete and reject a request if the scenario does not say.
func defaultStatuses(request *Request) (completed, rejected []Status) {
	if request != nil && request.WebSocket != nil {
		return []Status{101}, []Status{429, 503, tryAgainLater}
	}
	if request != nil && request.GRPC != nil {
		return []Status{grpcOK}, []Status{grpcResourceExhausted, grpcUnavailable}
	}
	return []Status{200, 201, 202, 204}, []Status{429, 503}
}

const (
	grpcOK                = Status(funnel.ReasonGRPC)
	grpcResourceExhausted = Status(funnel.ReasonGRPC + 8)
	grpcUnavailable       = Status(funnel.ReasonGRPC + 14)
)

// requestsOf returns every request of the scenario with its path.
func (s *Scenario) requestsOf(visit func(request *Request, path string)) {
	for i := range s.Journey {
		if s.Journey[i].Request != nil {
			visit(s.Journey[i].Request, s.StepPath(i)+".request")
		}
	}
	for key, steps := range map[string][]Once{"before": s.Before, "after": s.After} {
		for i := range steps {
			if steps[i].Request != nil {
				visit(steps[i].Request, fmt.Sprintf("%s[%d].request", key, i))
			}
		}
	}
}

// readProtos reads the files that describe gRPC methods.
func (s *Scenario) readProtos(beside fs.FS, hash func([]byte) (int, error)) {
	s.descriptions = map[[2]string]description{}
	s.requestsOf(func(request *Request, path string) {
		g := request.GRPC
		if g == nil {
			return
		}
		s.descriptions[[2]string{g.Proto, g.Descriptor}] = s.readDescription(beside, g.Proto, g.Descriptor, path+".grpc", hash)
	})
	for _, name := range keys(s.Dependencies) {
		d := s.Dependencies[name]
		s.descriptions[[2]string{d.Proto, d.Descriptor}] = s.readDescription(beside, d.Proto, d.Descriptor, join("dependencies", name), hash)
	}
	s.attachProtos()
}

// attachProtos gives each gRPC method and each dependency the description that its files hold.
func (s *Scenario) attachProtos() {
	s.requestsOf(func(request *Request, _ string) {
		if g := request.GRPC; g != nil {
			g.description = s.descriptions[[2]string{g.Proto, g.Descriptor}]
		}
	})
	for name, d := range s.Dependencies {
		d.description = s.descriptions[[2]string{d.Proto, d.Descriptor}]
		s.Dependencies[name] = d
	}
}

// readDescription reads a .proto file or a descriptor set.
func (s *Scenario) readDescription(beside fs.FS, proto, descriptor, place string, hash func([]byte) (int, error)) (d description) {
	if descriptor != "" {
		d.descriptor, _ = s.readBeside(beside, descriptor, place+".descriptor", hash)
	}
	if proto != "" {
		d.protos = s.readProto(beside, proto, place+".proto", hash)
	}
	return d
}

var importForm = regexp.MustCompile(`(?m)^\s*import\s+(?:public\s+|weak\s+)?"([^"]+)"\s*;`)

// readProto reads a .proto file and those that it imports, as far as they lie next to it.
func (s *Scenario) readProto(beside fs.FS, file, place string, hash func([]byte) (int, error)) map[string]string {
	folder, name := path.Split(filepath.ToSlash(file))
	text, found := s.readBeside(beside, file, place, hash)
	if !found {
		return nil
	}
	protos := map[string]string{name: string(text)}
	wanted := []string{string(text)}
	for len(wanted) > 0 {
		imports := importForm.FindAllStringSubmatch(wanted[0], -1)
		wanted = wanted[1:]
		for _, match := range imports {
			if _, known := protos[match[1]]; known {
				continue
			}
			text, err := fs.ReadFile(beside, path.Join(folder, match[1]))
			if err != nil {
				continue // a file of google/protobuf, or a mistake that the compiler reports
			}
			_, _ = hash(text) // a hash never fails
			protos[match[1]] = string(text)
			wanted = append(wanted, string(text))
		}
	}
	return protos
}

var callForm = regexp.MustCompile(`^/?[A-Za-z_][A-Za-z0-9_.]*/[A-Za-z_][A-Za-z0-9_]*$`)

// validateCall reports mistakes in a gRPC call.
func (s *Scenario) validateCall(request *Request, place string) {
	g := request.GRPC
	if !callForm.MatchString(g.Method) {
		s.source.faultAt(place+".grpc.method", "write it as in shop.Orders/Place", "%q is not a gRPC method", g.Method)
	}
	if g.Proto != "" && g.Descriptor != "" {
		s.source.faultAt(place+".grpc", "keep one of them", "proto and descriptor exclude each other")
	}
	if g.Message != nil && g.Messages != nil {
		s.source.faultAt(place+".grpc", "keep one of them", "message and messages exclude each other")
	}
	for name := range request.Headers {
		if lower := strings.ToLower(name); strings.HasPrefix(lower, "grpc-") || slices.Contains([]string{"te", "content-type", "connection", "host"}, lower) {
			s.source.faultAt(join(place+".headers", name), "remove it", "%s is set automatically in a gRPC call", name)
		}
	}
	s.refuseHTTP(request, place, "grpc")
}

// refuseHTTP reports keys that only HTTP requests have.
func (s *Scenario) refuseHTTP(request *Request, place, kind string) {
	for _, key := range []struct {
		name  string
		given bool
	}{
		{"json", request.JSON != nil},
		{"text", request.Text != ""},
		{"multipart", len(request.Multipart) > 0},
		{"look", request.Look != nil},
		{"redirects", request.Redirects != 0},
		{"path", request.Path != "" && kind == "grpc"},
		{"method", request.Method != "" && request.Method != "GET"},
	} {
		if key.given {
			s.source.faultAt(join(place, key.name), "remove it", "%s and %s exclude each other", key.name, kind)
		}
	}
}

// isFinal reports whether a status ends a request of this kind, and what to write otherwise.
func isFinal(request *Request, status Status) (hint string, ok bool) {
	if request != nil && request.GRPC != nil {
		return "use a code such as OK or RESOURCE_EXHAUSTED", funnel.Reason(status).IsCode()
	}
	if request != nil && request.WebSocket != nil && (status == 101 || status > Status(funnel.ReasonClose)) {
		return "", true
	}
	return "use 200 to 599", status >= 200 && status <= 599
}
