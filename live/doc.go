// Package live is the control room of a run: a page that shows what happens, and the commands that come from it. It knows
// a feed and a set of controls, and nothing of processes or of the simulator.
//
//  1. The conductor of a run makes a [Board] and posts the rows of the run's feed on it, one report.Second after the other.
//  2. A [Server] serves the page and the feed. Viewers enter by a link with a secret, which is exchanged for a cookie.
//  3. Who entered by the first link may act: an action goes to the run's [Controls], once for each id, and its answer goes
//     back with the instant at which it took effect.
//  4. After the end the board shows the verdict, and the server stays until it is told to end or nobody looks any more.
package live
