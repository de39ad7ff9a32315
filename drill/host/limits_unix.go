//go:build unix

package host

import (
	"fmt"
	"path/filepath"
	"syscall"
	"time"
)

// Filesystem returns the name of the file system that a path is on, or "" if it is not known.
func Filesystem(path string) string {
	var stat syscall.Statfs_t
	if err := syscall.Statfs(filepath.Dir(path), &stat); err != nil {
		return ""
	}
	names := map[int64]string{
		0xEF53: "ext4", 0x01021994: "tmpfs", 0x58465342: "xfs", 0x9123683E: "btrfs",
		0x794c7630: "overlayfs", 0x2FC12FC1: "zfs", 0x6969: "nfs", 0x858458f6: "ramfs",
	}
	if name, known := names[int64(stat.Type)]; known {
		return name
	}
	return fmt.Sprintf("0x%x", stat.Type)
}

// freeBytes returns the space that an ordinary user may still write in the folder's file system.
func freeBytes(folder string) (uint64, error) {
	var stat syscall.Statfs_t
	if err := syscall.Statfs(folder, &stat); err != nil {
		return 0, err
	}
	return stat.Bavail * uint64(stat.Bsize), nil
}

// mostFiles returns how many files a process may open.
func mostFiles() (limit uint64, known bool, err error) {
	var most syscall.Rlimit
	err = syscall.Getrlimit(syscall.RLIMIT_NOFILE, &most)
	return most.Max, err == nil, err
}

// ownCPU returns the CPU time of this process so far.
func ownCPU() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
