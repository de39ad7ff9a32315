//go:build crash

package backend_test

import (
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
)

// TestFullDiskOfPostgres fills the disk under PostgreSQL. Successful answers stop, and every acknowledged
// person is in the database. (TestFullDisk of the command does the same for SQLite.)
func TestFullDiskOfPostgres(t *testing.T) {
	disk := smallDisk(t)
	t.Setenv("TMPDIR", disk)
	server := startCluster(t)
	t.Setenv("TMPDIR", "") // other files must not go to this disk
	notes := newLedger(t)
	child := startChild(t, server.URL(), "")
	ballast := filepath.Join(disk, "ballast")
	var fill sync.Once
	var refused, answers atomic.Int64
	offer(child.address, "p", 8, func(email string, status int) bool {
		if status == 202 {
			refused.Store(0)
			if notes.note(t, email) >= 100 {
				fill.Do(func() { fillDisk(t, ballast) })
			}
		} else {
			refused.Add(1)
		}
		return refused.Load() < 50 && answers.Add(1) < 20_000
	})
	if refused.Load() < 50 {
		t.Errorf("%d answers, and successful answers did not stop", answers.Load())
	}
	kill(child)
	child.Wait()
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	if faults := check(t, server.URL(), notes); len(faults) > 0 {
		t.Errorf("%d faults, such as: %s", len(faults), faults[0])
	}
}

// smallDisk mounts a separate small disk that every user may traverse.
func smallDisk(t *testing.T) string {
	t.Helper()
	disk, err := os.MkdirTemp("/tmp", "ombak-disk-") //nolint:usetesting // PostgreSQL runs as another user, who may not traverse t.TempDir
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Remove(disk) })
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=128m,mode=1777"); err != nil {
		t.Skipf("mounting a small disk needs root: %v", err)
	}
	t.Cleanup(func() { syscall.Unmount(disk, syscall.MNT_DETACH) })
	return disk
}

// fillDisk writes until the disk is full.
func fillDisk(t *testing.T, path string) {
	file, err := os.Create(path)
	if err != nil {
		t.Error(err)
		return
	}
	defer file.Close()
	for block := 1 << 20; block >= 1<<12; block >>= 4 {
		for err = nil; err == nil; {
			_, err = file.Write(make([]byte, block))
		}
	}
}
