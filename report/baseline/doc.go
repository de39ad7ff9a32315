// Package baseline compares repeated runs of two builds and decides whether the candidate is worse.
//
//  1. [Deal] deals runs out to the base and the candidate so that drift affects both alike;
//  2. [Compare] pairs them and judges each figure by exact signed-rank intervals;
//  3. [CheckGate] compares runs of one build with each other and counts the false alarms.
package baseline
