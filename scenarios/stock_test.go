package scenarios_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/ombak-sim/ombak/scenarios"
)

// selling returns the tiny scenario whose dependency has given routes, called in a given way.
func selling(routes, hop string) string {
	return strings.NewReplacer("servers: 2, service: 10ms", "servers: 2, service: 10ms, routes: ["+routes+"]", "{call: registry}", hop).Replace(minimal)
}

func TestStocks(t *testing.T) {
	const stocked, other = "{path: /orders, stock: {count: 3}}", "{path: /list}"
	for _, test := range []struct{ why, routes, hop, want string }{
		{"the only route answers", stocked, "{call: registry}", ""},
		{"a status of the file's own", "{path: /orders, stock: {count: 3, then: 410}}", "{call: registry}", ""},
		{"the answer is named", stocked + ", " + other, "{call: registry, answer: /orders}", ""},
		{"another answer is named", stocked + ", " + other, "{call: registry, answer: /list}", ""},
		{"nobody waits for the answer", stocked, "{async: registry}", ""},
		{"no answer is named", stocked + ", " + other, "{call: registry}", "it has a stock and several routes; say which one answers, as in answer: /orders"},
		{"an answer that does not exist", stocked, "{call: registry, answer: /order}", `no route has the path "/order"; use one of: /orders`},
		{"an answer of a station", stocked, "{station: web, answer: /orders}", "only a dependency has answers"},
		{"a stock without a count", "{path: /orders, stock: {then: 409}}", "{call: registry}", "routes[0].stock.count: a stock cannot have 0; give how many answers succeed"},
		{"a status that is no refusal", "{path: /orders, stock: {count: 3, then: 200}}", "{call: registry}", "200 does not say that a stock is used up; use 400 to 499 except 429"},
		{"a status that means overload", "{path: /orders, stock: {count: 3, then: 429}}", "{call: registry}", "429 does not say that a stock is used up"},
		{"a code of gRPC over HTTP", "{path: /orders, stock: {count: 3, then: NOT_FOUND}}", "{call: registry}", "NOT_FOUND does not say that a stock is used up"},
		{"an answer that never succeeds", "{path: /orders, status: 404, stock: {count: 3}}", "{call: registry}", "the answer never succeeds"},
	} {
		_, err := parse(selling(test.routes, test.hop))
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s: %v; want %q", test.why, err, test.want)
		}
	}
}

// TestDescriptionsSurviveAPlan checks that a dependency still answers gRPC, with a stock in codes, after a plan was applied.
func TestDescriptionsSurviveAPlan(t *testing.T) {
	text := selling("{path: /s.S/M, stock: {count: 3, then: NOT_FOUND}}", "{call: registry}")
	text = strings.NewReplacer("kind: generic,", "kind: generic, proto: s.proto,", "{target: web, path: /}", "{target: web, grpc: {method: s.S/M, proto: s.proto}}").Replace(text)
	s, err := scenarios.Parse("tiny.yaml", []byte(text), fstest.MapFS{"s.proto": {Data: []byte("syntax = \"proto3\"; package s; message N {} service S { rpc M(N) returns (N); }")}})
	if err != nil {
		t.Fatal(err)
	}
	for _, plan := range []string{"", "wider"} {
		planned, err := s.WithPlan(plan)
		if err != nil {
			t.Fatal(err)
		}
		d := planned.Dependencies["registry"]
		protos, _ := d.Description()
		ofStep, _ := planned.Journey[0].Request.GRPC.Description()
		if len(protos) != 1 || len(ofStep) != 1 || d.SoldOut(*d.Routes[0].Stock).String() != "NOT_FOUND" {
			t.Errorf("plan %q: %d files describe the dependency, %d the step, and %v is its end", plan, len(protos), len(ofStep), d.SoldOut(*d.Routes[0].Stock))
		}
	}
	if _, err := scenarios.Parse("tiny.yaml", []byte(strings.Replace(text, "NOT_FOUND", "UNAVAILABLE", 1)), fstest.MapFS{}); err == nil || !strings.Contains(err.Error(), "UNAVAILABLE does not say that a stock is used up") {
		t.Errorf("a code that means overload: %v", err)
	}
}
