// Package resilience holds protection policies as deterministic state machines: what a service does
// when more arrives than it can work off.
//
// A policy owns no lock, no goroutine, no clock and no chance: time and random numbers are arguments,
// the time counted since any fixed instant. The simulator calls a policy directly under its virtual
// clock, the backend behind a mutex under the real one, so that the policy that was simulated is the
// policy that runs.
//
//  1. A scenario names a [Policy] and its [Settings]; its [Descriptor], one of [Policies], says which
//     keys it takes, where it may stand and what a live run can offer it.
//  2. The policy travels as this name and these settings to the process that runs it.
//  3. There [Policy.Config] makes its [Config], whose methods say of which kind it is: [Gated],
//     [Filtering], [Guarding], [Repeating], [Steering], or one that is alone in its kind.
//  4. Simulator and backend drive kinds. They know no policy by its name.
//
// A gate is always a [Gate], whatever the order and the bounds: a request comes to [Gate.Arrive] and is
// Admitted, Queued or Rejected; one that has been worked off goes to [Gate.Release], which admits the
// next; one that waited too long is taken out by [Gate.Expire], due at [Gate.NextDeadline], one whose
// person went away by [Gate.Cancel]; [Gate.Stats] returns the counts and integrals over time.
package resilience
