package postgres

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Kill kills the server's first process and its children with SIGKILL, as when the machine's memory
// runs out; the kernel keeps what they have written. When it returns they are gone, so that another
// server may take the data.
func (c *Cluster) Kill() error {
	text, err := os.ReadFile(filepath.Join(c.data(), "postmaster.pid"))
	if err != nil {
		return fmt.Errorf("find the server's process: %w", err)
	}
	first, _, _ := strings.Cut(string(text), "\n")
	postmaster, err := strconv.Atoi(first)
	if err != nil {
		return fmt.Errorf("find the server's process: %w", err)
	}
	if err := syscall.Kill(postmaster, syscall.SIGSTOP); err != nil { // from now on it has no further children
		return fmt.Errorf("stop process %d: %w", postmaster, err)
	}
	children, err := childrenOf(postmaster)
	if err != nil {
		return err
	}
	for _, pid := range append([]int{postmaster}, children...) {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("kill process %d: %w", pid, err)
		}
	}
	c.leash.Close() // there is nobody to hold
	<-c.ended
	return awaitGone(children)
}

// awaitGone waits until processes that were killed have let go of what they shared.
func awaitGone(pids []int) error {
	deadline := time.Now().Add(patience)
	for _, pid := range pids {
		for runs(pid) {
			if time.Now().After(deadline) {
				return fmt.Errorf("process %d does not end; look for what holds it", pid)
			}
			time.Sleep(time.Millisecond) // nobody tells of another's children
		}
	}
	return nil
}

// runs tells whether a process is there and more than the memory of one that nobody has asked for.
func runs(pid int) bool {
	fields := statusOf(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	return len(fields) > 0 && fields[0] != "Z" && fields[0] != "X"
}

// childrenOf lists the processes whose parent is another (proc(5)).
func childrenOf(parent int) (children []int, err error) {
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, err
	}
	for _, path := range stats {
		fields := statusOf(path)
		if len(fields) < 2 || fields[1] != strconv.Itoa(parent) {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path))); err == nil {
			children = append(children, pid)
		}
	}
	return children, nil
}

// statusOf returns a process's state, parent and so on; nothing when it has ended.
func statusOf(path string) []string {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	_, rest, _ := strings.Cut(string(text), ") ") // the name in parentheses may hold anything
	return strings.Fields(rest)
}
