//go:build unix

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

// Kill sends SIGKILL to the server and its children, as the kernel does when memory runs out. What they have
// written stays in the kernel. When Kill returns they are gone, and another server may take the data.
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
	c.lifeline.Close() // the server is gone
	<-c.ended
	return awaitGone(children)
}

// awaitGone waits until killed processes have released their shared memory.
func awaitGone(pids []int) error {
	deadline := time.Now().Add(timeout)
	for _, pid := range pids {
		for running(pid) {
			if time.Now().After(deadline) {
				return fmt.Errorf("process %d does not end; find out what holds it", pid)
			}
			time.Sleep(time.Millisecond) // the kernel notifies only the parent
		}
	}
	return nil
}

// running reports whether pid is alive and not a zombie.
func running(pid int) bool {
	fields := statusOf(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	return len(fields) > 0 && fields[0] != "Z" && fields[0] != "X"
}

// childrenOf lists the child processes of a process (proc(5)).
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

// statusOf returns the fields of /proc/PID/stat after the name: state, parent and so on. It returns nothing if the
// process has ended.
func statusOf(path string) []string {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	_, rest, _ := strings.Cut(string(text), ") ") // the name in parentheses may contain anything
	return strings.Fields(rest)
}
