// Package calibration fits the simulator to measured reports, and measures how far off it is.
//
//  1. [Calibrate] reads reports of several loads: CPU and batches become demands of stations, response
//     times become delays and variation;
//  2. [WriteModel] writes them as a part of a scenario;
//  3. [Validate] simulates what other reports measured and puts prediction and measurement side by side.
package calibration
