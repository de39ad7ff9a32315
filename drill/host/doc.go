// Package host examines the machine on which a live run is played.
//
//  1. Before the run, [NeedFiles] and [NeedSpace] refuse a run that cannot work on this machine, and
//     [Examine] measures whether the machine can offer the load.
//  2. During the run, [Watch] reads the CPU time and memory of processes that others started, and a
//     [StrainMeter] measures how busy the generator and the machine are.
//  3. Afterwards [Machine] and [Filesystem] describe the machine in the report.
//
// [KeepTuningGC] runs in every part. It makes garbage collections rare while the heap is small.
package host
