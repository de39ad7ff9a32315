package setup_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/ombak-sim/ombak/gate"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/setup"
)

// gated is a scenario of 200 people who order from a shop and pay there.
const gated = `schema: ombak.scenario/v1
name: gated
opens: 2020-04-11T19:00:00+07:00
seed: 1
arrivals: {step: order, totals: exact, people: [{for: 2s, rate: 100/s}]}
targets: {shop: {}}
cookies: true
journey:
  - {name: order, request: {target: shop, method: POST, path: /orders, headers: {authorization: "Bearer ${person.email}"}}, route: [{station: web}]}
  - {name: look, request: {target: shop, path: "/orders/${got.id}?full=1"}, route: [{station: web}]}
  - {name: find, request: {target: shop, path: /orders/latest}, route: [{station: web}]}
  - {name: follow, request: {target: shop, path: "${got.link}"}, route: [{station: web}]}
  - {name: mail, request: {target: post, path: /mails}, route: [{station: web}]}
stations: {web: {servers: 300, service: 1ms}}
plans:
`

func gatedScenario(t *testing.T, plan string) *scenarios.Scenario {
	t.Helper()
	text := strings.Replace(gated, "targets: {shop: {}}", "targets: {shop: {}, post: {}}", 1) + "  - " + plan + "\n"
	scenario, err := scenarios.Parse("gated.yaml", []byte(text), fstest.MapFS{})
	if err != nil {
		t.Fatal(err)
	}
	return scenario
}

// A gate takes the policies that it can carry out, and says of the others why it cannot.
func TestGate(t *testing.T) {
	session := gate.Identity{Header: "Authorization"}
	for _, test := range []struct {
		plan   string
		person gate.Identity
		doors  []string // place, method and path
		says   string   // a warning or a refusal
	}{
		{`{name: a, policies: [{policy: static-limit, at: entry, limit: 9}]}`, session, []string{"entry"}, ""},
		{`{name: a, policies: [{policy: codel, at: entry, limit: 9, queue: 4}, {policy: bounded-fifo, at: "step:order", limit: 3}]}`, session, []string{"entry", "step:order POST /orders"}, ""},
		{`{name: a, policies: [{policy: static-limit, at: "step:look", limit: 9}]}`, session, []string{"step:look GET /orders/{}"}, "requests of step find pass static-limit at step:look too"},
		{`{name: a, policies: [{policy: waiting-room, at: "step:order", rate: 5/s}]}`, session, []string{"step:order POST /orders"}, ""},
		{`{name: a, policies: [{policy: waiting-room, at: "step:look", rate: 5/s}]}`, session, nil, "whose requests do not have the header Authorization"},
		{`{name: a, policies: [{policy: token-bucket, at: "step:find", rate: 5/s}]}`, gate.Identity{Cookie: "sid"}, []string{"step:find GET /orders/latest"}, ""},
		{`{name: a, policies: [{policy: token-bucket, at: "step:find", rate: 5/s}]}`, gate.Identity{}, []string{"step:find GET /orders/latest"}, ""},
		{`{name: a, policies: [{policy: static-limit, at: "step:follow", limit: 9}]}`, session, nil, "step follow follows a link"},
		{`{name: a, policies: [{policy: static-limit, at: "step:mail", limit: 9}]}`, session, nil, "step mail goes to post, and the gate stands in front of shop"},
		{`{name: a, policies: [{policy: stagger, at: "step:order", every: 1h}]}`, session, nil, "puts stagger at step:order, which a gate in front of the service cannot carry out"},
		{`{name: a, policies: [{policy: autoscale, at: "station:web", per_server: 0.5, max: 4}]}`, session, nil, "puts autoscale at station:web, which a gate"},
		{`{name: a, set: {stations: {web: {servers: 4}}}}`, session, nil, "has no policy at the entry or at a step"},
	} {
		run, err := setup.NewGate(gatedScenario(t, test.plan), setup.Options{}, "shop", "http://127.0.0.1:1", test.person)
		if err != nil {
			if !errors.Is(err, setup.ErrRefused) || test.says == "" || !strings.Contains(err.Error(), test.says) {
				t.Errorf("%s: %v", test.plan, err)
			}
			continue
		}
		var doors []string
		for _, door := range run.Doors {
			text := door.At
			for _, route := range door.Routes {
				text += " " + route.Method + " " + route.Path
			}
			doors = append(doors, text)
		}
		if !reflect.DeepEqual(doors, test.doors) || !strings.Contains(strings.Join(run.Warnings, "; "), test.says) {
			t.Errorf("%s: doors %q, warnings %q", test.plan, doors, run.Warnings)
		}
	}
	plan := `{name: a, policies: [{policy: static-limit, at: entry, limit: 9}]}`
	for location, want := range map[string]string{"http://127.0.0.1:1": "", "unix:/run/app.sock": "/run/app.sock"} {
		if run, err := setup.NewGate(gatedScenario(t, plan), setup.Options{}, "shop", location, session); err != nil || run.Socket != want {
			t.Errorf("%s: %v, socket %q", location, err, run.Socket)
		}
	}
	if _, err := setup.NewGate(gatedScenario(t, plan), setup.Options{}, "", "http://127.0.0.1:1", session); err == nil || !strings.Contains(err.Error(), "has the targets shop, post; say which") {
		t.Errorf("without a target: %v", err)
	}
	if _, err := setup.NewGate(gatedScenario(t, plan), setup.Options{}, "shoop", "http://127.0.0.1:1", session); err == nil || !strings.Contains(err.Error(), `"shoop" is not used`) {
		t.Errorf("with another target: %v", err)
	}
}

