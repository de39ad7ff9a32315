// Package report holds the results of a run, live or simulated, and answers questions about them.
//
//  1. report/recorder counts what people do and assembles a [Report]: the funnel, steps, stations, series
//     and histograms of report.json;
//  2. [Check] verifies the report's books; [Report.Bottleneck], [OverloadOf], [Recovery] and [Count] answer
//     the questions of thresholds, advice and studies;
//  3. report/threshold fills in the verdict, report/baseline compares repeated runs, report/render writes
//     the files for people and other programs;
//  4. [Write] writes report.json and [Read] reads it back, so that a run need not be repeated to be drawn or
//     compared.
//
// Response time starts at the instant a person meant to act, never at the instant of sending. Each of the
// packages below imports only those named before it.
package report
