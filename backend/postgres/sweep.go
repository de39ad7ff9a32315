package postgres

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// folderPattern names the folders of clusters.
const folderPattern = "ombak-postgres-*"

// own locks the cluster's folder for this process. The lock ends with the process, however it ends.
func (c *Cluster) own() (err error) {
	if c.owner, err = os.OpenFile(filepath.Join(c.folder, "owner"), os.O_CREATE|os.O_RDWR, 0o600); err != nil {
		return err
	}
	return syscall.Flock(int(c.owner.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
}

// sweep removes the clusters of processes that were killed, once their servers have ended.
func sweep(place string) error {
	folders, err := filepath.Glob(filepath.Join(place, folderPattern))
	for _, folder := range folders {
		if orphaned(folder) {
			err = errors.Join(err, os.RemoveAll(folder))
		}
	}
	return err
}

// orphaned reports whether a folder's owner and server have ended. A folder without an owner is being made.
func orphaned(folder string) bool {
	owner, err := os.OpenFile(filepath.Join(folder, "owner"), os.O_RDWR, 0)
	if err != nil {
		return false
	}
	defer owner.Close()
	if syscall.Flock(int(owner.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil {
		return false
	}
	text, err := os.ReadFile(filepath.Join(folder, "data", "postmaster.pid"))
	if err != nil {
		return errors.Is(err, os.ErrNotExist)
	}
	line, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	return err == nil && !running(pid)
}
