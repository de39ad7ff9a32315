package backend

import (
	"errors"
	"fmt"
	"hash/maphash"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/ombak-sim/ombak/backend/registry"
	"github.com/ombak-sim/ombak/resilience"
)

// DoorConfig describes a policy in front of the service.
type DoorConfig struct {
	Name   string            `json:"name,omitempty"`  // used in the counts of waiting rooms
	Paths  []string          `json:"paths,omitempty"` // paths that the door protects; empty means all
	Fresh  []string          `json:"fresh,omitempty"` // paths of requests that begin a journey, for policies that prefer journeys under way
	Opens  time.Time         `json:"opens,omitzero"`  // start of time for policies that follow the scenario's clock
	Policy resilience.Policy `json:"policy"`          // a gate, a filter or, at paths that need a session, a waiting room
}

// door lets a request pass or answers it. Leave is called when the request is done. Change changes its policy.
type door interface {
	pass(ctx *fasthttp.RequestCtx) (leave func(), err error)
	change(config resilience.Config, on bool)
}

// place names where the door stands.
func (c DoorConfig) place() string {
	if len(c.Paths) == 0 {
		return "all"
	}
	return strings.Join(c.Paths, " ")
}

// openDoors builds the configured doors in order.
func (s *Server) openDoors() error {
	for _, config := range s.config.Doors {
		built, err := s.newDoor(config)
		if err != nil {
			return err
		}
		s.doors = append(s.doors, guard{config.Name, wholeRoutes(config.Paths), built, s.instruments.door(config)})
	}
	return nil
}

// wholeRoutes replaces paths that name a stock by a template: such a path stands for all stocks.
func wholeRoutes(paths []string) []string {
	whole := slices.Clone(paths)
	for i, path := range whole {
		if route, name := routeOf(path); !isStock(name) {
			whole[i] = route
		}
	}
	return whole
}

// closeDoors stops the doors' timers. No request may be waiting.
func (s *Server) closeDoors() {
	for _, guard := range s.doors {
		if gated, isGate := guard.door.(*gateDoor); isGate {
			gated.gate.Close()
		}
	}
}

// guard is a door with its name and place.
type guard struct {
	name  string
	paths []string
	door  door
	seen  doorCounts
}

func (s *Server) newDoor(config DoorConfig) (door, error) {
	described, err := config.Policy.Config()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", config.Policy.Name, err)
	}
	switch described := described.(type) {
	case resilience.RoomConfig:
		return s.newRoomDoor(config, described)
	case resilience.Gated:
		gate, err := registry.NewGate(described.Gate())
		if err != nil {
			return nil, err
		}
		return &gateDoor{s, gate, config.Fresh}, nil
	case resilience.Filtering:
		return s.newFilterDoor(config, described)
	}
	return nil, fmt.Errorf("%s cannot stand in front of the service", config.Policy.Name)
}

// guarded puts each door in front of its routes.
func (s *Server) guarded(routes map[string]methods) map[string]methods {
	for path, route := range routes {
		for _, guard := range slices.Backward(s.doors) {
			if !guard.serves(path) {
				continue
			}
			for method, handle := range route {
				route[method] = guard.before(handle)
			}
		}
	}
	return routes
}

// serves reports whether the door stands in front of a route, or of a part of what it serves.
func (g guard) serves(route string) bool {
	return len(g.paths) == 0 || slices.ContainsFunc(g.paths, func(path string) bool {
		of, _ := routeOf(path)
		return of == route
	})
}

// single reports whether the door stands in front of single stocks.
func (g guard) single() bool {
	return slices.ContainsFunc(g.paths, func(path string) bool { _, name := routeOf(path); return isStock(name) })
}

// before puts the door in front of a handler. A path that names a stock is that of this stock alone.
func (g guard) before(handle handler) handler {
	single := g.single()
	return func(ctx *fasthttp.RequestCtx) (reply, error) {
		if single && !g.names(string(ctx.Path())) {
			return handle(ctx)
		}
		leave, err := g.door.pass(ctx)
		if err != nil {
			g.seen.turnedAway.Inc()
			return reply{}, err
		}
		g.seen.passed.Inc()
		defer leave()
		return handle(ctx)
	}
}

// names reports whether the door stands in front of a path, or of all that its route serves.
func (g guard) names(path string) bool {
	route, _ := routeOf(path)
	return slices.Contains(g.paths, path) || slices.Contains(g.paths, route)
}

