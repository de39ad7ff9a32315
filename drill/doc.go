// Package drill conducts a live run: it turns a scenario and a plan into the configuration of
// every part, starts the parts, watches and stops them, reconciles, and returns a report.
//
//  1. [NewRun] maps the scenario, as one of its plans changes it, to what each part needs, and
//     refuses what cannot run live;
//  2. [Conduct] starts mocks, backend and generator as processes of the same binary, in this order;
//     each takes one [Order] on standard input and answers with [Message]s on standard output;
//  3. all are told the same instant to begin; the generator streams what people did, the others
//     what their stations did;
//  4. when the generator is done, or the run is interrupted, or a part dies, the parts are stopped
//     by closing their standard input, and the store is read for what it holds;
//  5. everything becomes one report.Report.
//
// [ServePart] is the other side: the body of a child process. A part whose standard input ends
// stops, so that no orphan outlives a conductor that was killed.
package drill
