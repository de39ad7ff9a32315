//go:build drills

package main

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/ombak-sim/ombak/backend/postgres"
)

// TestOwnPostgresDies kills the PostgreSQL of a drill. The drill ends as with any part that dies, says so first, and leaves
// nothing behind.
func TestOwnPostgresDies(t *testing.T) {
	probe, err := postgres.Start(t.Context())
	if errors.Is(err, postgres.ErrNotInstalled) {
		t.Skip(err)
	}
	if err == nil {
		_, err = probe.Stop()
	}
	text, errText := relaxed("5m")
	if err := errors.Join(err, errText); err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	scenario, out := filepath.Join(folder, "long.yaml"), filepath.Join(folder, "out")
	if err := os.WriteFile(scenario, text, 0o600); err != nil {
		t.Fatal(err)
	}
	drill := exec.Command(ombakBinary(t), "drill", scenario, "--json", "--store", "postgres", "--out", out)
	stderr, err := drill.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := drill.Start(); err != nil {
		t.Fatal(err)
	}
	cluster, killed := "", false
	var said strings.Builder
	for lines := bufio.NewScanner(stderr); lines.Scan(); {
		said.WriteString(lines.Text() + "\n")
		if !killed && strings.Contains(lines.Text(), `"arrivals"`) {
			var postmaster int
			postmaster, cluster = postmasterOf(t, drill.Process.Pid)
			if err := syscall.Kill(postmaster, syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
			killed = true
		}
	}
	err = drill.Wait()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != exitFailed || !strings.Contains(said.String(), "a part died: PostgreSQL ended (") {
		t.Fatalf("the drill ended with %v, want exit code %d and a part that died:\n%s", err, exitFailed, &said)
	}
	if _, err := os.Stat(cluster); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder of the cluster stays: %s, %v", cluster, err)
	}
	r, err := readReport(filepath.Join(out, "report.json"))
	if err != nil {
		t.Fatal(err)
	}
	if r.Store == nil || len(r.Store.Gone) == 0 {
		t.Errorf("the report does not say that the store was gone: %+v", r.Store)
	}
	if r.Reconciliation != nil {
		t.Errorf("a store that is gone was reconciled: %+v", r.Reconciliation)
	}
}

// postmasterOf returns the PostgreSQL server below a process, and the folder of its cluster.
func postmasterOf(t *testing.T, parent int) (pid int, folder string) {
	t.Helper()
	stats, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		t.Fatal(err)
	}
	for _, process := range stats {
		text, err := os.ReadFile(filepath.Join(process, "cmdline"))
		words := strings.Split(string(text), "\x00")
		if err != nil || len(words) < 3 || filepath.Base(words[0]) != "postgres" || words[1] != "-D" {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(process))
		if err != nil || !below(pid, parent) {
			continue
		}
		return pid, filepath.Dir(words[2])
	}
	t.Fatal("the drill has no PostgreSQL")
	return 0, ""
}

// below reports whether a process descends from another (proc(5)).
func below(pid, ancestor int) bool {
	for pid > 1 {
		if pid == ancestor {
			return true
		}
		text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
		if err != nil {
			return false
		}
		_, rest, _ := strings.Cut(string(text), ") ") // the name in parentheses may contain anything
		fields := strings.Fields(rest)
		if len(fields) < 2 {
			return false
		}
		if pid, err = strconv.Atoi(fields[1]); err != nil {
			return false
		}
	}
	return false
}
