// Package plots draws a Report.
//
//  1. [All] takes a report.Report and nothing else: no run is repeated to draw it;
//  2. a figure gathers the seconds of the series into bins as wide as the run is long;
//  3. its panels, legend, timeline and titles are laid out by one theme;
//  4. the same drawing is written as SVG and as PNG: a [Figure].
//
// Figures carry their units, shade what the timeline tells, and say "no data" if there is none.
package plots
