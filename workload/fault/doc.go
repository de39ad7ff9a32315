// Package fault says what befalls a dependency, as a pure function of time.
//
//  1. A [Description] is a fault as people write it: a kind, or the name of a [Set] of several;
//     [Description.Faults] turns it into Faults;
//  2. a [Fault] begins at an instant, grows to its full strength, and ends by itself; it may come
//     and go meanwhile (flapping);
//  3. [Fault.Strength] is how much of it there is at an instant, from 0 to 1;
//  4. [Schedule.Station] joins all faults of a dependency into one [Effect] on its capacity;
//     [Schedule.At] adds the share of requests that end otherwise, for a simulator;
//  5. [Schedule.Strike] says what befalls one request on the wire, for a mock.
//
// Whoever serves requests, be it the simulator or a mock, asks and applies the answer.
package fault
