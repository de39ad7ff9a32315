package simulation

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/setup"
)

// queueAtRegistry has a registry that checks 10 people a second, while 20 come each second for 100 s. A
// rejected person tries twice more, as soon as the service allows.
const queueAtRegistry = `
schema: ombak.scenario/v1
name: queue
opens: 2020-04-11T19:00:00+07:00
seed: 1
drain: 3s
arrivals: {step: go, mode: even, signups: [{for: 100s, rate: 20/s}]}
journey:
  - name: go
    timeout: 5s
    retry: {attempts: 3, base: 1s, retry_after: true}
    route: [{station: service}, {call: registry}]
stations:
  service: {servers: 4, service: 10ms}
dependencies:
  registry: {kind: generic, servers: 10, service: 1s}
backend: {call_timeouts: {registry: 4s}}
plans:
  - name: x
    policies:
      - POLICY
`

// underPolicy simulates queueAtRegistry with one policy and further replacements.
func underPolicy(t *testing.T, policy string, replacements ...string) report.Report {
	t.Helper()
	text := strings.NewReplacer(append(replacements, "POLICY", policy)...).Replace(queueAtRegistry)
	run, err := setup.NewModel(parseScenario(t, text), setup.Options{})
	if err != nil {
		t.Fatal(err)
	}
	simulation, err := Simulate(t.Context(), run, Settings{})
	if err != nil {
		t.Fatal(err)
	}
	return simulation.Report
}

// stationOf returns the last figures of a station or gate: completions, rejections, those waiting.
func stationOf(t *testing.T, r report.Report, name string) (completions, rejections, queued float64) {
	t.Helper()
	for _, s := range r.Series.Stations {
		if last := len(s.TS) - 1; s.Name == name {
			return float64(s.Completions[last]), float64(s.Rejections[last]), float64(s.Queued[last])
		}
	}
	t.Fatalf("the report has no station %s", name)
	return 0, 0, 0
}

// TestAsyncVerify: all requests are accepted, answered at once, and completed at the pace of the registry.
func TestAsyncVerify(t *testing.T) {
	r := underPolicy(t, "{policy: async-verify, at: call:registry, workers: 10}")
	row, step := r.Funnel[0], r.Steps[0]
	if row.Rejected+row.TimedOut+row.Failed > 0 || row.Retries > 0 {
		t.Errorf("somebody was turned away or tried twice: %+v", row)
	}
	if want := 10.0 * 102; math.Abs(row.Passed-want) > 20 || row.Passed+row.Unfinished != 2000 {
		t.Errorf("%v passed and %v wait, want about %v of 2000 passed and nobody lost", row.Passed, row.Unfinished, want)
	}
	if step.ResponseTimeS.Max > 0.1 {
		t.Errorf("somebody waited %v s for what should be taken at once", step.ResponseTimeS.Max)
	}
	bounded := underPolicy(t, "{policy: async-verify, at: call:registry, workers: 10, queue: 100}")
	if _, rejections, queued := stationOf(t, bounded, "call:registry"); rejections == 0 || queued > 100 || bounded.Funnel[0].Rejected == 0 {
		t.Errorf("a backlog of 100 holds %v; %v were turned away", queued, rejections)
	}
}

// TestAsyncVerifyIsPolled: people learn the outcome at a poll, and give up when patience ends. A person who
// comes at second t waits t seconds for one of ten checks a second. Those of the first 30 s have the
// patience, those of the next 43 s give up before the run ends, and all are checked in turn.
func TestAsyncVerifyIsPolled(t *testing.T) {
	const polled = "name: go\n    kind: poll\n    every: 7s\n    patience: 30s"
	r := underPolicy(t, "{policy: async-verify, at: call:registry, workers: 10}", "name: go", polled, "{call: registry}]",
		"{call: registry}]\n  - {name: then, route: [{station: service}]}")
	row := r.Funnel[0]
	if math.Abs(row.Passed-20*30) > 20 || math.Abs(row.Abandoned-20*43) > 20 || row.Passed+row.Abandoned+row.Unfinished != 2000 {
		t.Errorf("%+v, want about 600 to pass and 860 to lose patience", row)
	}
	if checks, _, _ := stationOf(t, r, "registry"); math.Abs(checks-10*102) > 20 {
		t.Errorf("the registry made %v checks, want about 1,020", checks)
	}
	first := slices.IndexFunc(r.Series.Steps[1].Entered, func(people int64) bool { return people > 0 })
	if first < 0 || r.Series.TS[first] != 7 {
		t.Errorf("the first went on in row %d of the series, want second 7, at the first look", first)
	}
}

// TestAsyncVerifyTriesAgain: an outage postpones checks and loses none.
func TestAsyncVerifyTriesAgain(t *testing.T) {
	r := underPolicy(t, "{policy: async-verify, at: call:registry, workers: 10, pause: 1s, longest: 2s}",
		"rate: 20/s", "rate: 5/s", "service: 1s}", "service: 1s, faults: [{fault: outage, at: 10s, for: 20s}]}")
	if row := r.Funnel[0]; row.Passed != 500 || row.Retries > 0 {
		t.Errorf("%+v, want all 500 to pass at last and none to try again", row)
	}
}

