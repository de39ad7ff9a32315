// Package workload defines who arrives when, and how long work takes.
//
// Everything random in ombak is drawn here or from a source made here:
//
//  1. a [Seed] names the run; [Seed.Stream] derives one independent stream per
//     purpose, person, step and attempt, so that adding a step or a retry does
//     not reshuffle the others;
//  2. [Bins] hold how many people arrive in each interval; an [Arrivals] places
//     them inside the interval, each with the index of a person;
//  3. a [Distribution] turns a uniform number into a duration, and a [Service]
//     describes how a station serves what arrives;
//  4. a [Clock] maps scenario time to real time when a run is sped up.
package workload
