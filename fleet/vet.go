package fleet

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/ombak-sim/ombak/drill"
	"github.com/ombak-sim/ombak/report"
)

// The roles of agents. StudyRole is another.
const (
	GeneratorRole = "generator" // plays a part of the people
	BackendRole   = "backend"   // is the reference backend
	MocksRole     = "mocks"     // stands in for the dependencies
)

// Roles returns the names of all roles.
func Roles() []string { return []string{GeneratorRole, BackendRole, MocksRole, StudyRole} }

// Target is a place that an agent may send load to.
type Target struct {
	host string
	port string // empty means every port
}

// ParseTarget reads HOST or HOST:PORT. An IPv6 address with a port stands in brackets.
func ParseTarget(text string) (Target, error) {
	t := Target{host: strings.Trim(text, "[]")}
	if strings.ContainsAny(text, "/@ *?#") {
		return t, fmt.Errorf("%q is not HOST or HOST:PORT", text)
	}
	if _, err := netip.ParseAddr(t.host); err != nil && strings.Contains(text, ":") {
		var err error
		if t.host, t.port, err = net.SplitHostPort(text); err != nil {
			return t, fmt.Errorf("%q is not HOST or HOST:PORT", text)
		}
		if _, err := net.LookupPort("tcp", t.port); err != nil || t.port == "" || t.port == "0" {
			return t, fmt.Errorf("%q has no port from 1 to 65535", text)
		}
	}
	if t.host == "" {
		return t, fmt.Errorf("%q is not HOST or HOST:PORT", text)
	}
	t.host = strings.ToLower(t.host)
	return t, nil
}

func (t Target) String() string {
	if t.port == "" {
		return t.host
	}
	return net.JoinHostPort(t.host, t.port)
}

// Loopback returns the targets of an agent that was allowed no others.
func Loopback() []Target { return []Target{{host: "127.0.0.1"}, {host: "::1"}, {host: "localhost"}} }

// allows reports whether one of the targets is the host and port of an address. Names are compared as they are written: an
// agent that was allowed a name is not allowed its addresses.
func allows(targets []Target, host, port string) bool {
	host = strings.ToLower(host)
	return slices.ContainsFunc(targets, func(t Target) bool { return t.host == host && (t.port == "" || t.port == port) })
}

// vetting is what an agent checks an order against.
type vetting struct {
	agent   string
	roles   []string
	targets []Target
	build   report.Build
	cpus    int
	listen  string // HOST:PORT of what the agent serves; port 0 means free ones
	folder  string // of the run
}

// decodeTask reads a task strictly. What the agent does not know, it does not do.
func decodeTask(text []byte) (task, error) {
	var t task
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&t); err != nil {
		return t, fmt.Errorf("the order cannot be read: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return t, errors.New("the order has something behind its end")
	}
	return t, nil
}

// vet returns an error unless the agent may do a task, and otherwise the order as the agent does it.
func (v vetting) vet(t task) (drill.Order, error) {
	order := t.Order
	switch {
	case !isName(t.Run) || !isName(t.Incarnation) || t.Part < 0 || t.Part >= MostGenerators:
		return order, errors.New("the order names no run, part or incarnation")
	case !sameBuild(v.build, t.Build):
		return order, fmt.Errorf("agent %s is %s, and the conductor is %s; install the same ombak on both", v.agent, describe(v.build), describe(t.Build))
	case one(order) != 1 || !slices.Contains(v.roles, order.Name()):
		return order, fmt.Errorf("agent %s takes orders of the roles %s only; join it with --role %s too", v.agent, strings.Join(v.roles, ", "), cmp.Or(order.Name(), GeneratorRole))
	case order.Backend != nil:
		return v.vetBackend(*order.Backend)
	case order.Mocks != nil:
		host, _, err := net.SplitHostPort(v.listen)
		if err != nil {
			return order, err
		}
		confined, err := order.Mocks.Confined(host)
		return drill.Order{Mocks: &confined}, err
	}
	return v.vetGenerator(t)
}

