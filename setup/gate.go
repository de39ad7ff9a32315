package setup

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/ombak-sim/ombak/gate"
	"github.com/ombak-sim/ombak/loadgen"
	"github.com/ombak-sim/ombak/resilience"
	"github.com/ombak-sim/ombak/scenarios"
)

// Gate is the set-up of a gate: the policies that a plan puts in front of a service.
type Gate struct {
	Planned
	Target string   // of the scenario, that the gate stands in front of
	URL    *url.URL // of the target
	Socket string   // of the target, if it is behind a Unix socket
	Doors  []gate.Door
}

// NewGate maps the policies of a scenario's plan to the doors of a gate in front of one of its targets, which is at a
// URL. An empty target means the only one. Policies that a gate cannot carry out come back as ErrRefused.
func NewGate(scenario *scenarios.Scenario, options Options, target, location string, person gate.Identity) (*Gate, error) {
	if err := loadgen.CheckTarget(cmp.Or(target, "behind the gate"), location); err != nil {
		return nil, Refused(err)
	}
	planned, err := newPlanned(scenario, options)
	if err != nil {
		return nil, err
	}
	g := &Gate{Planned: planned, Target: target}
	if g.URL, err = loadgen.LocationOf(location); err != nil {
		return nil, Refused(err)
	}
	if socket, _, is := loadgen.SocketOf(location); is {
		g.Socket = socket
	}
	used := usedTargets(g.Scenario)
	switch {
	case target == "" && len(used) == 1:
		g.Target = used[0]
	case target == "":
		return nil, Refuse("scenario %s has the targets %s; say which one stands behind the gate, as in --target %s=URL", g.Scenario.Name, strings.Join(used, ", "), used[0])
	case !slices.Contains(used, target):
		return nil, Refuse("target %q is not used by scenario %s; give NAME=URL for %s", target, g.Scenario.Name, strings.Join(used, ", "))
	}
	plan, policies := g.Scenario.Effective(g.Scenario.Plan())
	if len(plan.Schedule) > 0 {
		g.Warnings = append(g.Warnings, fmt.Sprintf("plan %s changes things while a run plays (schedule), and a gate knows of no run; give ombak load --gate-url, which changes its policies then", plan.Name))
	}
	for _, policy := range policies {
		if err := g.open(plan.Name, policy, person); err != nil {
			return nil, err
		}
	}
	if len(g.Doors) == 0 {
		return nil, Refuse("plan %s of scenario %s has no policy at the entry or at a step, so a gate would let everything pass; choose another with --plan NAME", plan.Name, g.Scenario.Name)
	}
	g.warnOfTwins()
	g.warnOfMessages()
	return g, nil
}

// open adds a policy's door.
func (g *Gate) open(plan string, policy scenarios.Policy, person gate.Identity) error {
	site, _ := policy.Place()
	if !policy.RunsLive() || !gate.Runs(policy.Named(), site) {
		return Refuse("plan %s puts %s at %s, which a gate in front of the service cannot carry out; it takes gates, buckets and waiting rooms at the entry or at a step; choose another plan, or simulate it", plan, policy.Policy, policy.At)
	}
	door := gate.Door{At: policy.At, Policy: g.scaledPolicy(policy)}
	at := g.stepAt(policy.At)
	if at >= 0 {
		step := g.Scenario.Journey[at]
		route, err := routeOf(step, g.Target)
		if err != nil {
			return Refuse("plan %s puts %s at %s: %w", plan, policy.Policy, policy.At, err)
		}
		door.Routes = []gate.Route{route}
	}
	if needsPerson(policy) && !g.tells(at, person) {
		return Refuse("plan %s puts %s at %s, whose requests do not have %s, so the gate cannot tell people apart; say how it can with --person header:NAME, cookie:NAME or address", plan, policy.Policy, policy.At, person)
	}
	for _, step := range g.Scenario.Journey {
		if route, err := routeOf(step, g.Target); err == nil {
			door.Fresh = append(door.Fresh, route)
		}
		if step.Name == g.Scenario.Arrivals.Step {
			break
		}
	}
	g.Doors = append(g.Doors, door)
	return nil
}

