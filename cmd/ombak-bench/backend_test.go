//go:build linux

package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestNumberAfter(t *testing.T) {
	const metrics = "# HELP rows_total x\nrows_total 1.5e+06\nVmHWM:\t  123 kB\n"
	for name, want := range map[string]float64{"\nrows_total ": 1.5e6, "\nVmHWM:": 123} {
		if got, err := numberAfter(metrics, name); err != nil || got != want {
			t.Errorf("%q: %v, %v; want %v", name, got, err, want)
		}
	}
	if _, err := numberAfter(metrics, "absent "); err == nil {
		t.Error("a missing name was found")
	}
}

func TestReplaceBetween(t *testing.T) {
	file := filepath.Join(t.TempDir(), "table.md")
	for _, step := range []struct{ table, want string }{
		{"<a>1<b>\n", "<a>1<b>\n"}, // the file does not exist yet
		{"<a>2<b>\n", "<a>2<b>\n"},
	} {
		if err := replaceBetween(file, step.table, "<a>", "<b>"); err != nil {
			t.Fatal(err)
		}
		if got, _ := os.ReadFile(file); string(got) != step.want {
			t.Errorf("%q, want %q", got, step.want)
		}
	}
	if err := os.WriteFile(file, []byte("before\n<a>old<b>\nafter\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := replaceBetween(file, "<a>new<b>\n", "<a>", "<b>"); err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(file); string(got) != "before\n<a>new<b>\nafter\n" {
		t.Errorf("%q", got)
	}
}

// TestGoals: a figure that misses its bound is marked so.
func TestGoals(t *testing.T) {
	var b backendBench
	b.goal("rate", "10", "9", 9 >= 10)
	b.goal("p99", (50 * time.Millisecond).String(), "49 ms", true)
	if b.lines[0] != "| rate | 10 | 9 | **not reached** |\n" || b.lines[1] != "| p99 | 50ms | 49 ms | reached |\n" {
		t.Errorf("%q", b.lines)
	}
}
