package simulation

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// naiveDrawn draws scenarios of 500 to 3,000 people, each with one to four policies. The same number gives the same scenario.
func naiveDrawn(number uint64) naiveCase {
	d := naiveDraw{rand.New(rand.NewPCG(number, 20))}
	rate := d.between(9, 40)
	seconds := d.between(60, 70)
	calls := d.chance(.7)
	var text strings.Builder
	fmt.Fprintf(&text, "%sarrivals: {step: go, totals: %s, people: [{for: %ds, rate: %d/s}, {for: 10s, rate: %d/s}]}\n", naiveHead, d.of("exact", "random"), seconds, rate, max(1, rate/3))
	if d.chance(.3) {
		fmt.Fprintf(&text, "retry_budget: %d\n", d.between(1, 4))
	}
	text.WriteString("journey:\n")
	fmt.Fprintf(&text, "  - {name: go, %s, continue: %d%%, route: [{station: desk}%s]}\n", d.step(), d.between(50, 100), d.maybe(calls, ", {call: registry}"))
	fmt.Fprintf(&text, "  - {name: then, think: %s, %s, route: [{station: %s%s}%s]}\n", d.time(2000), d.step(), d.of("desk", "till"),
		d.maybe(d.chance(.5), ", work: "+d.time(600/rate)), d.maybe(calls && d.chance(.4), ", {async: registry}"))
	fmt.Fprintf(&text, "stations:\n  desk: %s\n  till: %s\n", d.service(rate), d.service(rate))
	if calls {
		fmt.Fprintf(&text, "dependencies:\n  registry: %s\n", strings.Replace(d.service(rate), "{", "{kind: generic, "+d.fault(), 1))
		fmt.Fprintf(&text, "backend: {call_timeouts: {registry: %dms}}\n", d.between(300, 4000))
	}
	text.WriteString("plans:\n  - name: guarded\n    policies:\n")
	for _, policy := range d.policies(rate, calls) {
		fmt.Fprintf(&text, "      - {%s}\n", policy)
	}
	figures := "go passed,go rejected,go timed out,go abandoned,go retries,go response,then passed,then rejected,then timed out,then abandoned,then retries,then response,desk busy"
	return naiveCase{name: fmt.Sprintf("drawn %d", number), why: "drawn at random", figures: figures + d.maybe(calls, ",registry busy"), text: text.String()}
}

// naiveDraw draws parts of scenarios.
type naiveDraw struct{ *rand.Rand }

func (d naiveDraw) between(low, high int) int { return low + d.IntN(high-low+1) }

func (d naiveDraw) chance(p float64) bool { return d.Float64() < p }

func (d naiveDraw) of(texts ...string) string { return texts[d.IntN(len(texts))] }

func (d naiveDraw) maybe(is bool, text string) string {
	if !is {
		return ""
	}
	return text
}

// time draws a distribution with a mean of some milliseconds.
func (d naiveDraw) time(mean int) string {
	return fmt.Sprintf(d.of("exponential(%[1]dms)", "%[1]dms", `"uniform(%[2]dms, %[3]dms)"`, `"lognormal(median=%[4]dms, p95=%[5]dms)"`),
		max(1, mean), mean/2, mean*3/2+1, mean*3/4+1, mean*5/2+2)
}

// step draws what people do at a step.
func (d naiveDraw) step() string {
	text := fmt.Sprintf("timeout: %dms, leave: %s, retry: {attempts: %d, base: %dms, jitter: %s%s}", d.between(1000, 6000), d.of("close", "silent"), d.between(1, 4),
		d.between(100, 2000), d.of("full", "none"), d.of("", ", cap: 2500ms", ", visits: 2, return: exponential(5s)"))
	return text + d.maybe(d.chance(.6), ", patience: "+d.time(d.between(1500, 5000))) + d.maybe(d.chance(.3), ", delay: 20ms")
}

// service draws a station that is busy to 40 to 130 % if everybody comes once.
func (d naiveDraw) service(rate int) string {
	servers := d.between(1, 4)
	return fmt.Sprintf("{servers: %d, service: %s, discipline: %s%s%s}", servers, d.time(servers*d.between(400, 1300)/rate), d.of("fifo", "fifo", "lifo", "priority"),
		d.maybe(d.chance(.6), fmt.Sprintf(", queue: %d", d.between(0, 60))), d.maybe(d.chance(.3), fmt.Sprintf(", deadline: %dms", d.between(300, 3000))))
}

func (d naiveDraw) fault() string {
	when := fmt.Sprintf("at: %ds, for: %ds", d.between(5, 20), d.between(10, 30))
	return d.of("", "faults: [{fault: slow, "+when+", with: {delay: 200ms}}], ", "faults: [{fault: outage, "+when+", probability: 60%}], ",
		"faults: [{fault: brown-out, "+when+", with: {capacity: 0.4}}], ")
}

// policies draws a policy at the entry or a step, and up to three at the call.
func (d naiveDraw) policies(rate int, calls bool) []string {
	policies := []string{d.of(
		fmt.Sprintf("policy: bounded-fifo, at: entry, limit: %d, queue: %d, deadline: 1s", d.between(2, 6), d.between(0, 30)),
		fmt.Sprintf("policy: priority-shed, at: %s, limit: %d, queue: %d, deadline: %dms", d.of("entry", `"step:go"`), d.between(2, 5), d.between(0, 20), d.between(300, 2000)),
		fmt.Sprintf("policy: shared-token-bucket, at: %s, rate: %d/s, burst: %d", d.of("entry", `"step:go"`), d.between(rate/2, rate), d.between(1, 20)),
		fmt.Sprintf("policy: static-limit, at: %s, limit: %d", d.of("entry", `"step:then"`), d.between(1, 4)),
		fmt.Sprintf("policy: token-bucket, at: %s, rate: 0.1/s, burst: %d", d.of("entry", `"step:go"`), d.between(1, 3)),
		fmt.Sprintf("policy: retry-budget, at: %s, ratio: %d%%, burst: %d", d.of("entry", `"step:go"`), d.between(5, 40), d.between(1, 20)),
	)}
	for _, policy := range []string{
		fmt.Sprintf(`policy: retry-budget, at: "call:registry", ratio: %d%%, burst: %d, attempts: %d, pause: 100ms, longest: 500ms`, d.between(5, 40), d.between(1, 20), d.between(2, 4)),
		fmt.Sprintf(`policy: bulkhead, at: "call:registry", limit: %d, queue: %d, deadline: %dms`, d.between(1, 6), d.between(0, 20), d.between(300, 2000)),
		fmt.Sprintf(`policy: circuit-breaker, at: "call:registry", calls: %d, share: %d%%, cooldown: %ds, probes: %d`, d.between(5, 30), d.between(30, 70), d.between(1, 6), d.between(1, 4)),
	} {
		if calls && d.chance(.4) {
			policies = append(policies, policy)
		}
	}
	return policies
}
