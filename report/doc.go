// Package report turns what people did into a Report: counts, response times, verdicts and files.
//
//  1. each goroutine that plays people owns one [ShardObserver] of a [Recorder]; it counts and cuts
//     a [Delta] for every second, which is small enough to travel as one line of JSON;
//  2. a [Recording] adds Deltas up, whatever their order and from however many shards;
//  3. [Assemble] joins a Recording with the [Facts] that only the conductor knows into a [Report],
//     checks its books ([Check]) and judges it by its [Condition]s;
//  4. writers turn the Report into report.json, series.csv, latency.hlog, summary.md and text;
//     [Read] takes report.json back, so that nothing is run again to be drawn or compared.
//
// Response time runs from the instant a person meant to act, never from the instant of sending.
package report
