// Package fault defines faults of dependencies as pure functions of time.
//
//  1. A [Description] is a fault as people write it: a kind, or the name of a [Set] of several;
//     [Description.Faults] turns it into Faults;
//  2. a [Fault] begins at an instant, grows to its full strength, and ends by itself; it may come
//     and go meanwhile (flapping);
//  3. [Fault.Strength] is how much of it there is at an instant, from 0 to 1;
//  4. [Schedule.Station] joins all faults of a dependency into one [Effect] on its capacity;
//     [Schedule.At] adds the share of requests that end otherwise, for a simulator;
//  5. [Schedule.Strike] returns what happens to one request on the wire, for a mock.
//
// The simulator and the mocks ask this package and apply its answers.
package fault
