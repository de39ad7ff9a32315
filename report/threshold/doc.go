// Package threshold judges a report.
//
//  1. [Parse] and [ParseAll] turn thresholds such as "sign-up.passed >= 99.9% of scheduled" into
//     [Condition]s;
//  2. [Rules.Judge] judges a run just recorded, [Judge] a report alone, [JudgeMerged] a run merged from its
//     parts; each fills in the thresholds, the verdict, and why a run is invalid (see [Validity]);
//  3. during a live run, [Broken] reports whether it should end;
//  4. [Condition.Margin] measures how far a condition is from its bound, for searches.
package threshold
