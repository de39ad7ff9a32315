//go:build linux

// Command ombak-bench compares ombak's load generator with others on one target, and writes a table of ratios
// into a file. It is started by make bench-load:
//
//  1. it starts a trivial fasthttp server as a child process;
//  2. each available tool plays a closed loop of 64 connections, and then 30,000 requests a second;
//  3. ombak, bombardier, fortio and vegeta play against nginx over TLS, if it is installed: 8,000 requests a second
//     on connections kept alive, and 500 with a full handshake each;
//  4. ombak alone plays journeys of ten steps, and a million people who think at once;
//  5. the kernel reports the CPU time of each tool's process when it ends; for ombak it is that of its
//     generator's process, from its report.
//
// As ombak-bench backend, started by make bench-backend, it measures the reference backend's sign-ups on each
// store. As ombak-bench validation, started by make validate, it fits the simulator to the backend at light
// loads and compares its predictions of heavy loads with measurements. As ombak-bench siege, started by make siege,
// it kills, stops and crowds backends while people sign up, and compares the databases with a ledger.
package main

import (
	"context"
	"os"
	"os/signal"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}
