//go:build linux

package calibration

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/procfs"

	"github.com/ombak-sim/ombak/report"
)

// asService makes the test binary a small service instead of running tests.
const asService = "OMBAK_TEST_SERVICE"

func TestMain(m *testing.M) {
	if os.Getenv(asService) != "" {
		serve()
		return
	}
	os.Exit(m.Run())
}

// The CPU time that the small service takes for a request.
const (
	pageCPU = time.Millisecond
	hashCPU = 25 * time.Millisecond
)

// serve answers on a port of its choice, which it prints, until its standard input ends.
func serve() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/page", func(http.ResponseWriter, *http.Request) { work(pageCPU) })
	mux.HandleFunc("/hash", func(http.ResponseWriter, *http.Request) { work(hashCPU) })
	go func() { _ = http.Serve(listener, mux) }()
	fmt.Println(listener.Addr())
	_, _ = io.Copy(io.Discard, os.Stdin)
}

// work uses CPU time of its own thread, however busy the machine is.
func work(most time.Duration) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	used := func() time.Duration {
		var usage syscall.Rusage
		const thread = 1 // RUSAGE_THREAD of Linux
		if syscall.Getrusage(thread, &usage) != nil {
			return most
		}
		return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	}
	for until := used() + most; used() < until; {
	}
}

// TestSmallServiceOfCheapAndDearRequests: the CPU of a real process, over stretches of several mixes, gives a page of
// 1 ms and a hash of 25 ms apart.
func TestSmallServiceOfCheapAndDearRequests(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the CPU time of a thread is read as on Linux")
	}
	server := exec.Command(os.Args[0])
	server.Env = append(os.Environ(), asService+"=1")
	stdin, err := server.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = stdin.Close()
		_ = server.Wait()
	}()
	address, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	var reports []report.Report
	for i, mix := range [][2]int{{100, 1}, {20, 8}, {60, 8}, {150, 3}, {5, 10}, {100, 6}, {40, 2}} {
		reports = append(reports, stretch(t, server.Process.Pid, "http://"+strings.TrimSpace(address), uint64(i), mix[0], mix[1]))
	}
	model, err := Calibrate(t.Context(), reports, Calibrating{Watched: []string{"api"}})
	if err != nil {
		t.Fatal(err)
	}
	page, hash := model.Routes[0].Hops, model.Routes[1].Hops[0].Demand.Seconds
	// A request costs the service a little more than its work: reading, writing, scheduling, collecting garbage.
	if hash < .8*hashCPU.Seconds() || hash > 1.6*hashCPU.Seconds() || len(page) != 1 || page[0].Demand.Seconds > .25*hash {
		t.Errorf("a page takes %+v, and a hash %v s, want about %v and %v", page, hash, pageCPU, hashCPU)
	}
}

// stretch sends requests one after another, and returns what was counted as a report.
func stretch(t *testing.T, process int, url string, seed uint64, pages, hashes int) report.Report {
	t.Helper()
	cpu := func() float64 {
		proc, err := procfs.NewProc(process)
		if err != nil {
			t.Fatal(err)
		}
		stat, err := proc.Stat()
		if err != nil {
			t.Fatal(err)
		}
		return stat.CPUTime()
	}
	before := cpu()
	for path, count := range map[string]int{"/page": pages, "/hash": hashes} {
		for range count {
			answer, err := http.Get(url + path)
			if err != nil {
				t.Fatal(err)
			}
			_ = answer.Body.Close()
		}
	}
	used := cpu() - before
	const length = 20 // requests one after another take as long as their CPU, which would look like CPU of idling
	return report.Report{
		Engine: report.Live, Scenario: report.Scenario{Name: "small", Seed: seed}, DurationS: length,
		Machine: &report.Machine{CPUs: runtime.NumCPU()}, Offered: report.Offered{Scheduled: float64(pages)},
		Steps:     []report.StepRow{{Step: "page", Requests: float64(pages)}, {Step: "hash", Requests: float64(hashes)}},
		Processes: []report.Process{{Name: "api", CPUS: &used, Watched: true}},
	}
}
