// Package fault defines faults of dependencies as pure functions of time.
//
//  1. A [Description] is a fault as people write it: a kind, or the name of a [Set] of several kinds.
//     [Description.Faults] turns it into Faults.
//  2. A [Fault] begins at an instant, grows to its full strength, and ends by itself. It may turn on and off
//     meanwhile (flapping).
//  3. [Fault.Strength] returns its strength at an instant, from 0 to 1.
//  4. [Schedule.Station] combines all faults of a dependency into one [Effect] on its capacity. [Schedule.At]
//     adds the share of requests that end otherwise, for a simulator.
//  5. [Schedule.Strike] returns what happens to one request on the wire, for a mock.
//
// The simulator and the mocks ask this package and apply its answers.
package fault
