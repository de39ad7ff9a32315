// Package scenarios reads the scenario file: the one description that is replayed, simulated and computed.
//
//  1. [Load] takes the name of a bundled scenario or a file, and parses the YAML.
//  2. The strict decoder fills the types of this package from the syntax tree. Unknown keys and wrong values
//     become [Mistakes], each with file, line, column and a hint.
//  3. Defaults are applied once, and the whole is validated.
//  4. [Scenario.WithPlan] returns the scenario with one of its plans applied.
//
// The types are plain. Package setup maps them to the configuration of each part.
package scenarios
