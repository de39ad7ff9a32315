package scenarios_test

import (
	"fmt"
	"strings"
	"testing"
)

// calling returns the tiny scenario with a shop and a gateway instead of its registry.
func calling(dependencies string) string {
	text := strings.NewReplacer("{call: registry}", "{call: shop}", "  registry: {kind: generic, servers: 2, service: 10ms}\n", dependencies).Replace(minimal)
	return text[:strings.Index(text, "plans:")]
}

func TestCallsOfDependencies(t *testing.T) {
	const gateway = "  gateway: {kind: generic, routes: [{path: /pay}]}\n"
	shop := func(calls string) string { return "  shop: {kind: generic, calls: [" + calls + "]}\n" }
	var many strings.Builder // each calls the next one twice: 2, 6, 14, …
	for i := range 12 {
		fmt.Fprintf(&many, "  d%02d: {kind: generic, routes: [{path: /}], calls: [{call: d%02d}, {call: d%02d}]}\n", i, i+1, i+1)
	}
	for _, test := range []struct{ why, dependencies, want string }{
		{"the only route answers", shop("{call: gateway, timeout: 2s}") + gateway, ""},
		{"the answer is named", shop("{call: gateway, answer: /pay}") + "  gateway: {kind: generic, routes: [{path: /health}, {path: /pay}]}\n", ""},
		{"one dependency, twice", shop("{call: gateway}, {call: gateway}") + gateway, ""},
		{"a chain", shop("{call: gateway}") + "  gateway: {kind: generic, routes: [{path: /pay}], calls: [{call: ledger}]}\n  ledger: {kind: generic, routes: [{path: /}]}\n", ""},
		{"nobody is called so", shop("{call: gatewy}") + gateway, `dependencies.shop.calls[0].call: no dependency is called "gatewy"; did you mean "gateway"?`},
		{"a circle of two", shop("{call: gateway}") + "  gateway: {kind: generic, routes: [{path: /pay}], calls: [{call: shop, answer: /}]}\n", "the calls never end: gateway calls shop calls gateway; remove one of the calls"},
		{"itself", "  shop: {kind: generic, routes: [{path: /}], calls: [{call: shop}]}\n", "the calls never end: shop calls shop"},
		{"a registry makes no calls", "  shop: {kind: dukcapil, calls: [{call: gateway}]}\n" + gateway, "only dependencies of kind generic make calls"},
		{"a registry is not called", shop("{call: dukcapil}") + "  dukcapil: {kind: dukcapil}\n", "dependency dukcapil does not answer HTTP requests of a mock"},
		{"no route answers", shop("{call: gateway}") + "  gateway: {kind: generic}\n", "it is not said which route of dependency gateway answers"},
		{"several routes could answer", shop("{call: gateway}") + "  gateway: {kind: generic, routes: [{path: /a}, {path: /b}]}\n", "it is not said which route of dependency gateway answers"},
		{"a path with a variable", shop("{call: gateway}") + "  gateway: {kind: generic, routes: [{path: \"/pay/{id}\"}]}\n", "the path /pay/{id} of dependency gateway is not a path that can be called"},
		{"an answer that never succeeds", shop("{call: gateway}") + "  gateway: {kind: generic, routes: [{path: /pay, status: 500}]}\n", "the answer of dependency gateway never succeeds"},
		{"a shared server cannot be kept", strings.Replace(shop("{call: gateway}"), "generic", "generic, discipline: sharing", 1) + gateway, "servers that share their work cannot be kept; use another discipline"},
		{"a negative timeout", shop("{call: gateway, timeout: -1s}") + gateway, "timeout"},
		{"calls that multiply", shop("{call: d00}") + many.String() + "  d12: {kind: generic, routes: [{path: /}]}\n", "each request causes more than 1000 calls"},
	} {
		_, err := parse(calling(test.dependencies))
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s: %v; want %q", test.why, err, test.want)
		}
	}
}
