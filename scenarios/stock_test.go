package scenarios_test

import (
	"strings"
	"testing"
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
		{"an answer of a station", stocked, "{station: web, answer: /orders}", "a station has no answers"},
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