// TestWaitingRoom: in each order, the room admits people at its rate, as many as possible within the run, and
// nobody is rejected behind it.
func TestWaitingRoom(t *testing.T) {
	for _, order := range []string{"order: fifo", "order: lottery, round: 20s", "order: serving-number, grace: 2m"} {
		r := underPolicy(t, "{policy: waiting-room, at: step:go, rate: 9/s, "+order+"}")
		inside, _, waiting := stationOf(t, r, "step:go")
		row := r.Funnel[0]
		if want := 9.0 * 103; inside < 0.7*want || inside > want+10 || inside+waiting != 2000 {
			t.Errorf("%s: %v were let in and %v wait, want up to %v and 2000 together", order, inside, waiting, want)
		}
		if row.Passed > inside || row.Passed < 0.9*inside-20 {
			t.Errorf("%s: %v passed of %v let in", order, row.Passed, inside)
		}
	}
}

// TestBreakerLeavesTheRegistryAlone: the breaker does not call the registry during an outage, and calls it
// again afterwards.
func TestBreakerLeavesTheRegistryAlone(t *testing.T) {
	faulty := []string{"rate: 20/s", "rate: 5/s", "service: 1s}", "service: 1s, faults: [{fault: black-hole, at: 20s, for: 40s}]}"}
	without := underPolicy(t, "{policy: static-limit, at: call:registry, limit: 1000}", faulty...)
	with := underPolicy(t, "{policy: circuit-breaker, at: call:registry, calls: 10, share: 50%, cooldown: 5s}", faulty...)
	if a, b := without.Steps[0].ResponseTimeS.Mean, with.Steps[0].ResponseTimeS.Mean; b > 0.8*a {
		t.Errorf("people wait %v s with the breaker and %v s without", b, a)
	}
	if late := passedPerSecond(with, 75, 95); late < 4.5 {
		t.Errorf("%v pass each second after the outage, want 5", late)
	}
}

// TestRetryBudgetOfCalls: single failures are repaired without people noticing, up to the budget.
func TestRetryBudgetOfCalls(t *testing.T) {
	faulty := []string{"rate: 20/s", "rate: 2/s", "attempts: 3", "attempts: 1", "service: 1s}", "service: 1s, faults: [{fault: outage, at: 0s, for: 200s, probability: 20%}]}"}
	const never = "{policy: static-limit, at: call:registry, limit: 1000}"
	if row := underPolicy(t, never, faulty...).Funnel[0]; row.Rejected < 25 || row.Rejected > 55 {
		t.Errorf("without retries %v of 200 fail, want about 40", row.Rejected)
	}
	repaired := underPolicy(t, "{policy: retry-budget, at: call:registry, ratio: 100%, burst: 10, attempts: 3}", faulty...).Funnel[0]
	if repaired.Rejected > 6 || repaired.Retries > 0 { // 200 · 0.2³ = 1.6
		t.Errorf("with two more calls for each %v of 200 fail, want about 2", repaired.Rejected)
	}
	bounded := underPolicy(t, "{policy: retry-budget, at: call:registry, ratio: 1%, burst: 1, attempts: 3}", faulty...).Funnel[0]
	if bounded.Rejected < 20 {
		t.Errorf("with a budget of 3 calls %v of 200 fail, want nearly 40", bounded.Rejected)
	}
}

// TestCacheCoalesces: people who ask again while the answer is being fetched, or after they left, cause no
// further call.
func TestCacheCoalesces(t *testing.T) {
	slow := []string{"service: 1s", "service: 6s", "timeouts: {registry: 4s}", "timeouts: {registry: 20s}", "servers: 10", "servers: 200", "drain: 3s", "drain: 30s"}
	calls := func(policy string) float64 {
		completions, _, _ := stationOf(t, underPolicy(t, policy, slow...), "registry")
		return completions
	}
	if without := calls("{policy: static-limit, at: call:registry, limit: 1000}"); without < 3900 {
		t.Errorf("%v calls without a cache, want about two for each of 2000 people, who wait 5 s for 6 s", without)
	}
	if with := calls("{policy: cache, at: call:registry, ttl: 1h}"); with != 2000 {
		t.Errorf("%v calls with a cache, want one for each of 2000 people", with)
	}
}

