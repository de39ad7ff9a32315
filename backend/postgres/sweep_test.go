//go:build unix

package postgres

import (
	"os"
	"path/filepath"
	"testing"
)

// TestClustersOfTheKilledAreSwept checks that only folders whose owner and server have ended are removed.
func TestClustersOfTheKilledAreSwept(t *testing.T) {
	place := t.TempDir()
	var kept []string
	for _, row := range []struct {
		why          string
		owned, alive bool
		pid          string
		stays        bool
	}{
		{"of a killed process", true, false, "", false},
		{"of a killed process and a killed server", true, false, "2147483646\n/data\n", false},
		{"of a killed process whose server is ending", true, false, "1\n/data\n", true},
		{"of a living process", true, true, "", true},
		{"being made", false, false, "", true},
	} {
		c := &Cluster{}
		var err error
		if c.folder, err = os.MkdirTemp(place, folderPattern); err != nil { //nolint:usetesting // the pattern is what is tested
			t.Fatal(err)
		}
		if row.owned {
			if err := c.own(); err != nil {
				t.Fatal(err)
			}
			if !row.alive {
				c.owner.Close()
			}
			defer c.owner.Close()
		}
		if row.pid != "" {
			if err := os.MkdirAll(c.data(), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(c.data(), "postmaster.pid"), []byte(row.pid), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if row.stays {
			kept = append(kept, c.folder)
		}
	}
	if err := sweep(place); err != nil {
		t.Fatal(err)
	}
	for _, folder := range kept {
		if _, err := os.Stat(folder); err != nil {
			t.Errorf("%v", err)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(place, folderPattern)); len(left) != len(kept) {
		t.Errorf("left %v; want %v", left, kept)
	}
}
