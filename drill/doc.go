// Package drill conducts a live run: it starts the parts, watches and stops them, reconciles, and returns
// a report.
//
//  1. [Conduct] takes a set-up and starts mocks, backend and generator as processes of the same binary, in
//     this order; each reads one [Order] from standard input and writes [Message]s to standard output;
//  2. all get the same instant to begin; the generator streams what people did, the others what their
//     stations did;
//  3. when the generator is done, or the run is interrupted, or a part dies, the parts are stopped by
//     closing their standard input, and the store is read for what it holds;
//  4. everything becomes one report.Report.
//
// [ServePart] is the other side: the body of a child process. A part whose standard input ends stops, so
// no orphan outlives a conductor that was killed. [ServeBackend] and [ServeMocks] run one part alone.
package drill
