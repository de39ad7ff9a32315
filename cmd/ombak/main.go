// Command ombak rehearses a traffic surge: it replays a scenario against a service, simulates it and computes
// queueing formulas.
package main

import "os"

func main() {
	os.Exit(Run(os.Args, os.Stdin, os.Stdout, os.Stderr))
}
