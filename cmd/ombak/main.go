// Command ombak replays, simulates and computes what a surge does to a service.
package main

import "os"

func main() {
	os.Exit(Run(os.Args, os.Stdin, os.Stdout, os.Stderr))
}
