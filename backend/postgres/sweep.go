//go:build unix

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

// own locks the cluster's folder for this process. The lock ends with the process, however it ends. The file has its name
// only once it is locked, so that nobody takes the folder for an orphan in between.
func (c *Cluster) own() (err error) {
	making, made := filepath.Join(c.folder, "owner.new"), filepath.Join(c.folder, "owner")
	if c.owner, err = os.OpenFile(making, os.O_CREATE|os.O_RDWR, 0o600); err != nil {
		return err
	}
	if err := syscall.Flock(int(c.owner.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return err
	}
	return os.Rename(making, made)
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
