// Package sim is a discrete-event simulator of overload: an engine, stations made of queues and
// servers, and the model of a surge in which people walk a journey through them.
//
//  1. An [Engine] keeps what is due in order of (time, sequence) and jumps from event to event.
//  2. A [Config] describes people, their journey, the route of each step, stations, dependencies and
//     policies; [Run] plays it on one goroutine.
//  3. Arrivals become walks of package journey, which says what a person does next and when; a
//     request goes along its route from [Station] to station, its person waiting or long gone.
//  4. Each attempt ends as a funnel.Sample, told to the same observer that a live run tells; each
//     station is read at equal intervals as a funnel.Reading.
//
// Time is in whole nanoseconds, chance in streams keyed by person, step, attempt, stop and call: the
// same Config gives the same events, and two plans see the same people.
package sim