// overloaded is the answer to a request rejected because of load.
func overloaded(retryAfter time.Duration) *fault {
	return &fault{
		status: fasthttp.StatusServiceUnavailable, code: "busy", message: "the service is overloaded; try again later", retryAfter: max(retryAfter, time.Second),
	}
}

// tooEarly is the answer to a request that comes too soon.
func tooEarly(code, message string, retryAfter time.Duration) *fault {
	return &fault{status: fasthttp.StatusTooManyRequests, code: code, message: message, retryAfter: max(retryAfter, time.Second)}
}

// beforeSession reports whether a path is used without a session.
func (s *Server) beforeSession(path string) bool {
	route, _ := routeOf(path)
	if route == bookingsPath {
		return s.config.Guests
	}
	return slices.Contains([]string{"/", "/openapi.json", linkPath, "/v1/signups", "/v1/sign-ins", "/v1/email-verifications", "/v1/sessions", "/v1/batches", stockPath}, route)
}

// gateDoor is a queueing policy.
type gateDoor struct {
	server *Server
	gate   *registry.Gate
	fresh  []string
}

func (d *gateDoor) pass(ctx *fasthttp.RequestCtx) (func(), error) {
	class := resilience.Begun
	if slices.Contains(d.fresh, string(ctx.Path())) {
		class = resilience.Fresh
	}
	err := d.gate.EnterAs(d.server.withCaller(ctx), class)
	if busy := (*registry.BusyError)(nil); errors.As(err, &busy) {
		return nil, overloaded(busy.RetryAfter)
	}
	return d.gate.Leave, err
}

// filterDoor applies a filter to each request.
type filterDoor struct {
	holder     func(*fasthttp.RequestHeader) (int64, error) // returns the person of a session without querying the database
	seed       maphash.Seed
	since      func() time.Duration
	descriptor resilience.Descriptor
	mutex      sync.Mutex // guards the fields below
	filter     resilience.Filter
}

// newFilterDoor rejects a filter that needs facts the service does not have.
func (s *Server) newFilterDoor(config DoorConfig, described resilience.Filtering) (door, error) {
	descriptor := config.Policy.Descriptor()
	if descriptor.Asks.Has(resilience.AsksAttempt) {
		return nil, fmt.Errorf("%s needs to know which clients have tried before, and the service does not record that", descriptor.Name)
	}
	began := time.Now()
	since := func() time.Duration { return time.Since(began) }
	if descriptor.ScenarioTime {
		since = func() time.Duration { return s.config.Now().Sub(config.Opens) }
	}
	return &filterDoor{holder: s.holder, seed: maphash.MakeSeed(), since: since, descriptor: descriptor, filter: described.Filter()}, nil
}

func (d *filterDoor) pass(ctx *fasthttp.RequestCtx) (func(), error) {
	asker, readable := d.asker(ctx)
	if !readable {
		return func() {}, nil // the handler rejects a body that cannot be read
	}
	d.mutex.Lock()
	defer d.mutex.Unlock()
	if wait, ok := d.filter.Allow(d.since(), asker); !ok {
		return nil, tooEarly(d.descriptor.Code, d.descriptor.Message, wait)
	}
	return func() {}, nil
}

// asker returns the facts that the filter needs about a request, and false if the request does not contain
// them.
func (d *filterDoor) asker(ctx *fasthttp.RequestCtx) (asker resilience.Asker, readable bool) {
	if d.descriptor.Asks.Has(resilience.AsksPerson) {
		asker.Person = d.client(ctx)
	}
	if d.descriptor.Asks.Has(resilience.AsksBirthMonth) {
		claimed, err := parseIdentity(ctx.PostBody())
		if err != nil {
			return asker, false
		}
		asker.BirthMonth = claimed.birth.Month()
	}
	return asker, true
}

// client identifies a client by the person in its session, or by its address if it has no session. Other
// headers are ignored: anyone can invent them at no cost. An IPv6 address is reduced to its /64 network,
// because one client usually owns all of it.
func (d *filterDoor) client(ctx *fasthttp.RequestCtx) uint64 {
	if person, err := d.holder(&ctx.Request.Header); err == nil {
		return maphash.Comparable(d.seed, person)
	}
	address := ctx.RemoteIP()
	if address.To4() == nil {
		address = address.Mask(net.CIDRMask(64, 128))
	}
	return maphash.Bytes(d.seed, address.To16())
}
