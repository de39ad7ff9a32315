package gate

import (
	"errors"
	"fmt"
	"hash/maphash"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ombak-sim/ombak/backend/registry"
	"github.com/ombak-sim/ombak/resilience"
)

// Door is a policy in front of the service.
type Door struct {
	At     string            // its place in the plan: entry or step:NAME
	Routes []Route           // requests that pass it; none means all
	Fresh  []Route           // requests that begin a journey, for policies that prefer journeys under way
	Policy resilience.Policy // a gate, a filter or a waiting room
}

// Route describes requests by their method and path.
type Route struct {
	Method string
	Path   string // without the query; each {} stands for one or more characters other than a slash
}

// Matcher returns a func that reports whether a request is one of the routes.
func Matcher(routes []Route) func(method, path string) bool {
	byMethod := map[string]*regexp.Regexp{}
	for _, route := range routes {
		byMethod[route.Method] = nil
	}
	for method := range byMethod {
		var patterns []string
		for _, route := range routes {
			if route.Method == method {
				patterns = append(patterns, strings.ReplaceAll(regexp.QuoteMeta(route.Path), `\{\}`, `[^/]+`))
			}
		}
		byMethod[method] = regexp.MustCompile("^(?:" + strings.Join(patterns, "|") + ")$") // quoted, so it compiles
	}
	return func(method, path string) bool {
		pattern := byMethod[method]
		return pattern != nil && pattern.MatchString(path)
	}
}

// Counts are the requests at a door.
type Counts struct {
	At, Policy string
	Passed     uint64
	TurnedAway uint64
	Left       uint64 // clients that closed the connection while their request waited
	Limit      int    // most requests in service; 0 for policies without one
	InUse      int    // in service
	Queued     int    // waiting, or people with a place in a waiting room whose turn has not come
}

// doorway is a door that requests pass.
type doorway struct {
	door                     Door
	matches, fresh           func(method, path string) bool
	keeper                   keeper
	passed, turnedAway, left atomic.Uint64
	mutex                    sync.Mutex // guards now
	now                      Standing   // the policy as it stands
}

// keeper is what a kind of policy does with a request. Leave is called when the request is done.
type keeper interface {
	pass(r *http.Request, class resilience.Class) (leave func(), refused *refusal)
	counts(into *Counts)
	change(config resilience.Config, on bool)
	close()
}

func newDoorway(door Door, person Identity) (*doorway, error) {
	keeper, err := newKeeper(door.Policy, person)
	if err != nil {
		return nil, fmt.Errorf("%s at %s: %w", door.Policy.Name, door.At, err)
	}
	now := Standing{At: door.At, Policy: door.Policy}
	return &doorway{door: door, matches: Matcher(door.Routes), fresh: Matcher(door.Fresh), keeper: keeper, now: now}, nil
}

func newKeeper(policy resilience.Policy, person Identity) (keeper, error) {
	described, err := policy.Config()
	if err != nil {
		return nil, err
	}
	switch described := described.(type) {
	case resilience.RoomConfig:
		return newRoom(described, person), nil
	case resilience.Gated:
		queue, err := registry.NewGate(described.Gate())
		return queueKeeper{queue}, err
	case resilience.Filtering:
		descriptor := policy.Descriptor()
		if descriptor.Asks&^resilience.AsksPerson != 0 {
			return nil, errors.New("a gate does not know of a request what this policy asks for")
		}
		return &filterKeeper{began: time.Now(), person: newTeller(person), descriptor: descriptor, filter: described.Filter()}, nil
	}
	return nil, errors.New("this policy cannot stand in front of a service")
}

func (d *doorway) stands(r *http.Request) bool {
	return len(d.door.Routes) == 0 || d.matches(r.Method, r.URL.Path)
}

func (d *doorway) pass(r *http.Request) (leave func(), refused *refusal) {
	class := resilience.Begun
	if d.fresh(r.Method, r.URL.Path) {
		class = resilience.Fresh
	}
	leave, refused = d.keeper.pass(r, class)
	switch refused {
	case nil:
		d.passed.Add(1)
	case errLeft:
		d.left.Add(1)
	default:
		d.turnedAway.Add(1)
	}
	return leave, refused
}

