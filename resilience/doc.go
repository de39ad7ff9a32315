// Package resilience implements overload policies as deterministic state machines. They decide what a service
// does when more requests arrive than it can serve.
//
// A policy holds no lock, goroutine, clock or random source. Time and random numbers are arguments; time
// counts from any fixed instant. The simulator calls a policy directly under its virtual clock. The backend
// calls it behind a mutex under the real clock. So the policy that was simulated is the policy that runs.
//
//  1. A scenario names a [Policy] and its [Settings]. The policy's [Descriptor], one of [Policies], defines
//     its keys, its places, and what a live run must provide.
//  2. The name and the settings travel to the process that runs the policy.
//  3. There [Policy.Config] makes its [Config], whose methods determine its kind: [Gated], [Filtering],
//     [Guarding], [Repeating], [Steering], or a kind with a single policy.
//  4. The simulator and the backend drive kinds. They know no policy by name.
//
// A gate is always a [Gate], whatever its order and bounds. [Gate.Arrive] takes a request, which is Admitted,
// Queued or Rejected. [Gate.Release] takes a request that has been served, and admits the next. [Gate.Expire]
// removes requests that have waited too long; it is due at [Gate.NextDeadline]. [Gate.Cancel] removes a
// request whose person has left. [Gate.Stats] returns the counts and integrals over time.
package resilience
