// Package sim is a discrete-event simulator of overload. It has an engine, stations made of queues and servers,
// and a model of a surge in which people walk a journey through them.
//
//  1. An [Engine] keeps pending events in order of (time, sequence) and jumps from event to event.
//  2. A [Config] describes the people, their journey, the route of each step, stations, dependencies
//     and policies. [Run] plays it on one goroutine.
//  3. Arrivals become walks of package journey, which decides what a person does next and when. Each
//     request moves along its route from [Station] to [Station], even if its person has left.
//  4. Each attempt ends as a funnel.Sample, sent to the same kind of observer as in a live run. Each
//     station is read at equal intervals as a funnel.Reading.
//
// Time is in whole nanoseconds. Random streams are keyed by person, step, attempt, stop and call. The same Config
// gives the same events, and two plans simulate the same people.
package sim
