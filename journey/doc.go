// Package journey decides how one person walks the funnel: think, try, retry, give up, come back.
//
// It is a deterministic state machine that does no work itself. A driver (the load generator or
// the simulator) does what it says and reports back:
//
//  1. [New] compiles the steps once; [Journey.Begin] starts the [Walk] of one person and
//     returns the first [Action];
//  2. the driver acts at the instant of the action and passes the [Answer] to [Journey.Next];
//  3. Next returns how the attempt counts (a [Result]) and what the person does next.
//
// The steps are a straight line, or a graph with branches and loops that several journeys share. On a graph, the driver
// keeps a [Track] for each walk, in which it counts visits and rounds.
//
// Every draw comes from a stream keyed by person, step, attempt and round, so both drivers see the same
// person decide the same way.
package journey
