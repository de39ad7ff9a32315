// Package fault says what befalls a dependency, as a pure function of time.
//
//  1. A [Fault] begins at an instant, grows to its full strength, and ends by itself; it may come
//     and go meanwhile (flapping).
//  2. [Fault.Strength] is how much of it there is at an instant, from 0 to 1.
//  3. [Schedule.At] joins all faults of a dependency into one [Effect]: less capacity, added delay,
//     a share of requests with another outcome.
//
// Whoever serves requests, be it the simulator or a mock, asks for the Effect and applies it.
package fault