// A gate at the entry sees a WebSocket when it opens, and says that it sees no more of it.
func TestGateAndWebSockets(t *testing.T) {
	for _, test := range []struct{ at, says string }{
		{"entry", "what people do on open WebSockets (hear, leave) passes the gate freely"},
		{"step:open", ""},
		{"step:hear", "step hear uses a connection that is open"},
	} {
		scenario, err := scenarios.Parse("sockets.yaml", []byte(`schema: ombak.scenario/v1
name: sockets
opens: 2020-04-11T19:00:00+07:00
seed: 1
arrivals: {step: open, people: [{for: 10s, rate: 9/s}]}
journey:
  - {name: open, request: {target: shop, path: /live, websocket: {connect: true}}}
  - {name: hear, request: {target: shop, websocket: {await: {}}}}
  - {name: leave, request: {target: shop, websocket: {close: true}}}
targets: {shop: {}}
plans: [{name: a, policies: [{policy: static-limit, at: "`+test.at+`", limit: 9}]}]
`), fstest.MapFS{})
		if err != nil {
			t.Fatal(err)
		}
		run, err := setup.NewGate(scenario, setup.Options{}, "shop", "http://127.0.0.1:1", gate.Identity{})
		said := ""
		if err != nil {
			said = err.Error()
		} else {
			said = strings.Join(run.Warnings, "; ")
		}
		if !strings.Contains(said, test.says) || test.says == "" && said != "" {
			t.Errorf("%s: %q", test.at, said)
		}
	}
}

// The gate turns as many people away as the simulation of the same plan, where that does not depend on time.
func TestGateTurnsAwayAsSimulated(t *testing.T) {
	for _, plan := range []string{
		`{name: a, policies: [{policy: shared-token-bucket, at: entry, rate: 0.0001/s, burst: 57}]}`,
		`{name: a, policies: [{policy: shared-token-bucket, at: "step:order", rate: 0.0001/s, burst: 31}]}`,
		`{name: a, policies: [{policy: token-bucket, at: "step:order", rate: 0.0001/s, burst: 1}]}`,
		`{name: a, policies: [{policy: waiting-room, at: "step:order", rate: 0.0001/s, burst: 23}]}`,
		`{name: a, policies: [{policy: shared-token-bucket, at: entry, rate: 0.0001/s, burst: 57}, {policy: waiting-room, at: "step:order", rate: 0.0001/s, burst: 23}]}`,
	} {
		text := strings.Split(gated, "  - {name: look")[0] + "stations: {web: {servers: 300, service: 1ms}}\nplans:\n  - " + plan + "\n"
		scenario, err := scenarios.Parse("gated.yaml", []byte(text), fstest.MapFS{})
		if err != nil {
			t.Fatal(err)
		}
		simulated := simulate(t, scenario)
		passed, turnedAway := 0, 0
		for status, count := range simulated {
			if status == 0 || status == http.StatusOK {
				passed += count
			} else {
				turnedAway += count
			}
		}
		live := throughGate(t, scenario, 200)
		if live[200] != passed || live[429]+live[503] != turnedAway || passed+turnedAway != 200 {
			t.Errorf("%s: live %v, simulated %v", plan, live, simulated)
		}
	}
}

// throughGate sends an order of each person through the gate of a scenario's plan.
func throughGate(t *testing.T, scenario *scenarios.Scenario, people int) map[int]int {
	t.Helper()
	person := gate.Identity{Header: "Authorization"}
	shop := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer shop.Close()
	run, err := setup.NewGate(scenario, setup.Options{}, "", shop.URL, person)
	if err != nil {
		t.Fatal(err)
	}
	standing, err := gate.New(gate.Config{Target: run.URL, Person: person, Doors: run.Doors})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	var serving sync.WaitGroup
	serving.Go(func() {
		if err := standing.Serve(ctx); err != nil {
			t.Error(err)
		}
	})
	defer serving.Wait()
	defer stop()
	address, _ := standing.Address()
	got := map[int]int{}
	for person := range people {
		request, _ := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+address+"/orders", http.NoBody)
		request.Header.Set("Authorization", "Bearer "+strconv.Itoa(person))
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close() // nothing is read from it
		got[response.StatusCode]++
	}
	return got
}
