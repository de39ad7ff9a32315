// Package calibration fits the simulator to measured reports, and measures its error.
//
//  1. [Calibrate] reads reports of several loads. It turns CPU and batches into demands of stations, and
//     response times into delays and variation.
//  2. [WriteModel] writes the model as a part of a scenario.
//  3. [Validate] simulates the load of other reports and compares prediction and measurement.
package calibration
