package host

import (
	"fmt"
	"runtime"

	"github.com/prometheus/procfs"

	"github.com/ombak-sim/ombak/report"
)

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
	limit, known, err := mostFiles()
	if err != nil {
		return fmt.Errorf("reading the limit of open files: %w", err)
	}
	if need := uint64(inFlight + ownFiles); known && limit < need {
		return fmt.Errorf("a part may need %d open files, but the limit is %d; raise it with ulimit -n %d, or lower the load with --scale", need, limit, need)
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
