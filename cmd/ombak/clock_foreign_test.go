//go:build foreign

package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/scenarios"
)

// clockInit is the first process of a machine. It plays a drill and sets the machine's clock meanwhile: an hour forward, two back,
// and right again.
const clockInit = `#!/bin/sh
mount -t proc proc /proc && mount -t sysfs sys /sys && mount -t tmpfs memory %[1]s/memory && ip link set lo up
ulimit -n 16384
cd %[1]s
ombak drill set.yaml --out memory/out > said 2>&1 &
drill=$!
until grep -q '^arrivals: [1-9]' said || ! kill -0 $drill; do sleep 0.1; done
for by in 3600 -7200 3600; do
  sleep 1
  date -u -s @$(($(date +%%s) + by)) >> dates
done
wait $drill
echo $? > code
cp memory/out/report.json memory/out/series.csv .
touch ended
echo o > /proc/sysrq-trigger
sleep 60
`

// TestClockOfTheMachineIsSet sets the clock of a machine while a drill plays on it. The machine is user-mode Linux, which has a clock
// of its own and sees the files of this one. The drill passes, says when the clock was set, and sends the same people in the same
// seconds as the simulation of its scenario.
func TestClockOfTheMachineIsSet(t *testing.T) {
	kernel, err := exec.LookPath("linux.uml")
	if err != nil {
		t.Skip("user-mode Linux is not installed; make foreign installs it")
	}
	if os.Getuid() != 0 {
		t.Skip("only root may set up the machine's files")
	}
	folder := t.TempDir()
	smoke, err := scenarios.Load("smoke")
	if err != nil {
		t.Fatal(err)
	}
	patient := strings.NewReplacer("lag_p99: 1s", "lag_p99: 1h", "drain: 2s", "drain: 1m",
		"  - {expr: sign-up.response_time_passed.p95 < 1s}\n", "").Replace(string(smoke.Source()))
	for name, text := range map[string]string{"set.yaml": patient, "init": fmt.Sprintf(clockInit, folder)} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(folder, "memory"), 0o700); err != nil {
		t.Fatal(err)
	}
	machine := exec.Command(kernel, "mem=2G", "rootfstype=hostfs", "rw", "init="+filepath.Join(folder, "init"), "quiet", "con=null", "PATH="+os.Getenv("PATH"), "HOME="+folder)
	machine.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := machine.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-machine.Process.Pid, syscall.SIGKILL) // it may have ended
		_ = machine.Wait()
	})
	for deadline := time.Now().Add(5 * time.Minute); ; time.Sleep(100 * time.Millisecond) {
		if _, err := os.Stat(filepath.Join(folder, "ended")); err == nil {
			break
		}
		if time.Now().After(deadline) {
			said, _ := os.ReadFile(filepath.Join(folder, "said")) // the failure is told either way
			t.Fatalf("the drill has not ended in five minutes:\n%s", said)
		}
	}
	r := clockReport(t, folder)
	var set []string
	for _, row := range r.Timeline {
		if strings.Contains(row.Text, "clock was set") {
			set = append(set, row.Text)
		}
	}
	if got := strings.Join(set, "; "); got != "the machine's clock was set forward by 60 min; the machine's clock was set back by 2.0 h; the machine's clock was set forward by 60 min" {
		t.Errorf("the timeline says %q", got)
	}
	if r.Offered.Sent != r.Offered.Scheduled || r.Offered.Dropped != 0 {
		t.Errorf("of %v people %v were sent and %v dropped", r.Offered.Scheduled, r.Offered.Sent, r.Offered.Dropped)
	}
	if said, err := exec.Command("ombak", "simulate", filepath.Join(folder, "set.yaml"), "--out", filepath.Join(folder, "simulated"), "--quiet").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	if played, simulated := scheduledPerSecond(t, filepath.Join(folder, "series.csv")), scheduledPerSecond(t, filepath.Join(folder, "simulated", "series.csv")); played != simulated {
		t.Errorf("people came in the seconds\n%s, and in the simulation\n%s", played, simulated)
	}
}

// clockReport returns the report of the drill, which has passed.
func clockReport(t *testing.T, folder string) report.Report {
	t.Helper()
	said, err := os.ReadFile(filepath.Join(folder, "said"))
	if err != nil {
		t.Fatal(err)
	}
	if code, err := os.ReadFile(filepath.Join(folder, "code")); err != nil || strings.TrimSpace(string(code)) != "0" {
		t.Fatalf("the drill ended with %s %v\n%s", code, err, said)
	}
	text, err := os.ReadFile(filepath.Join(folder, "report.json"))
	if err != nil {
		t.Fatal(err)
	}
	var r report.Report
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// scheduledPerSecond returns a line for each second in which people came, as second and people.
func scheduledPerSecond(t *testing.T, path string) string {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for _, row := range rows[1:] {
		if row[2] != "0" {
			fmt.Fprintf(&text, "%s %s\n", row[0], row[2])
		}
	}
	return text.String()
}
