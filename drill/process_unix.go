//go:build unix

package drill

import (
	"os"
	"runtime"
	"syscall"
)

// apart puts a process into a group of its own.
func apart() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// peakMemory returns the most memory that a process which has ended had, in bytes.
func peakMemory(state *os.ProcessState) (bytes uint64, known bool) {
	usage, known := state.SysUsage().(*syscall.Rusage)
	if !known {
		return 0, false
	}
	if bytes = uint64(usage.Maxrss); runtime.GOOS != "darwin" {
		bytes *= 1024 // Linux counts in KiB
	}
	return bytes, true
}
