package setup_test

import (
	"net/http"
	"reflect"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/mocks"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/setup"
	"github.com/ombak-sim/ombak/sim"
)

// shopping is a scenario of 200 people who order from a shop.
const shopping = `schema: ombak.scenario/v1
name: shopping
opens: 2020-04-11T19:00:00+07:00
seed: 1
arrivals: {step: order, totals: exact, people: [{for: 2s, rate: 100/s}]}
targets: {shop: {}}
journey:
  - {name: order, request: {target: shop, method: POST, path: /orders}, expect: {declined: [402, 409, 410]}, route: [{call: shop}]}
dependencies:
`

// counts counts the answers of a run by status.
type counts struct {
	mu  sync.Mutex
	got map[int]int
}

func (c *counts) Enter(int, time.Duration) {}

func (c *counts) Observe(s funnel.Sample) { c.add(int(s.Reason)) }

func (c *counts) add(status int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.got[status]++
}

// TestForeignServicesAnswerAlike sends the people of a scenario to its mocks, and lets the simulator play it: as many pass,
// and as many are declined or rejected with each status.
func TestForeignServicesAnswerAlike(t *testing.T) {
	const people = 200
	for _, test := range []struct {
		why, dependencies string
		want              map[int]int
	}{
		{"a stock runs out", `
  shop: {kind: generic, servers: 8, routes: [{method: POST, path: /orders, stock: {count: 57}}]}`, map[int]int{200: 57, 409: 143}},
		{"a stock of a status of its own, beside another route", `
  shop: {kind: generic, servers: 8, routes: [{method: POST, path: /orders, stock: {count: 57, then: 410}}]}`, map[int]int{200: 57, 410: 143}},
		{"a shop with a gateway behind it", `
  shop: {kind: generic, servers: 300, routes: [{method: POST, path: /orders}], calls: [{call: gateway}]}
  gateway: {kind: generic, servers: 300, routes: [{method: POST, path: /pay}]}`, map[int]int{200: people}},
		{"the gateway declines", `
  shop: {kind: generic, servers: 300, routes: [{method: POST, path: /orders}], calls: [{call: gateway, answer: /pay}]}
  gateway: {kind: generic, servers: 300, routes: [{path: /health}, {method: POST, path: /pay, stock: {count: 31, then: 402}}]}`, map[int]int{200: 31, 402: 169}},
		{"the gateway refuses", `
  shop: {kind: generic, servers: 300, routes: [{method: POST, path: /orders}], calls: [{call: gateway}]}
  gateway: {kind: generic, servers: 300, quota: 23, routes: [{method: POST, path: /pay}]}`, map[int]int{200: 23, 503: 177}},
		{"the shop sells out after the gateway took the money", `
  shop: {kind: generic, servers: 300, routes: [{method: POST, path: /orders, stock: {count: 20}}], calls: [{call: gateway}]}
  gateway: {kind: generic, servers: 300, routes: [{method: POST, path: /pay, stock: {count: 50, then: 402}}]}`, map[int]int{200: 20, 409: 30, 402: 150}},
		{"three in a row, the last refuses", `
  shop: {kind: generic, servers: 300, routes: [{method: POST, path: /orders}], calls: [{call: gateway}]}
  gateway: {kind: generic, servers: 300, routes: [{method: POST, path: /pay}], calls: [{call: ledger}, {call: ledger}]}
  ledger: {kind: generic, servers: 600, quota: 41, routes: [{path: /book}]}`, nil},
	} {
		scenario, err := scenarios.Parse("shopping.yaml", []byte(shopping+test.dependencies[1:]+"\n"), fstest.MapFS{})
		if err != nil {
			t.Errorf("%s: %v", test.why, err)
			continue
		}
		simulated := simulate(t, scenario)
		if test.want != nil && !reflect.DeepEqual(simulated, test.want) {
			t.Errorf("%s: simulated %v, want %v", test.why, simulated, test.want)
		}
		if live := order(t, scenario, people); test.want != nil && !reflect.DeepEqual(live, test.want) {
			t.Errorf("%s: live %v, want %v", test.why, live, test.want)
		} else if test.want == nil && (live[200] > 20 || simulated[200] > 20 || live[200]+live[503] != people || simulated[200]+simulated[503] != people) {
			t.Errorf("%s: live %v, simulated %v; 41 bookings allow 20 orders at most, and nobody is lost", test.why, live, simulated)
		}
	}
}

