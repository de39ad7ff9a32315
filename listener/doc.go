// Package listener keeps a server answering when strangers take more connections than the process has descriptors for.
//
//  1. a [Bound] holds the most connections that a process may have, over all of its listeners;
//  2. [Bound.Listen] wraps a listener, so that each connection it accepts counts;
//  3. at the bound, and when the system has no descriptor left, the connections that have waited longest for their client
//     are closed to make room; if all are at work, accepting waits until one ends;
//  4. [Bound.Shed] returns how many were closed so, and Notify hears of it at most once a minute.
//
// [Operators] and [ThisMachine] guard a listener for operators: only who has its token is let in, and no web page is.
package listener
