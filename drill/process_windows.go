package drill

import (
	"os"
	"syscall"
)

// apart puts a process into a group of its own.
func apart() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}

// peakMemory knows nothing: this system does not say.
func peakMemory(*os.ProcessState) (bytes uint64, known bool) { return 0, false }
