// Package drill conducts a live run: it starts, watches and stops the parts, reconciles, and returns a
// report.
//
//  1. [Conduct] takes a set-up and starts mocks, backend and generator, in this order, as processes of the
//     same binary. Each reads one [Order] from standard input and writes [Message]s to standard output.
//  2. All get the same instant to begin. The generator streams what people did, the others what their
//     stations did.
//  3. When the generator is done, the run is interrupted, or a part dies, the conductor stops the parts by
//     closing their standard input. Then it reads the rows that the store holds.
//  4. Everything becomes one report.Report.
//
// [ServePart] is the other side: the body of a child process. A part stops when its standard input ends, so
// no orphan outlives a conductor that was killed. [ServeBackend] and [ServeMocks] run one part alone.
package drill
