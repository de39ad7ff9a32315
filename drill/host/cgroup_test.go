package host

import (
	"strings"
	"testing"
)

// TestContainersAreWatched: both versions of control groups give CPU time and memory; the path may hold the root.
func TestContainersAreWatched(t *testing.T) {
	root := t.TempDir()
	writeProc(t, root, map[string]string{
		"docker/two/cpu.stat": "usage_usec 2500000\nuser_usec 2000000\n", "docker/two/memory.current": "4096\n",
		"cpuacct/docker/one/cpuacct.usage": "1500000000\n", "memory/docker/one/memory.usage_in_bytes": "8192\n",
		"docker/bare/cpu.stat": "nr_periods 1\n", "docker/odd/cpu.stat": "usage_usec many\n",
	})
	for path, want := range map[string]usage{
		"/docker/two": {cpu: 2.5, resident: 4096}, root + "/docker/two": {cpu: 2.5, resident: 4096}, "docker/one": {cpu: 1.5, resident: 8192},
	} {
		if got, err := groupUsage(root, path); err != nil || got != want {
			t.Errorf("%s: %+v, %v; want %+v", path, got, err, want)
		}
	}
	for _, path := range []string{"/docker/none", "/docker/bare", "/docker/odd"} {
		if got, err := groupUsage(root, path); err == nil {
			t.Errorf("%s: %+v", path, got)
		}
	}
	if _, err := Watch(t.Context(), nil, map[string]string{"api": "cgroup:/no/such/group"}); err == nil || !strings.Contains(err.Error(), "no control group /no/such/group") {
		t.Errorf("%v", err)
	}
}
