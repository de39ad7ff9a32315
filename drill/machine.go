package drill

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"

	"github.com/ombak-sim/ombak/report"
)

// filesystemOf names the kind of file system that a path is on, as statfs tells it.
func filesystemOf(path string) string {
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

// freeBytes returns what an ordinary user may still write where the folder is.
func freeBytes(folder string) (uint64, error) {
	var stat syscall.Statfs_t
	if err := syscall.Statfs(folder, &stat); err != nil {
		return 0, err
	}
	return stat.Bavail * uint64(stat.Bsize), nil
}

// machine describes where the run is played.
func machine() *report.Machine {
	return &report.Machine{CPUs: runtime.NumCPU(), MemoryBytes: memoryBytes(), OS: runtime.GOOS + "/" + runtime.GOARCH}
}

func memoryBytes() uint64 {
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) >= 2 && fields[0] == "MemTotal:" {
			kib, _ := strconv.ParseUint(fields[1], 10, 64) // 0 where it cannot be read
			return kib * 1024
		}
	}
	return 0
}

// ownFiles are a part's open files beside the people's connections: listeners, logs, the database,
// kept connections to mocks.
const ownFiles = 128

// needFiles refuses a run that could need more file descriptors than a process may open.
func needFiles(inFlight int) error {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("reading the limit of open files: %w", err)
	}
	if need := uint64(inFlight + ownFiles); limit.Max < need {
		return fmt.Errorf("a part may need %d open files, but the limit is %d; raise it with ulimit -n %d, or lower the load with --scale", need, limit.Max, need)
	}
	return nil
}

// needSpace refuses a run whose database and photos would not fit.
func needSpace(folder string, people int, photoBytes int) error {
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
