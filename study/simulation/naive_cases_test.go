package simulation

// naiveTime is a distribution of times.
type naiveTime interface {
	String() string
	Mean() float64
	SCV() float64
}

// naiveHead begins every scenario of the comparison.
const naiveHead = `
schema: ombak.scenario/v1
name: naive
opens: 2020-04-11T19:00:00+07:00
seed: 1
drain: 120s
`

// naiveCases are the scenarios written by hand, with the figures that are compared.
var naiveCases = []naiveCase{
	{"queue", "a lone M/M/2 with Poisson totals", "go passed,go response,desk busy", naiveHead + `
arrivals: {step: go, people: [{for: 60s, rate: 15/s}]}
journey: [{name: go, timeout: 1h, route: [{station: desk}]}]
stations: {desk: {servers: 2, service: exponential(100ms)}}
`},
	{
		"constant", "no chance at all, so that all figures must be equal",
		"go entered,go passed,go rejected,go failed,go timed out,go abandoned,go retries,go response,then entered,then passed,then retries,then response,desk busy,registry busy", naiveHead + `
arrivals: {step: go, mode: even, people: [{for: 60s, rate: 10/s}]}
journey: [{name: go, delay: 5ms, route: [{station: desk}, {call: registry}]}, {name: then, think: 1s, route: [{station: desk, work: 10ms}]}]
stations: {desk: {servers: 2, service: 40ms}}
dependencies: {registry: {kind: generic, service: 70ms}}
`,
	},
	{
		"impatient", "timeouts that leave work behind, people who leave aloud and in silence, jitter, return visits, a bounded number of retries",
		"go passed,go rejected,go timed out,go abandoned,go retries,go response,then entered,then passed,then rejected,then timed out,then abandoned,then response,desk busy", naiveHead + `
arrivals: {step: go, totals: exact, people: [{for: 30s, rate: 20/s}, {for: 30s, rate: 5.3/s}]}
retry_budget: 4
journey:
  - name: go
    timeout: 3s
    patience: exponential(8s)
    retry: {attempts: 3, base: 500ms, cap: 1s, visits: 2, return: "uniform(5s, 15s)"}
    continue: 80%
    route: [{station: desk}]
  - {name: then, think: exponential(2s), timeout: 2s, leave: silent, patience: "uniform(500ms, 3s)", route: [{station: desk, work: exponential(30ms)}]}
stations: {desk: {service: "lognormal(median=60ms, p95=200ms)", queue: 60, deadline: 4s}}
`,
	},
	{
		"bounded", "a gate at the entry, and a bucket that all share at a step",
		"go passed,go rejected,go retries,go response,then passed,then rejected,then retries,then response,desk busy", naiveHead + `
arrivals: {step: go, people: [{for: 60s, rate: 20/s}]}
journey:
  - {name: go, timeout: 4s, retry: {attempts: 3, base: 1s, jitter: none}, route: [{station: desk}]}
  - {name: then, think: "uniform(1s, 3s)", retry: {attempts: 2, base: 2s}, route: [{station: desk, work: 20ms}]}
stations: {desk: {servers: 2, service: exponential(100ms)}}
plans:
  - name: calm
    policies:
      - {policy: bounded-fifo, at: entry, limit: 2, queue: 10, deadline: 300ms}
      - {policy: shared-token-bucket, at: "step:then", rate: 10/s, burst: 5}
`,
	},
	{
		"breaker", "a dependency that is slow and then half dead, behind all that may stand at a call, and one that is flaky and called again",
		"go passed,go rejected,go response,then passed,then rejected,then response,desk busy,registry busy,mirror busy", naiveHead + `
arrivals: {step: go, people: [{for: 90s, rate: 10/s}]}
journey:
  - {name: go, timeout: 5s, route: [{station: desk}, {call: registry}]}
  - {name: then, think: 1s, route: [{call: mirror}]}
stations: {desk: {servers: 2, service: exponential(50ms)}}
dependencies:
  registry: {kind: generic, servers: 4, service: exponential(200ms), queue: 20, faults: [{fault: slow, at: 20s, for: 15s, with: {delay: 300ms}}, {fault: outage, at: 40s, for: 25s, probability: 30%}, {fault: outage, at: 68s, for: 15s, probability: 90%}]}
  mirror: {kind: generic, servers: 2, service: exponential(50ms), faults: [{fault: outage, at: 10s, for: 70s, probability: 30%}]}
backend: {call_timeouts: {registry: 2s}}
plans:
  - name: calm
    policies:
      - {policy: retry-budget, at: "call:registry", ratio: 100%, burst: 50, attempts: 3, pause: 200ms, longest: 1s}
      - {policy: bulkhead, at: "call:registry", limit: 3, queue: 3, deadline: 300ms}
      - {policy: circuit-breaker, at: "call:registry", calls: 20, share: 50%, cooldown: 5s, probes: 3}
      - {policy: retry-budget, at: "call:mirror", ratio: 20%, burst: 10, attempts: 3, pause: 100ms, longest: 1s}
`,
	},
	{
		"bulkhead", "calls given up while the dependency works on, a brown-out, calls that nobody waits for, behind a bulkhead",
		"go passed,go rejected,go timed out,go abandoned,go retries,go response,then passed,then response,desk busy,registry busy,mailer busy", naiveHead + `
arrivals: {step: go, people: [{for: 60s, rate: 12/s}]}
journey:
  - {name: go, timeout: 4s, patience: exponential(6s), retry: {attempts: 2, base: 1s}, route: [{station: desk}, {call: registry}, {async: mailer}]}
  - {name: then, think: 500ms, route: [{async: mailer}, {station: desk, work: 5ms}]}
stations: {desk: {servers: 2, service: exponential(50ms)}}
dependencies:
  registry: {kind: generic, servers: 3, service: "uniform(100ms, 300ms)", faults: [{fault: brown-out, at: 20s, for: 20s, with: {capacity: 0.3}}]}
  mailer: {kind: generic, servers: 2, service: exponential(90ms), queue: 3}
backend: {call_timeouts: {registry: 1200ms}}
plans:
  - name: calm
    policies: [{policy: bulkhead, at: "call:registry", limit: 5, queue: 10, deadline: 800ms}]
`,
	},
	{
		"shedding", "journeys that have begun go first at the entry, a step with a smaller number goes first at a station",
		"go passed,go rejected,go abandoned,go retries,go response,then passed,then rejected,then abandoned,then response,desk busy", naiveHead + `
arrivals: {step: go, totals: exact, people: [{for: 60s, rate: 15/s}]}
journey:
  - {name: go, timeout: 8s, patience: exponential(6s), retry: {attempts: 3, base: 2s}, route: [{station: desk}]}
  - {name: then, think: exponential(1s), timeout: 8s, patience: exponential(6s), route: [{station: desk}]}
stations: {desk: {servers: 2, service: exponential(80ms), discipline: priority}}
plans:
  - name: calm
    policies: [{policy: priority-shed, at: entry, limit: 4, queue: 12, deadline: 2s}]
`,
	},
	{
		"newest", "the newest first, who waits too long is turned away, and a limit at a step without a queue",
		"go passed,go rejected,go timed out,go abandoned,go retries,go response,then passed,then rejected,then retries,then response,desk busy,till busy", naiveHead + `
arrivals: {step: go, people: [{for: 60s, rate: 20/s}]}
journey:
  - {name: go, timeout: 3s, patience: "uniform(1s, 9s)", retry: {attempts: 2, base: 1s}, route: [{station: desk}]}
  - {name: then, think: "lognormal(median=1s, p95=4s)", retry: {attempts: 4, base: 500ms, cap: 2s, jitter: none}, route: [{station: till}]}
stations:
  desk: {service: exponential(60ms), discipline: lifo, queue: 40, deadline: 2s}
  till: {servers: 4, service: "lognormal(median=200ms, p95=600ms)"}
plans:
  - name: calm
    policies: [{policy: static-limit, at: "step:then", limit: 3}]
`,
	},
	{
		"budgets", "people who try again meet a bucket of their own and a budget for all",
		"go passed,go rejected,go timed out,go retries,go response,then passed,then rejected,then retries,then response,desk busy,till busy", naiveHead + `
arrivals: {step: go, people: [{for: 60s, rate: 15/s}]}
journey:
  - {name: go, timeout: 2s, retry: {attempts: 6, base: 500ms, cap: 4s}, route: [{station: desk}]}
  - {name: then, think: 1s, timeout: 2s, retry: {attempts: 5, base: 500ms}, route: [{station: till}]}
stations: {desk: {service: exponential(70ms), queue: 5}, till: {service: exponential(90ms), queue: 10}}
plans:
  - name: calm
    policies:
      - {policy: token-bucket, at: "step:go", rate: 0.2/s, burst: 2}
      - {policy: retry-budget, at: "step:then", ratio: 20%, burst: 20}
`,
	},
	{
		"turns", "servers that turn to the next request before one is done, cheap requests beside dear ones, and waits that take no server but keep a place",
		"go passed,go rejected,go timed out,go retries,go response,then passed,then rejected,then response,desk busy", naiveHead + `
arrivals: {step: go, people: [{for: 60s, rate: 16/s}]}
journey:
  - {name: go, timeout: 4s, retry: {attempts: 2, base: 1s}, route: [{station: desk}, {wait: "uniform(100ms, 400ms)"}]}
  - {name: then, think: exponential(1s), timeout: 4s, route: [{wait: exponential(50ms)}, {station: desk, work: 2ms}]}
stations: {desk: {servers: 2, service: exponential(110ms), discipline: sharing, slice: 10ms}}
plans:
  - name: calm
    policies: [{policy: bounded-fifo, at: entry, limit: 12, queue: 20, deadline: 1s}]
`,
	},
	{
		"cut", "a run that ends while many wait",
		"go entered,go passed,go timed out,go unfinished,go response,desk busy", naiveHead[:len(naiveHead)-len("drain: 120s\n")] + `
drain: 1s
arrivals: {step: go, totals: exact, people: [{for: 40s, rate: 20/s}]}
journey: [{name: go, timeout: 10s, route: [{station: desk}]}]
stations: {desk: {service: "uniform(30ms, 80ms)"}}
`,
	},
}
