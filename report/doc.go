// Package report holds what a run came to, live or simulated, and answers questions about it.
//
//  1. report/recorder counts what people did and assembles a [Report]: the funnel, steps, stations, series
//     and histograms of report.json;
//  2. [Check] adds up the report's books, [Report.Bottleneck], [OverloadOf], [Recovery] and [Count] answer
//     what thresholds, advice and studies ask of it;
//  3. report/threshold fills in the verdict, report/baseline compares repeated runs, report/render writes
//     the files that people and other programs read;
//  4. [Write] writes report.json and [Read] takes it back, so that nothing is run again to be drawn or
//     compared.
//
// Response time runs from the instant a person meant to act, never from the instant of sending. Each of the
// packages below imports only those named before it.
package report