func simulate(t *testing.T, scenario *scenarios.Scenario) map[int]int {
	t.Helper()
	model, err := setup.NewModel(scenario, setup.Options{})
	if err != nil {
		t.Fatal(err)
	}
	seen := &counts{got: map[int]int{}}
	if _, err := sim.Run(t.Context(), model.Config, func(int) funnel.Observer { return seen }); err != nil {
		t.Fatal(err)
	}
	return seen.got
}

// order sends as many orders to the shop's mock, many at once.
func order(t *testing.T, scenario *scenarios.Scenario, people int) map[int]int {
	t.Helper()
	described, err := setup.NewMocks(scenario, setup.Options{})
	if err != nil {
		t.Fatal(err)
	}
	running, err := mocks.Start(t.Context(), described.Config)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := running.Close(); err != nil {
			t.Error(err)
		}
	}()
	seen := &counts{got: map[int]int{}}
	var ordering sync.WaitGroup
	const buyers = 20
	for range buyers {
		ordering.Go(func() {
			for range people / buyers {
				response, err := http.Post("http://"+running.Addresses()["shop"]+"/orders", "", http.NoBody)
				if err != nil {
					t.Error(err)
					return
				}
				_ = response.Body.Close() // nothing is read from it
				seen.add(response.StatusCode)
			}
		})
	}
	ordering.Wait()
	return seen.got
}

// TestStocksAreScaled checks that --scale-system scales what an answer uses up, live and simulated.
func TestStocksAreScaled(t *testing.T) {
	scenario, err := scenarios.Parse("shopping.yaml", []byte(shopping+"  shop: {kind: generic, routes: [{path: /orders, stock: {count: 100}}]}\n"), fstest.MapFS{})
	if err != nil {
		t.Fatal(err)
	}
	options := setup.Options{ScaleSystem: 0.25}
	model, err := setup.NewModel(scenario, options)
	if err != nil || model.Config.Calls[0].Stocks[0].Count != 25 {
		t.Errorf("simulated: %v, %v", model.Config.Calls[0].Stocks, err)
	}
	described, err := setup.NewMocks(scenario, options)
	if err != nil || described.Config.Generics[0].Routes[0].Stock.Count != 25 {
		t.Errorf("live: %v, %v", described.Config.Generics[0].Routes, err)
	}
}

// TestACacheAtAStationIsSimulatedOnly checks that a live run on a plan with one is refused by name.
func TestACacheAtAStationIsSimulatedOnly(t *testing.T) {
	text := shopping + "  shop: {kind: generic, routes: [{path: /orders}]}\nstations: {db: {service: 1ms}}\nplans: [{name: cached, policies: [{policy: station-cache, at: \"station:db\", hit_rate: 80%, time: 2ms}]}]\n"
	scenario, err := scenarios.Parse("shopping.yaml", []byte(text), fstest.MapFS{})
	if err != nil {
		t.Fatal(err)
	}
	model, err := setup.NewModel(scenario, setup.Options{Plan: "cached"})
	if err != nil {
		t.Fatal(err)
	}
	if caches := model.Config.Caches; len(caches) != 1 || caches[0].Rate != 0.8 || caches[0].Time != 2*time.Millisecond || len(model.Config.Scalers) != 0 {
		t.Errorf("the model has %+v", caches)
	}
	const want = "plan cached puts station-cache at station:db, which does not run live yet"
	if _, err := setup.NewLive(scenario, setup.Options{Plan: "cached"}); err == nil || err.Error()[:len(want)] != want {
		t.Errorf("live: %v, want %s", err, want)
	}
}
