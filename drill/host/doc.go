// Package host looks at the machine that a live run is played on.
//
//  1. Before the run, [NeedFiles] and [NeedSpace] refuse what cannot work here, and [Examine] measures
//     whether the machine can offer the load;
//  2. during the run, [Watch] reads the CPU time and the memory of processes that others started, and
//     a [StrainMeter] what the generator and the machine go through;
//  3. afterwards [Machine] and [Filesystem] say in the report where it was.
//
// [KeepTuningGC] runs in every part: it makes garbage collections rare while memory is small.
package host
