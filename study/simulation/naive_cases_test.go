package simulation

// naiveHead begins every scenario of the comparison.
const naiveHead = `
schema: ombak.scenario/v1
name: naive
opens: 2020-04-11T19:00:00+07:00
seed: 1
drain: 120s
`

// naiveCases are the scenarios written by hand.
var naiveCases = []naiveCase{
	{"queue", "a lone M/M/2 with Poisson totals", naiveHead + `
arrivals: {step: go, people: [{for: 60s, rate: 15/s}]}
journey: [{name: go, timeout: 1h, route: [{station: desk}]}]
stations: {desk: {servers: 2, service: exponential(100ms)}}
`},
	{"constant", "no chance at all, so that both must be equal", naiveHead + `
arrivals: {step: go, mode: even, people: [{for: 60s, rate: 10/s}]}
journey: [{name: go, delay: 5ms, route: [{station: desk}, {call: registry}]}, {name: then, think: 1s, route: [{station: desk, work: 10ms}]}]
stations: {desk: {servers: 2, service: 40ms}}
dependencies: {registry: {kind: generic, service: 70ms}}
`},
	{"impatient", "timeouts that leave work behind, patience, retries with jitter and return visits", naiveHead + `
arrivals: {step: go, totals: exact, people: [{for: 30s, rate: 20/s}, {for: 30s, rate: 5/s}]}
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
`},
	{"bounded", "the gate at the entry, and a shared bucket at a step", naiveHead + `
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
`},
	{"registry", "a slow, then dead dependency behind a breaker and a retry budget", naiveHead + `
arrivals: {step: go, people: [{for: 90s, rate: 10/s}]}
journey: [{name: go, timeout: 5s, retry: {attempts: 2, base: 3s}, route: [{station: desk}, {call: registry}]}]
stations: {desk: {servers: 2, service: exponential(50ms)}}
dependencies:
  registry: {kind: generic, servers: 4, service: exponential(200ms), queue: 20, faults: [{fault: slow, at: 20s, for: 15s, with: {delay: 300ms}}, {fault: outage, at: 50s, for: 20s, probability: 70%}]}
backend: {call_timeouts: {registry: 2s}}
plans:
  - name: calm
    policies:
      - {policy: circuit-breaker, at: "call:registry", calls: 20, share: 50%, cooldown: 5s, probes: 3}
      - {policy: retry-budget, at: "call:registry", ratio: 20%, burst: 10, attempts: 3, pause: 100ms, longest: 1s}
`},
	{"loops", "journeys that fork, loop, skip and end early, and visitors", naiveHead + `
arrivals: {step: home, people: [{for: 60s, rate: 10/s}], visitors: [{for: 60s, rate: 5/s}]}
steps:
  - {name: home, route: [{station: desk}], next: [{to: list, share: 60%}, {to: end, share: 10%}]}
  - {name: basket, route: [{station: desk}], next: [{to: bye, share: 30%}, {to: pay, share: 20%}, {to: end}]}
  - {name: list, think: exponential(1s), route: [{station: desk}], loop: {back_to: list, times: 1..3, every: "uniform(1s, 2s)"}}
  - {name: pay, think: exponential(2s), optional: 70%, continue: 90%, route: [{station: till}]}
  - {name: bye, route: [{station: desk, work: 5ms}]}
journeys:
  - {name: buy, share: 60%, steps: [home, list, basket, pay, bye]}
  - {name: look, share: 40%, steps: [home, list]}
stations: {desk: {servers: 2, service: exponential(40ms)}, till: {service: exponential(80ms), discipline: lifo}}
`},
	{"closed", "people who come again and again, and who balk", naiveHead + `
arrivals: {step: go, closed: {people: 20, think: exponential(2s), for: 120s}}
journey: [{name: go, timeout: 5s, route: [{station: desk}]}, {name: then, think: 1s, route: [{station: desk}]}]
stations: {desk: {service: exponential(100ms), balk: 0.1, setup: exponential(50ms), degrades: {load: 5, factor: 2}}}
`},
}
