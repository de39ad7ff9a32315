//go:build siege

package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// The clock of a besieged backend is set by a file, and stays as it was while nobody can read it.
func TestInjectedWall(t *testing.T) {
	if injectedWall() != nil {
		t.Error("the clock can be set though nobody asks for it")
	}
	path := filepath.Join(t.TempDir(), "wall")
	t.Setenv("OMBAK_TEST_WALL", path)
	now := injectedWall()
	want := time.Duration(0)
	awaitAhead := func(why string) {
		t.Helper()
		for t.Context().Err() == nil {
			if off := time.Until(now().Add(-want)); off.Abs() < time.Minute {
				return
			}
			time.Sleep(time.Millisecond) // until it looks at the file
		}
		t.Errorf("%s: the clock is never ahead by %v", why, want)
	}
	awaitAhead("nobody has set it")
	for _, ahead := range []time.Duration{365 * 24 * time.Hour, time.Hour, -time.Hour, 0, time.Hour} {
		if err := os.WriteFile(path, []byte(ahead.String()+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		want = ahead
		awaitAhead("set")
	}
	if err := os.WriteFile(path, []byte("soon"), 0o600); err != nil {
		t.Fatal(err)
	}
	time.Sleep(10 * time.Millisecond) // two looks
	awaitAhead("a file that says nothing")
}
