//go:build linux

package main

import (
	"context"
	"io"
	"os"
	"strings"
	"testing"
)

// TestMain lets the test binary play the roles that the benchmark of fleets starts.
func TestMain(m *testing.M) {
	if code, known := playRole(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr); known {
		os.Exit(code)
	}
	os.Exit(m.Run())
}

// Agents that replay rows are agents as others: every row comes, nobody is lost, and the table counts agent-seconds.
func TestFleetThatReplays(t *testing.T) {
	b := fleetBench{seconds: 2, people: 5, speed: 3, log: io.Discard}
	one, err := b.measure(t.Context(), 2)
	if err != nil {
		t.Fatal(err)
	}
	const rows = 2 * (2*3 + 3) // of two agents: three in each of two seconds, and beginning, done and end
	if one.Rows != rows || one.Lost != 0 || one.Messages < rows-2 || one.Bytes == 0 || one.CPU <= 0 || one.memory == 0 || one.server <= 0 || one.Behind < 0 {
		t.Errorf("%+v, want %d rows", one, rows)
	}
	if table := b.markdown([]replayed{one}); !strings.Contains(table, "A row has 5 people at each of 13 steps; each agent sent 3 a second.") || strings.Count(table, "\n| 2 | ") != 1 {
		t.Error(table)
	}
}
