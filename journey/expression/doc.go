// Package expression evaluates the conditions and computed values of a scenario.
//
//  1. [Condition] and [Value] compile a source once, against the [Names] that it may read;
//  2. [Program.Reads] lists what it reads, such as person.pupil;
//  3. [Program.Holds] and [Program.Text] evaluate it for one person, with [Facts] that the caller provides.
//
// An expression has no loops, no variables and no input or output, and the texts that it reads or makes are bounded, so
// its time and memory are. The language is that of expr-lang/expr, with few of its functions.
package expression
