package host

import (
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"github.com/prometheus/procfs"
)

// cgroupRoot is where control groups are mounted.
const cgroupRoot = "/sys/fs/cgroup"

// coresOf returns how many cores a process may use, by its affinity and by the limit of its control group, or 0 if it
// is not known. Fractions of a core count as a whole one.
func coresOf(id int) int {
	process, err := procfs.NewProc(id)
	if err != nil {
		return 0
	}
	status, err := process.NewStatus()
	if err != nil || len(status.CpusAllowedList) == 0 {
		return 0
	}
	cores := min(runtime.NumCPU(), len(status.CpusAllowedList))
	groups, err := process.Cgroups()
	if err != nil {
		return cores
	}
	for _, group := range groups {
		if limit := limitOf(cgroupRoot, group); limit > 0 {
			cores = min(cores, limit)
		}
	}
	return cores
}

// limitOf returns the limit of a control group in cores, rounded up, or 0 if there is none: cpu.max of version 2, and
// cpu.cfs_quota_us of version 1.
func limitOf(root string, group procfs.Cgroup) int {
	if group.HierarchyID == 0 {
		text, err := os.ReadFile(filepath.Join(root, group.Path, "cpu.max"))
		fields := strings.Fields(string(text))
		if err != nil || len(fields) != 2 {
			return 0
		}
		return wholeCores(fields[0], fields[1])
	}
	for _, controller := range group.Controllers {
		if controller != "cpu" {
			continue
		}
		folder := filepath.Join(root, "cpu", group.Path)
		quota, err := os.ReadFile(filepath.Join(folder, "cpu.cfs_quota_us"))
		period, fault := os.ReadFile(filepath.Join(folder, "cpu.cfs_period_us"))
		if err == nil && fault == nil {
			return wholeCores(strings.TrimSpace(string(quota)), strings.TrimSpace(string(period)))
		}
	}
	return 0
}

// wholeCores returns quota/period rounded up, or 0 if the quota is not a limit.
func wholeCores(quota, period string) int {
	of, err := strconv.Atoi(quota)
	per, fault := strconv.Atoi(period)
	if err != nil || fault != nil || of <= 0 || per <= 0 { // "max", or −1
		return 0
	}
	return (of + per - 1) / per
}

// threadTimes returns the CPU time of each thread of a process, in seconds.
func threadTimes(id int) map[int]float64 {
	threads, err := procfs.AllThreads(id)
	if err != nil {
		return nil
	}
	times := map[int]float64{}
	for _, thread := range threads {
		if stat, err := thread.Stat(); err == nil {
			times[thread.PID] = stat.CPUTime()
		}
	}
	return times
}

// busiestShare returns the share of a process's work that one thread did between two readings, or 0 if it did little.
func busiestShare(first, last map[int]float64, worked float64) float64 {
	const little = 1 // seconds
	if worked < little {
		return 0
	}
	most := 0.
	for thread, total := range last {
		most = max(most, total-first[thread])
	}
	return min(1, most/worked)
}
