//go:build !windows

package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/report"
)

// Runs that begin in the same second have a folder each.
func TestFoldersAreNotShared(t *testing.T) {
	t.Chdir(t.TempDir())
	now := time.Date(2020, 4, 11, 19, 0, 0, 0, time.UTC)
	for _, want := range []string{"shop-20200411-190000", "shop-20200411-190000-2", "shop-20200411-190000-3"} {
		if folder, err := makeFolder("", "shop", now); err != nil || folder != filepath.Join("ombak-out", want) {
			t.Errorf("%s, %v; want %s", folder, err, want)
		}
	}
	if _, err := makeFolder("mine", "shop", now); err != nil {
		t.Fatal(err)
	}
	if _, err := makeFolder("mine", "shop", now); exitCode(err) != exitRefused || !strings.Contains(err.Error(), "another run is writing to the folder mine") {
		t.Errorf("a folder in use: %v; want a refusal", err)
	}
}

// The lock of a folder ends with the process that holds it, and its children do not keep it.
func TestFolderIsFreeAfterItsRun(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := exec.Command(ombakBinary(t), "simulate", "smoke", "--window", "0s..4s", "--replications", "1", "--out", "mine", "--quiet").Run(); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() == exitFailed {
			t.Fatal(err)
		}
	}
	if err := lockFolder("mine"); err != nil {
		t.Error(err)
	}
}

// report.json is there even if nothing else can be written.
func TestReportSurvives(t *testing.T) {
	folder := t.TempDir()
	for _, name := range []string{"series.csv", "plots"} {
		if err := os.MkdirAll(filepath.Join(folder, name, "in-the-way"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	err := writeFiles(folder, report.Report{Schema: report.Schema, Engine: report.Simulated})
	if err == nil || !strings.Contains(err.Error(), "report.json is whole, but other files of the report are missing") || !strings.Contains(err.Error(), "series.csv") {
		t.Errorf("%v; want what is missing", err)
	}
	if _, err := readReport(filepath.Join(folder, "report.json")); err != nil {
		t.Error(err)
	}
}
