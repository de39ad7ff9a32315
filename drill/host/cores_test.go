package host

import (
	"math"
	"os"
	"runtime"
	"testing"

	"github.com/prometheus/procfs"
)

// TestLimitOfAControlGroup: fractions of a core count as a whole one, and "max" or −1 is no limit.
func TestLimitOfAControlGroup(t *testing.T) {
	root := t.TempDir()
	writeProc(t, root, map[string]string{
		"half/cpu.max": "50000 100000\n", "three/cpu.max": "250000 100000\n", "free/cpu.max": "max 100000\n", "odd/cpu.max": "none\n",
		"cpu/two/cpu.cfs_quota_us": "200000\n", "cpu/two/cpu.cfs_period_us": "100000\n", "cpu/free/cpu.cfs_quota_us": "-1\n", "cpu/free/cpu.cfs_period_us": "100000\n",
	})
	for path, want := range map[string]int{"/half": 1, "/three": 3, "/free": 0, "/odd": 0, "/missing": 0} {
		if got := limitOf(root, procfs.Cgroup{Path: path}); got != want {
			t.Errorf("version 2, %s: %d, want %d", path, got, want)
		}
	}
	for path, want := range map[string]int{"/two": 2, "/free": 0, "/missing": 0} {
		if got := limitOf(root, procfs.Cgroup{HierarchyID: 4, Controllers: []string{"cpuacct", "cpu"}, Path: path}); got != want {
			t.Errorf("version 1, %s: %d, want %d", path, got, want)
		}
	}
	if got := limitOf(root, procfs.Cgroup{HierarchyID: 4, Controllers: []string{"memory"}, Path: "/two"}); got != 0 {
		t.Errorf("the memory controller limits %d cores", got)
	}
}

func TestCoresOfThisProcess(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("proc is Linux's")
	}
	if got := coresOf(os.Getpid()); got < 1 || got > runtime.NumCPU() {
		t.Errorf("%d cores", got)
	}
	if len(threadTimes(os.Getpid())) == 0 || coresOf(99999999) != 0 || threadTimes(99999999) != nil {
		t.Error("the threads of this process, and nothing of one that is not there")
	}
}

func TestBusiestThread(t *testing.T) {
	first := map[int]float64{1: 5, 2: 1}
	for _, test := range []struct {
		why    string
		last   map[int]float64
		worked float64
		want   float64
	}{
		{"one thread does nearly all", map[int]float64{1: 14.5, 2: 1.5}, 10, .95},
		{"two share the work", map[int]float64{1: 10, 2: 6}, 10, .5},
		{"a new thread", map[int]float64{1: 5, 2: 1, 3: 8}, 10, .8},
		{"too little work", map[int]float64{1: 5.5}, .5, 0},
	} {
		if got := busiestShare(first, test.last, test.worked); math.Abs(got-test.want) > 1e-12 {
			t.Errorf("%s: %v, want %v", test.why, got, test.want)
		}
	}
}
