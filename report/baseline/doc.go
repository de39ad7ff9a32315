// Package baseline compares repeated runs of two builds: is the candidate worse?
//
//  1. [Deal] deals runs out to the base and the candidate, so that drift falls on both alike;
//  2. [Compare] pairs them and judges each figure by exact intervals of signed ranks;
//  3. [CheckGate] compares runs of one build with each other and counts the false alarms.
package baseline
