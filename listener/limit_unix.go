//go:build unix

package listener

import "syscall"

// MostConnections returns how many connections a process may have so that a tenth of its descriptors, and at least 64,
// remain for everything else. It is 0 if the limit of the system is unknown.
func MostConnections() int {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil || limit.Cur > 1<<30 {
		return 0
	}
	return leaving(int(limit.Cur))
}