// needsPerson reports whether a policy tells people apart.
func needsPerson(policy scenarios.Policy) bool {
	described, _ := policy.Named().Config() // a fault was found when the scenario was read
	_, room := described.(resilience.RoomConfig)
	return room || policy.Descriptor().Asks.Has(resilience.AsksPerson)
}

// tells reports whether the requests of a step say who sends them.
func (g *Gate) tells(step int, person gate.Identity) bool {
	switch {
	case person.Cookie != "":
		return g.Scenario.Cookies
	case person.Header == "":
		return true
	}
	if step < 0 {
		return false
	}
	for name := range g.Scenario.Journey[step].Request.Headers {
		if http.CanonicalHeaderKey(name) == person.Header {
			return true
		}
	}
	return false
}

// filled is what a person's request fills in.
var filled = regexp.MustCompile(`\$\{[^}]*\}`)

// routeOf returns the method and path of a step's requests.
func routeOf(step scenarios.Step, target string) (gate.Route, error) {
	request := step.Request
	switch {
	case request == nil:
		return gate.Route{}, fmt.Errorf("step %s sends nothing; put it at another step", step.Name)
	case request.Target != target:
		return gate.Route{}, fmt.Errorf("step %s goes to %s, and the gate stands in front of %s; put it at another step", step.Name, request.Target, target)
	case request.GRPC != nil:
		return gate.Route{Method: http.MethodPost, Path: "/" + request.GRPC.Method}, nil
	case request.WebSocket != nil && !request.WebSocket.Connect:
		return gate.Route{}, fmt.Errorf("step %s uses a connection that is open; put it at the step that connects", step.Name)
	}
	path := filled.ReplaceAllString(request.Path, "{}")
	path, _, _ = strings.Cut(path, "?")
	if !strings.HasPrefix(path, "/") {
		return gate.Route{}, fmt.Errorf("step %s follows a link, so its requests cannot be told from others; put it at another step", step.Name)
	}
	method := request.Method
	if method == "" {
		method = http.MethodGet
	}
	return gate.Route{Method: method, Path: path}, nil
}

// warnOfTwins names steps whose requests pass a door that the plan puts at another step.
func (g *Gate) warnOfTwins() {
	for _, door := range g.Doors {
		matches := gate.Matcher(door.Routes)
		for _, step := range g.Scenario.Journey {
			route, err := routeOf(step, g.Target)
			if err != nil || door.At == "step:"+step.Name || len(door.Routes) == 0 {
				continue
			}
			if matches(route.Method, strings.ReplaceAll(route.Path, "{}", "x")) {
				g.Warnings = append(g.Warnings, fmt.Sprintf("requests of step %s pass %s at %s too, because they have the same method and path", step.Name, door.Policy.Name, door.At))
			}
		}
	}
}

// warnOfMessages names steps on open WebSockets, whose messages no door sees.
func (g *Gate) warnOfMessages() {
	if !slices.ContainsFunc(g.Doors, func(door gate.Door) bool { return len(door.Routes) == 0 }) {
		return
	}
	var names []string
	for _, step := range g.Scenario.Journey {
		if r := step.Request; r != nil && r.Target == g.Target && r.WebSocket != nil && !r.WebSocket.Connect {
			names = append(names, step.Name)
		}
	}
	if len(names) > 0 {
		g.Warnings = append(g.Warnings, fmt.Sprintf("what people do on open WebSockets (%s) passes the gate freely, but not the entry of a simulation", strings.Join(names, ", ")))
	}
}

// policiesElsewhere warns that the policies of a plan are not part of a load on a service that others started.
func (p *Planned) policiesElsewhere() {
	plan, policies := p.Scenario.Effective(p.Scenario.Plan())
	var names []string
	for _, policy := range policies {
		names = append(names, policy.Policy+" at "+policy.At)
	}
	if len(names) > 0 {
		p.Warnings = append(p.Warnings, fmt.Sprintf("this run does not carry out the policies of plan %s (%s): the service must have them, or stand behind ombak serve gate --plan %s", plan.Name, strings.Join(names, ", "), plan.Name))
	}
}