// one counts the parts that an order makes.
func one(order drill.Order) (parts int) {
	for _, makes := range []bool{order.Generator != nil, order.Backend != nil, order.Mocks != nil} {
		if makes {
			parts++
		}
	}
	return parts
}

// vetBackend returns an error unless the agent may send requests wherever the backend sends some.
func (v vetting) vetBackend(backend drill.BackendOrder) (drill.Order, error) {
	peers, err := backend.Peers()
	if err != nil {
		return drill.Order{}, err
	}
	for _, name := range slices.Sorted(maps.Keys(peers)) {
		host, port, err := net.SplitHostPort(peers[name])
		if err != nil || !allows(v.targets, host, port) {
			return drill.Order{}, fmt.Errorf("agent %s sends no requests to %s (%s); join it with --allow-target %s", v.agent, peers[name], name, cmp.Or(host, peers[name]))
		}
	}
	confined, err := backend.Confined(v.listen, v.folder)
	return drill.Order{Backend: &confined}, err
}

// vetGenerator returns an error unless the agent may send load wherever the generator sends some.
func (v vetting) vetGenerator(t task) (drill.Order, error) {
	order := t.Order
	config := &order.Generator.Config
	switch {
	case order.Generator.Metrics != "":
		return order, fmt.Errorf("agent %s serves no metrics", v.agent)
	case config.Connections.TLS.KeyLog != "":
		return order, fmt.Errorf("agent %s writes no secrets of TLS to a file", v.agent)
	case config.Part != t.Part:
		return order, errors.New("the order is of another part than it says")
	}
	for _, name := range slices.Sorted(maps.Keys(config.Targets)) {
		if err := v.allowed(order.Generator, name); err != nil {
			return order, err
		}
	}
	for _, address := range config.Connections.ConnectTo {
		if host, port, err := net.SplitHostPort(address); err != nil || !allows(v.targets, host, port) {
			return order, fmt.Errorf("agent %s sends no load to %s (connect-to); join it with --allow-target %s", v.agent, address, address)
		}
	}
	config.Shards = max(1, v.cpus/2)
	return order, nil
}

// allowed returns an error unless load may be sent to a target, where it is connected to. A proxy would carry it anywhere, so
// an agent uses none that an order names.
func (v vetting) allowed(generator *drill.GeneratorOrder, name string) error {
	target := generator.Config.Targets[name]
	network, address, proxy, err := generator.Config.Connections.PlaceOf(target)
	if err != nil {
		return err
	}
	if parsed, err := url.Parse(target); network == "tcp" && (err != nil || parsed.Scheme != "http" && parsed.Scheme != "https" || parsed.Hostname() == "") {
		return fmt.Errorf("target %s has no URL of a service", name)
	}
	if proxy != nil {
		return fmt.Errorf("agent %s uses no proxy (target %s); unset HTTP_PROXY and HTTPS_PROXY where the run begins, or add the target to NO_PROXY", v.agent, name)
	}
	if network != "tcp" {
		return fmt.Errorf("agent %s sends no load to a socket of its own machine (target %s); give the target an address", v.agent, name)
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("target %s is connected to %q, which is not HOST:PORT", name, address)
	}
	if !allows(v.targets, host, port) {
		return fmt.Errorf("agent %s sends no load to %s (target %s); join it with --allow-target %s", v.agent, address, name, address)
	}
	return nil
}

// sameBuild reports whether two programs are the same version.
func sameBuild(a, b report.Build) bool { return a.Version == b.Version && a.Commit == b.Commit }

// describe names a version.
func describe(b report.Build) string {
	if b.Commit == "" {
		return "ombak " + b.Version
	}
	return fmt.Sprintf("ombak %s (%.12s)", b.Version, b.Commit)
}
