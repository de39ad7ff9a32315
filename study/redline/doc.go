// Package redline raises the load on a service until it breaks, and says where its limit is.
//
//  1. [RunOpen] offers a rate, which a func of the caller plays, raises it while the thresholds hold, and
//     narrows the limit down by [Bisection];
//  2. [RunClosed] keeps a number of people under way instead, and fits the Universal Scalability Law;
//  3. [Open.Report] and [Closed.Report] put all levels into one report, and Sentence says what was found.
//
// The package plays nothing itself, so it does not matter what a level is played on.
package redline
