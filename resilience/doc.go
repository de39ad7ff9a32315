// Package resilience holds protection policies as deterministic state machines: what a service does
// when more arrives than it can work off.
//
// A policy owns no lock, no goroutine and no clock: the time is an argument, counted since any fixed
// instant. The simulator calls a policy directly under its virtual clock, the backend behind a mutex
// under the real one, so that the policy that was simulated is the policy that runs.
//
//  1. a request comes to [BoundedFIFO.Arrive] and is Admitted, Queued or Rejected;
//  2. one that has been worked off goes to [BoundedFIFO.Release], which admits the next in the queue;
//  3. one that waited to its deadline is taken out by [BoundedFIFO.Expire], due at
//     [BoundedFIFO.NextDeadline]; one whose person went away by [BoundedFIFO.Cancel];
//  4. [BoundedFIFO.Stats] tells what happened so far, as integrals over time.
package resilience
