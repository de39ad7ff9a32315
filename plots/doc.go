// Package plots draws a Report.
//
//  1. [All] takes only a report.Report: no run is repeated to draw it;
//  2. each descriptor that applies to the report draws a figure: it gathers the seconds of the series into bins whose
//     width depends on the length of the run;
//  3. one theme lays out its panels, legend, timeline and titles;
//  4. the drawing is written as SVG and as PNG: a [Figure].
//
// Figures name their units, shade the events of the timeline, and say "no data" if there are none.
package plots
