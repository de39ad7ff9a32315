//go:build drills

package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/report"
)

// TestFullDisk fills the disk under a drill. From then on sign-ups are rejected, no acknowledged one is lost,
// and the report states the cause.
func TestFullDisk(t *testing.T) {
	disk, out := t.TempDir(), t.TempDir()
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=96m"); err != nil {
		t.Skipf("mounting a small disk needs root: %v", err)
	}
	defer func() { _ = syscall.Unmount(disk, syscall.MNT_DETACH) }()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	text, err := relaxed("8s")
	if err == nil {
		err = os.WriteFile(filepath.Join(out, "full.yaml"), text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	drill := exec.Command(program, "as-ombak", "drill", filepath.Join(out, "full.yaml"), "--quiet", "--store", "sqlite:"+filepath.Join(disk, "ombak.db"), "--out", out)
	var stdout, stderr bytes.Buffer
	drill.Stdout, drill.Stderr = &stdout, &stderr
	if err := drill.Start(); err != nil {
		t.Fatal(err)
	}
	for size(filepath.Join(disk, "ombak.db-wal")) < 300_000 {
		<-time.After(pause)
	}
	_ = os.WriteFile(filepath.Join(disk, "ballast"), make([]byte, 100<<20), 0o600) // fails when the disk is full, as it should
	err = drill.Wait()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != exitBreached {
		t.Fatalf("the drill ended with %v, want exit code %d\n%s", err, exitBreached, &stderr)
	}
	file, err := os.Open(filepath.Join(out, "report.json"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	result, err := report.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	if r := result.Reconciliation; r == nil || r.Lost != 0 || r.Duplicates != 0 || r.Acknowledged == 0 {
		t.Errorf("reconciliation is %+v; want some acknowledged, none lost", r)
	}
	if result.Store == nil || len(result.Store.Gone) == 0 || !strings.Contains(result.Store.Gone[0].Why, "full") {
		t.Errorf("the report does not say that the store was gone: %+v", result.Store)
	}
	if !strings.Contains(stdout.String(), "\nThe store took no writes ") {
		t.Errorf("the first sentence does not say that the store was gone:\n%s", &stdout)
	}
	if warnings := strings.Join(result.Warnings, "\n"); !strings.Contains(warnings, "check the disk's free space") {
		t.Errorf("no warning names the disk:\n%s", warnings)
	}
}
