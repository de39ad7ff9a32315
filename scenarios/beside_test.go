//go:build unix

package scenarios_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/ombak-sim/ombak/scenarios"
)

// TestFilesBesideAreRegular checks that a scenario reads no file out of its folder through a link, no pipe and no device.
// Without the check, the pipe would block for ever.
func TestFilesBesideAreRegular(t *testing.T) {
	folder := t.TempDir()
	outside := filepath.Join(t.TempDir(), "counts.csv")
	const counts = "minute,visits,signups\n0,10,5\n"
	for _, err := range []error{
		os.WriteFile(outside, []byte(counts), 0o600), os.WriteFile(filepath.Join(folder, "good.csv"), []byte(counts), 0o600),
		os.Symlink(outside, filepath.Join(folder, "link.csv")), syscall.Mkfifo(filepath.Join(folder, "pipe.csv"), 0o600),
		os.Symlink("/dev/zero", filepath.Join(folder, "device.csv")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for file, good := range map[string]bool{"good.csv": true, "link.csv": false, "pipe.csv": false, "device.csv": false} {
		text := "schema: ombak.scenario/v1\nname: s\nopens: 2020-04-11T19:00:00+07:00\nseed: 1\narrivals: {step: sign-up, counts: " + file +
			"}\njourney: [{name: sign-up, request: {target: web, path: /}, route: []}]\n"
		name := filepath.Join(folder, "s.yaml")
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := scenarios.Load(name)
		refused := err != nil && strings.Contains(err.Error(), file) && strings.Contains(err.Error(), "cannot be read")
		if refused == good {
			t.Errorf("%s: %v", file, err)
		}
	}
}
