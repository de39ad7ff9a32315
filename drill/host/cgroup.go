package host

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// groupUsage reads the CPU time and memory of all processes of a control group, such as a container: cpu.stat and
// memory.current of version 2, or cpuacct.usage and memory.usage_in_bytes of version 1. The path is relative to the
// root, or begins with it.
func groupUsage(root, path string) (usage, error) {
	path = strings.TrimPrefix(path, root)
	cpu, err := groupCPU(root, path)
	if err != nil {
		return usage{}, err
	}
	now := usage{cpu: cpu}
	for _, file := range []string{filepath.Join(root, path, "memory.current"), filepath.Join(root, "memory", path, "memory.usage_in_bytes")} {
		if bytes, err := readNumber(file); err == nil {
			now.resident = bytes
			break
		}
	}
	return now, nil
}

// groupCPU returns the CPU time of a control group in seconds.
func groupCPU(root, path string) (float64, error) {
	text, err := os.ReadFile(filepath.Join(root, path, "cpu.stat"))
	for line := range strings.Lines(string(text)) {
		if name, value, _ := strings.Cut(strings.TrimSpace(line), " "); err == nil && name == "usage_usec" {
			micros, err := strconv.ParseFloat(value, 64)
			return micros / 1e6, err
		}
	}
	nanos, err := readNumber(filepath.Join(root, "cpuacct", path, "cpuacct.usage"))
	if err != nil {
		return 0, fmt.Errorf("no control group %s with a CPU time below %s", path, root)
	}
	return nanos / 1e9, nil
}

func readNumber(file string) (float64, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	return strconv.ParseFloat(strings.TrimSpace(string(text)), 64)
}
