// Package simulation simulates a model as often as an answer needs.
//
//  1. [Simulate] plays the replications of one model, several at once. [Study] plays those of several models,
//     so that replication k has the same people in all of them.
//  2. Each replication has its own random streams. It is recorded, becomes a report, and yields the figures
//     by which plans are compared ([Replication]).
//  3. A [Series] averages the reports and judges the average; that is the [Result].
//
// [Trace] writes every attempt of one replication. [EstimateTime] estimates how long a study takes.
package simulation
