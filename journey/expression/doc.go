// Package expression evaluates the conditions and computed values of a scenario.
//
//  1. [Condition] and [Value] compile a source once, against the [Names] that it may read;
//  2. [Program.Reads] lists what it reads, such as person.pupil;
//  3. [Program.Holds] and [Program.Text] evaluate it for one person, with [Facts] that the caller provides.
//
// An expression has no loops, no assignments and no input or output, so its time is linear in the length of its source
// and its texts. The language is that of expr-lang/expr, with few of its functions.
package expression
