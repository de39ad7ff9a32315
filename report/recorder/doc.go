// Package recorder turns what people do into a [report.Report] without a verdict.
//
//  1. each goroutine that plays people owns one [ShardObserver] of a [Recorder]; it counts, and emits a
//     [Delta] for every second, which is small enough to send as one line of JSON;
//  2. a [Recording] adds Deltas up, in any order and from any number of shards;
//  3. [Assemble] joins a Recording with the [Facts] that only the conductor knows;
//  4. [Average] joins the replications of a simulation, [Merge] the parts of one live run.
package recorder
