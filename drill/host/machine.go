package host

import (
	"fmt"
	"path/filepath"
	"runtime"
	"syscall"

	"github.com/prometheus/procfs"

	"github.com/ombak-sim/ombak/report"
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

// Machine describes this machine.
func Machine() *report.Machine {
	return &report.Machine{CPUs: runtime.NumCPU(), MemoryBytes: memoryBytes(), OS: runtime.GOOS + "/" + runtime.GOARCH}
}

// memoryBytes returns the memory of the machine, or 0 if the system does not say.
func memoryBytes() uint64 {
	system, err := procfs.NewDefaultFS()
	if err != nil {
		return 0
	}
	memory, err := system.Meminfo()
	if err != nil || memory.MemTotalBytes == nil {
		return 0
	}
	return *memory.MemTotalBytes
}

// ownFiles is the number of open files of a part beside the people's connections: listeners, logs, the
// database, idle connections to mocks.
const ownFiles = 128

// NeedFiles refuses a run that could need more file descriptors than a process may open.
func NeedFiles(inFlight int) error {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("reading the limit of open files: %w", err)
	}
	if need := uint64(inFlight + ownFiles); limit.Max < need {
		return fmt.Errorf("a part may need %d open files, but the limit is %d; raise it with ulimit -n %d, or lower the load with --scale", need, limit.Max, need)
	}
	return nil
}

// NeedSpace refuses a run whose database and photos would not fit.
func NeedSpace(folder string, people int, photoBytes int) error {
	free, err := freeBytes(folder)
	if err != nil {
		return fmt.Errorf("looking at the free space of %s: %w", folder, err)
	}
	const rowBytes, logBytes = 1500, 64 << 20 // measured size of a row with its indexes; the write-ahead log
	need := uint64(people)*rowBytes + uint64(people/10)*uint64(photoBytes) + logBytes
	if free < need {
		return fmt.Errorf("%s has %d MB free, but the run may need %d MB; free some, or name another folder with --out", folder, free>>20, need>>20)
	}
	return nil
}
