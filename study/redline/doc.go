// Package redline raises the load on a service until it breaks, and reports its limit.
//
//  1. [RunOpen] plays rates with a func of the caller. It raises the rate while the thresholds hold, and
//     narrows the limit down by [Bisection].
//  2. [RunClosed] keeps a number of people under way instead, and fits the Universal Scalability Law.
//  3. [Open.Report] and [Closed.Report] put all levels into one report, and Sentence states the result.
//
// The package plays nothing itself, so it works for any kind of level.
package redline