// TestAutoscaleFollowsTheLoad: 20 requests a second of half a second each keep 10 servers busy, which makes
// 20 servers at a target of one half. Boots take time, and the cost includes them.
func TestAutoscaleFollowsTheLoad(t *testing.T) {
	for _, rule := range []string{"rule: hpa, metric: utilization, per_server: 0.5", "rule: kpa, metric: concurrency, per_server: 0.5", "rule: hpa, metric: concurrency, per_server: 0.5"} {
		r := underPolicy(t, "{policy: autoscale, at: station:service, "+rule+", max: 40, every: 5s, boot: 10s, cooldown: 10m}",
			"service: {servers: 4, service: 10ms}", "service: {servers: 12, service: 500ms}", "{for: 100s, rate: 20/s}", "{for: 400s, rate: 20/s}",
			"registry: {kind: generic, servers: 10, service: 1s}", "registry: {kind: generic, servers: 100, service: 1ms}")
		for _, s := range r.Series.Stations {
			if s.Name != "service" {
				continue
			}
			first, last := s.Servers[10], s.Servers[len(s.Servers)-10]
			if first != 12 || last < 19 || last > 24 {
				t.Errorf("%s: %d servers after 10 s and %d in the end, want 12 while they boot and about 20", rule, first, last)
			}
		}
		if len(r.Timeline) == 0 || !strings.Contains(r.Timeline[0].Text, "service: ") {
			t.Errorf("%s: the timeline does not tell of it: %+v", rule, r.Timeline)
		}
	}
}

// TestStaggerSpreadsThePeak: with twelve turns over the run, at most a few months' people come at once.
func TestStaggerSpreadsThePeak(t *testing.T) {
	peak := func(policy string) float64 {
		r := underPolicy(t, policy, "{for: 100s, rate: 20/s}", "{for: 1m, rate: 100/s}, {for: 59m, rate: 1/s}", "servers: 10", "servers: 1000")
		if row := r.Funnel[0]; row.Passed < 0.99*r.Offered.Scheduled {
			t.Errorf("%s: %v of %v passed", policy, row.Passed, r.Offered.Scheduled)
		}
		if by := r.Offered.ByStep["go"].PeakPerMin; math.Abs(by-r.Funnel[0].PeakPassedPerMin) > 0.05*by {
			t.Errorf("%s: the busiest minute offered %v and passed %v", policy, by, r.Funnel[0].PeakPassedPerMin)
		}
		return r.Funnel[0].PeakPassedPerMin
	}
	all, turns := peak("{policy: static-limit, at: call:registry, limit: 10000}"), peak("{policy: stagger, at: entry, every: 4m}")
	if turns > all/5 {
		t.Errorf("the busiest minute has %v people with turns and %v without", turns, all)
	}
	turnedAway := underPolicy(t, "{policy: stagger, at: step:go, every: 1h}", "servers: 10", "servers: 1000").Funnel[0]
	if share := turnedAway.Passed / 2000; share < 0.06 || share > 0.11 {
		t.Errorf("%v of the people were born in January", share)
	}
}

// TestTokenBucketBoundsEachPerson: five attempts within a second against a bucket of two.
func TestTokenBucketBoundsEachPerson(t *testing.T) {
	r := underPolicy(t, "{policy: token-bucket, at: entry, rate: 1/h, burst: 1}", "attempts: 3", "attempts: 2", "servers: 10, service: 1s", "servers: 10, service: 1s, queue: 0")
	_, rejections, _ := stationOf(t, r, "entry")
	if row := r.Funnel[0]; rejections != row.Retries || rejections < 500 {
		t.Errorf("%v turned away at the entry, want all %v second attempts", rejections, row.Retries)
	}
}

// TestSharedTokenBucketBoundsEverybody: of 100 people a second, who come evenly for 10 s, a shared bucket of 20 that gets
// 50 a second lets in 20 at once and then every second one.
func TestSharedTokenBucketBoundsEverybody(t *testing.T) {
	text := simple("mode: even, people: [{for: 10s, rate: 100/s}]", "service: 1ms", "") +
		"plans: [{name: shared, policies: [{policy: shared-token-bucket, at: entry, rate: 50/s, burst: 20}]}]\n"
	model, err := setup.NewModel(parseScenario(t, text), setup.Options{})
	if err != nil {
		t.Fatal(err)
	}
	r := simulated(t, model, Settings{}).Report
	if row := r.Funnel[0]; math.Abs(row.Passed-520) > 1 || row.Passed+row.Rejected != 1000 {
		t.Errorf("%v passed and %v were rejected, want about 520 of 1000", row.Passed, row.Rejected)
	}
}

// TestPriorityShedFavoursThoseWhoTriedBefore: under the same load fewer people give up for good.
func TestPriorityShedFavoursThoseWhoTriedBefore(t *testing.T) {
	fifo := underPolicy(t, "{policy: bounded-fifo, at: call:registry, limit: 10, queue: 20}")
	shed := underPolicy(t, "{policy: priority-shed, at: call:registry, limit: 10, queue: 20}")
	if a, b := fifo.Funnel[0].Passed, shed.Funnel[0].Passed; math.Abs(a-b) > 0.05*a {
		t.Errorf("%v pass first come first served and %v by priority; the registry's pace is the same", a, b)
	}
	if a, b := fifo.Funnel[0].Retries, shed.Funnel[0].Retries; a == b {
		t.Errorf("%v retries either way: the priority does nothing", a)
	}
}
