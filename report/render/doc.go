// Package render writes a report for people and for other programs.
//
//  1. [Conclusion] and [Advice] state in sentences what a judged report means and what to do next;
//  2. [Text], [Markdown] and [HTML] write it for a terminal, a pull request and a browser; figures are drawn
//     beforehand and passed in as values ([Figure]);
//  3. [CSV], [HistogramLog], [JUnit], [Annotations] and [LoadPerformance] write it for other programs;
//  4. [Comparison] and [GateCheck] write the results of package baseline.
package render
