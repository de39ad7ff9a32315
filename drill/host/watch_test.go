package host

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
)

func TestWatchedProcesses(t *testing.T) {
	var reads atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		cpu := 10 + 2.5*float64(reads.Add(1)-1)
		_, _ = w.Write([]byte("# HELP process_cpu_seconds_total x\nprocess_cpu_seconds_total " + strconv.FormatFloat(cpu, 'g', -1, 64) + "\nprocess_resident_memory_bytes 4.096e+06\n"))
	}))
	defer server.Close()
	w, err := Watch(t.Context(), nil, map[string]string{"me": strconv.Itoa(os.Getpid()), "web": server.URL})
	if err != nil {
		t.Fatal(err)
	}
	sum := 0
	for i := range 200_000_000 { // uses some CPU time, measured in ticks of 10 ms
		sum += i
	}
	processes := w.Stop()
	if len(processes) != 2 || processes[0].Name != "me" || *processes[0].CPUS <= 0 || *processes[0].MaxRSSBytes == 0 {
		t.Errorf("processes %+v (%d)", processes, sum)
	}
	if web := processes[1]; *web.CPUS != 2.5*float64(reads.Load()-1) || *web.MaxRSSBytes != 4096000 {
		t.Errorf("the metrics give %v s, %d bytes after %d reads", *web.CPUS, *web.MaxRSSBytes, reads.Load())
	}
}

func TestWhatCannotBeWatchedIsTold(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	plain := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer plain.Close()
	for _, test := range []struct{ target, want string }{
		{"99999999", "no such file"},
		{server.URL, "status 404"},
		{plain.URL, "process_cpu_seconds_total is not among the metrics"},
		{"nonsense", "unsupported protocol"},
	} {
		_, err := Watch(context.Background(), nil, map[string]string{"x": test.target})
		if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "name a process id") {
			t.Errorf("%s: %v, want %q", test.target, err, test.want)
		}
	}
}
