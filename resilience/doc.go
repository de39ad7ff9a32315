// Package resilience holds protection policies as deterministic state machines: what a service does
// when more arrives than it can work off.
//
// A policy owns no lock, no goroutine, no clock and no chance: time and random numbers are arguments,
// the time counted since any fixed instant. The simulator calls a policy directly under its virtual
// clock, the backend behind a mutex under the real one, so that the policy that was simulated is the
// policy that runs.
//
// Those that make requests wait are one [Gate], whatever the order and the bounds: [BoundedFIFO],
// bulkhead, [CoDelConfig], [AdaptiveConfig], priority shedding, the workers of [DeferConfig].
//
//  1. a request comes to [Gate.Arrive] and is Admitted, Queued or Rejected;
//  2. one that has been worked off goes to [Gate.Release], which admits the next in the queue;
//  3. one that lost its place is taken out by [Gate.Expire], due at [Gate.NextDeadline]; one whose
//     person went away by [Gate.Cancel];
//  4. [Gate.Stats] tells what happened so far, as integrals over time.
//
// Those that decide at once say yes, or no and how long to wait: [Buckets], [StaggerConfig], [Room]
// (behind a [Doorkeeper] where people may come without their ticket), [Breaker], [Budget]. [Cache] saves
// calls, and [Scaler] says how many servers there should be.
package resilience
