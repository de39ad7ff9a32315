package backend

import (
	"context"
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

// DoorConfig describes protection in front of the service.
type DoorConfig struct {
	Name   string            `json:"name,omitempty"`  // in the counts of waiting rooms
	Paths  []string          `json:"paths,omitempty"` // that it stands in front of; none means all
	Fresh  []string          `json:"fresh,omitempty"` // paths of those whose journey has not begun, for policies that prefer the others
	Opens  time.Time         `json:"opens,omitzero"`  // from when policies that follow the scenario's clock count time
	Policy resilience.Policy `json:"policy"`          // a gate, a filter or, at paths that need a session, a waiting room
}

// door lets a request pass, or answers it. Leave is called when the request is done.
type door interface {
	pass(ctx *fasthttp.RequestCtx) (leave func(), err error)
}

// place is where the door stands.
func (c DoorConfig) place() string {
	if len(c.Paths) == 0 {
		return "all"
	}
	return strings.Join(c.Paths, " ")
}

// openDoors builds the doors of the configuration, in their order.
func (s *Server) openDoors() error {
	for _, config := range s.config.Doors {
		built, err := s.newDoor(config)
		if err != nil {
			return err
		}
		s.doors = append(s.doors, guard{config.Name, config.Paths, built, s.instruments.door(config)})
	}
	return nil
}

// closeDoors stops their timers; nobody may be waiting.
func (s *Server) closeDoors() {
	for _, guard := range s.doors {
		if gated, isGate := guard.door.(*gateDoor); isGate {
			gated.gate.Close()
		}
	}
}

// guard is a door and where it stands.
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
		return &gateDoor{s.stopping, gate, config.Fresh}, nil
	case resilience.Filtering:
		return s.newFilterDoor(config, described)
	}
	return nil, fmt.Errorf("%s cannot stand in front of the service", config.Policy.Name)
}

// guarded puts the doors in front of the routes that they are for.
func (s *Server) guarded(routes map[string]methods) map[string]methods {
	for path, route := range routes {
		for _, guard := range slices.Backward(s.doors) {
			if len(guard.paths) > 0 && !slices.Contains(guard.paths, path) {
				continue
			}
			for method, handle := range route {
				route[method] = guard.before(handle)
			}
		}
	}
	return routes
}

// before puts the door in front of a handler.
func (g guard) before(handle handler) handler {
	return func(ctx *fasthttp.RequestCtx) (reply, error) {
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

// crowded is the answer to who is turned away because of the others.
func crowded(retryAfter time.Duration) *fault {
	return &fault{
		status: fasthttp.StatusServiceUnavailable, code: "busy", message: "too many people are here at once; try again later", retryAfter: max(retryAfter, time.Second),
	}
}

// early is the answer to who comes too soon.
func early(code, message string, retryAfter time.Duration) *fault {
	return &fault{status: fasthttp.StatusTooManyRequests, code: code, message: message, retryAfter: max(retryAfter, time.Second)}
}

// beforeSession says whether people come to a path before they have a session.
func beforeSession(path string) bool {
	return slices.Contains([]string{"/", "/openapi.json", linkPath, "/v1/signups", "/v1/sign-ins", "/v1/email-verifications", "/v1/sessions", "/v1/batches"}, path)
}

// gateDoor is a queueing policy.
type gateDoor struct {
	stopping context.Context
	gate     *registry.Gate
	fresh    []string
}

func (d *gateDoor) pass(ctx *fasthttp.RequestCtx) (func(), error) {
	class := resilience.Begun
	if slices.Contains(d.fresh, string(ctx.Path())) {
		class = resilience.Fresh
	}
	err := d.gate.EnterAs(d.stopping, class)
	if busy := (*registry.BusyError)(nil); errors.As(err, &busy) {
		return nil, crowded(busy.RetryAfter)
	}
	return d.gate.Leave, err
}

// filterDoor asks a filter about each request, telling it what it wants to know.
type filterDoor struct {
	holder     func(*fasthttp.RequestHeader) (int64, error) // the person of a session; asks no database
	seed       maphash.Seed
	since      func() time.Duration
	descriptor resilience.Descriptor
	mutex      sync.Mutex // guards what follows
	filter     resilience.Filter
}

// newFilterDoor refuses a filter that asks what nobody knows here.
func (s *Server) newFilterDoor(config DoorConfig, described resilience.Filtering) (door, error) {
	descriptor := config.Policy.Descriptor()
	if descriptor.Asks.Has(resilience.AsksAttempt) {
		return nil, fmt.Errorf("%s must know who has tried before, which the service does not", descriptor.Name)
	}
	began := time.Now()
	since := func() time.Duration { return time.Since(began) }
	if descriptor.ScenarioTime {
		since = func() time.Duration { return s.config.Now().Sub(config.Opens) }
	}
	return &filterDoor{holder: s.holder, seed: maphash.MakeSeed(), since: since, descriptor: descriptor, filter: described.Filter()}, nil
}

func (d *filterDoor) pass(ctx *fasthttp.RequestCtx) (func(), error) {
	whom, readable := d.asker(ctx)
	if !readable {
		return func() {}, nil // what cannot be read is refused behind the door
	}
	d.mutex.Lock()
	defer d.mutex.Unlock()
	if wait, ok := d.filter.Allow(d.since(), whom); !ok {
		return nil, early(d.descriptor.Code, d.descriptor.Message, wait)
	}
	return func() {}, nil
}

// asker returns what the filter asks about a request; false where the request does not say it.
func (d *filterDoor) asker(ctx *fasthttp.RequestCtx) (whom resilience.Asker, readable bool) {
	if d.descriptor.Asks.Has(resilience.AsksPerson) {
		whom.Person = d.client(ctx)
	}
	if d.descriptor.Asks.Has(resilience.AsksBirthMonth) {
		claimed, err := parseIdentity(ctx.PostBody())
		if err != nil {
			return whom, false
		}
		whom.BirthMonth = claimed.birth.Month()
	}
	return whom, true
}

// client identifies a client by the person in its session, or by its address if it has no session: a header
// could be invented at no cost. Of an IPv6 address the network counts, as whoever has one has all 2^64 of it.
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
