// Package scenarios reads the scenario file: the one description that is replayed, simulated and
// computed.
//
//  1. [Load] takes the name of a bundled scenario or a file and parses the YAML;
//  2. the strict decoder fills the types of this package from the syntax tree: unknown keys and
//     wrong values become [Mistakes], each with file, line, column and a hint;
//  3. defaults are applied once, then the whole is validated;
//  4. [Scenario.WithPlan] returns the scenario as one of its plans changes it.
//
// The types are plain; package drill maps them to the configuration of each part.
package scenarios