func (d *doorway) counts() Counts {
	counts := Counts{At: d.door.At, Policy: d.door.Policy.Name, Passed: d.passed.Load(), TurnedAway: d.turnedAway.Load(), Left: d.left.Load()}
	d.keeper.counts(&counts)
	return counts
}

func (d *doorway) close() { d.keeper.close() }

// queueKeeper lets requests wait for a place.
type queueKeeper struct{ queue *registry.Gate }

func (k queueKeeper) pass(r *http.Request, class resilience.Class) (func(), *refusal) {
	err := k.queue.EnterAs(r.Context(), class)
	busy := (*registry.BusyError)(nil)
	switch {
	case err == nil:
		return k.queue.Leave, nil
	case errors.As(err, &busy):
		return nil, &refusal{http.StatusServiceUnavailable, "busy", "the service is overloaded; try again later", max(busy.RetryAfter, time.Second)}
	}
	return nil, errLeft
}

func (k queueKeeper) counts(into *Counts) {
	stats := k.queue.Stats()
	into.Limit, into.InUse, into.Queued = k.queue.Limit(), stats.InUse, stats.Queued
}

func (k queueKeeper) close() { k.queue.Close() }

// filterKeeper decides at once.
type filterKeeper struct {
	began      time.Time
	person     teller
	descriptor resilience.Descriptor
	mutex      sync.Mutex // guards filter
	filter     resilience.Filter
}

func (k *filterKeeper) pass(r *http.Request, _ resilience.Class) (func(), *refusal) {
	var asker resilience.Asker
	if k.descriptor.Asks.Has(resilience.AsksPerson) {
		asker.Person = k.person.of(r)
	}
	k.mutex.Lock()
	defer k.mutex.Unlock()
	if wait, ok := k.filter.Allow(time.Since(k.began), asker); !ok {
		return nil, &refusal{http.StatusTooManyRequests, k.descriptor.Code, k.descriptor.Message, max(wait, time.Second)}
	}
	return func() {}, nil
}

func (k *filterKeeper) counts(*Counts) {}
func (k *filterKeeper) close()         {}

// roomKeeper is a waiting room. It remembers the place of everybody whose turn has not come.
type roomKeeper struct {
	began  time.Time
	person teller
	draws  maphash.Seed
	mutex  sync.Mutex // guards keeper
	keeper *resilience.Doorkeeper
}

func newRoom(config resilience.RoomConfig, person Identity) *roomKeeper {
	return &roomKeeper{began: time.Now(), person: newTeller(person), draws: maphash.MakeSeed(), keeper: resilience.NewDoorkeeper(config)}
}

func (k *roomKeeper) pass(r *http.Request, _ resilience.Class) (func(), *refusal) {
	person := k.person.of(r)
	k.mutex.Lock()
	defer k.mutex.Unlock()
	_, wait, in := k.keeper.Ask(time.Since(k.began), person, resilience.Place{}, func(round uint64) uint32 {
		return uint32(maphash.Comparable(k.draws, [2]uint64{person, round}))
	})
	if !in {
		return nil, &refusal{http.StatusServiceUnavailable, "waiting_room", "you have a place in the queue; come back when it is your turn", max(wait, time.Second)}
	}
	return func() {}, nil
}

func (k *roomKeeper) counts(into *Counts) {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	places, turns := k.keeper.Counts(time.Since(k.began))
	into.Queued = int(places - turns)
}

func (k *roomKeeper) close() {}

// Counts returns the requests at each door so far.
func (g *Gate) Counts() []Counts {
	all := make([]Counts, len(g.doors))
	for i, door := range g.doors {
		all[i] = door.counts()
	}
	return all
}

// Runs reports whether a policy can stand in a gate at a place.
func Runs(policy resilience.Policy, at resilience.Site) bool {
	descriptor := policy.Descriptor()
	if !slices.Contains(descriptor.Places, at) || at != resilience.AtEntry && at != resilience.AtStep {
		return false
	}
	built, err := newKeeper(policy, Identity{})
	if err == nil {
		built.close()
	}
	return err == nil
}
