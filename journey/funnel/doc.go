// Package funnel is the vocabulary that every part of ombak shares: what a step of a journey is,
// what happened in one attempt at it, and who observes it. It does no work and no input or output.
//
//  1. people walk a [Journey] of named [Step]s;
//  2. each attempt at a step ends in a [Sample] with an [Outcome];
//  3. stations are read periodically, each time in a [Reading]; an event of the whole run is a [Mark];
//  4. an [Observer] receives all of it, on one goroutine.
package funnel
