// Package fleet plays parts of a run on other machines, over NATS. Package drill conducts them through its Carrier and
// knows nothing of the network.
//
//  1. [Serve] runs a NATS server of one's own. [Agent.Run] joins a machine: it answers who it is, tells its clock, and takes
//     an order at a time, which it vets before it starts its own program as the part.
//  2. [Open] picks agents for a run and measures their clocks, before, during and after it. [Run.Carriers] places
//     generators on them.
//  3. An agent appends every message of its part to a file of rows and sends it in an [Envelope] until the conductor has
//     acknowledged it. An inbox hands each on exactly once, however often and in whatever order it comes.
//  4. [Run.Release] lets the agents forget a run whose report is written. [Collect] makes the report of a run whose
//     conductor is gone.
//
// The subjects are ombak.v1.RUN.AGENT.{order,begin,rows} and the others of subjects.go. JetStream is not used: it
// acknowledges before the disk, and the agents' files hold every row.
package fleet
