package backend

import (
	"context"
	"errors"
	"hash/maphash"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ombak-sim/ombak/resilience"
	"github.com/valyala/fasthttp"
)

// DoorConfig describes protection in front of the service. Exactly one policy is set.
type DoorConfig struct {
	Name    string                    `json:"name,omitempty"`    // in the counts of waiting rooms
	Paths   []string                  `json:"paths,omitempty"`   // that it stands in front of; none means all
	Fresh   []string                  `json:"fresh,omitempty"`   // paths of those whose journey has not begun
	Opens   time.Time                 `json:"opens,omitzero"`    // what turns are counted from, by the scenario's clock
	Gate    *resilience.GateConfig    `json:"gate,omitempty"`    // queueing policies
	Buckets *resilience.BucketConfig  `json:"buckets,omitempty"` // for each person, or each address where there is no session
	Stagger *resilience.StaggerConfig `json:"stagger,omitempty"` // by the birth date of an identity
	Room    *resilience.RoomConfig    `json:"room,omitempty"`    // with a place for each person; only at paths that need a session
}

// door lets a request pass, or answers it. Leave is called when the request is done.
type door interface {
	pass(ctx *fasthttp.RequestCtx) (leave func(), err error)
}

// kind is the name of the policy.
func (c DoorConfig) kind() string {
	switch {
	case c.Gate != nil:
		return "gate"
	case c.Buckets != nil:
		return "buckets"
	case c.Stagger != nil:
		return "stagger"
	}
	return "room"
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
			gated.gate.close()
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
	switch {
	case config.Gate != nil:
		gate, err := newGate(*config.Gate)
		if err != nil {
			return nil, err
		}
		return &gateDoor{s.stopping, gate, config.Fresh}, nil
	case config.Buckets != nil:
		if err := config.Buckets.Validate(); err != nil {
			return nil, err
		}
		return &bucketDoor{holder: s.holder, seed: maphash.MakeSeed(), began: time.Now(), buckets: resilience.NewBuckets(*config.Buckets)}, nil
	case config.Stagger != nil:
		return staggerDoor{*config.Stagger, func() time.Duration { return s.config.Now().Sub(config.Opens) }}, config.Stagger.Validate()
	}
	if config.Room != nil {
		return s.newRoomDoor(config)
	}
	return nil, errors.New("a door without a policy; set gate, buckets, stagger or room")
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
	gate     *gate
	fresh    []string
}

func (d *gateDoor) pass(ctx *fasthttp.RequestCtx) (func(), error) {
	class := resilience.Begun
	if slices.Contains(d.fresh, string(ctx.Path())) {
		class = resilience.Fresh
	}
	err := d.gate.enterAs(d.stopping, class)
	if busy := (*busyError)(nil); errors.As(err, &busy) {
		return nil, crowded(busy.retryAfter)
	}
	return d.gate.leave, err
}

// bucketDoor gives each client a token bucket.
type bucketDoor struct {
	holder  func(*fasthttp.RequestHeader) (int64, error)
	seed    maphash.Seed
	began   time.Time
	mutex   sync.Mutex // guards what follows
	buckets *resilience.Buckets
}

func (d *bucketDoor) pass(ctx *fasthttp.RequestCtx) (func(), error) {
	client := d.client(ctx)
	d.mutex.Lock()
	defer d.mutex.Unlock()
	if wait, ok := d.buckets.Allow(time.Since(d.began), client); !ok {
		return nil, early("too_many_requests", "you ask too often; try again later", wait)
	}
	return func() {}, nil
}

// client is the person, however the session is spelt, or who has none the address: what costs nothing to
// make up has no bucket. Of an IPv6 address the network counts, as whoever has one has all 2^64 of it.
func (d *bucketDoor) client(ctx *fasthttp.RequestCtx) uint64 {
	if person, err := d.holder(&ctx.Request.Header); err == nil {
		return maphash.Comparable(d.seed, person)
	}
	address := ctx.RemoteIP()
	if address.To4() == nil {
		address = address.Mask(net.CIDRMask(64, 128))
	}
	return maphash.Bytes(d.seed, address.To16())
}

// staggerDoor lets birth months in one after the other.
type staggerDoor struct {
	config resilience.StaggerConfig
	since  func() time.Duration // the opening
}

func (d staggerDoor) pass(ctx *fasthttp.RequestCtx) (func(), error) {
	if claimed, err := parseIdentity(ctx.PostBody()); err == nil {
		if wait, ok := d.config.Allow(d.since(), claimed.birth.Month()); !ok {
			return nil, early("not_your_turn", "your month of birth has its turn later", wait)
		}
	}
	return func() {}, nil // what cannot be read is refused behind it
}
