package host

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ombak-sim/ombak/loadgen"
	"github.com/ombak-sim/ombak/setup"
	"github.com/ombak-sim/ombak/units"
)

// Finding is the result of one check of [Examine].
type Finding struct {
	Name   string `json:"name"`
	Value  string `json:"value"`            // with its unit
	Good   bool   `json:"good"`             // good enough for the scenario
	Advice string `json:"advice,omitempty"` // what to do if it is not
}

// Examine checks whether this machine can offer a run's load. It looks at the limits on connections, at how
// late timers fire, at the time of an fsync in the folder, and at the generator's CPU time for a request. It
// takes a few seconds.
func Examine(ctx context.Context, run *setup.Live, folder string) ([]Finding, error) {
	findings := []Finding{examineFiles(run), examinePorts(run), examineTimers()}
	disk, err := examineDisk(folder)
	if err != nil {
		return nil, err
	}
	cpu, err := examineCPU(ctx, run)
	if err != nil {
		return nil, err
	}
	return append(findings, disk, cpu), nil
}

func examineFiles(run *setup.Live) Finding {
	finding := Finding{Name: "open files of a process", Good: true}
	if limit, known, err := mostFiles(); err == nil && known {
		finding.Value = fmt.Sprintf("%d, %d may be needed", limit, run.MostConnections()+ownFiles)
	}
	if err := NeedFiles(run.MostConnections()); err != nil {
		finding.Good, finding.Advice = false, err.Error()
	}
	return finding
}

// examinePorts counts the local ports available for connections to one address.
func examinePorts(run *setup.Live) Finding {
	finding := Finding{Name: "local ports", Value: "not known", Good: true}
	text, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range")
	if err != nil {
		return finding
	}
	fields := strings.Fields(string(text))
	if len(fields) != 2 {
		return finding
	}
	first, _ := strconv.Atoi(fields[0])
	last, _ := strconv.Atoi(fields[1])
	finding.Value = fmt.Sprintf("%d", last-first+1)
	if last-first < run.MostConnections() {
		finding.Good = false
		finding.Advice = fmt.Sprintf("%d connections may be open at once; widen net.ipv4.ip_local_port_range", run.MostConnections())
	}
	return finding
}

// examineTimers measures how much later than asked timers fire.
func examineTimers() Finding {
	const naps, nap = 400, time.Millisecond
	late := make([]time.Duration, naps)
	for i := range late {
		before := time.Now()
		time.Sleep(nap)
		late[i] = time.Since(before) - nap
	}
	slices.Sort(late)
	p99 := late[naps*99/100]
	finding := Finding{Name: "timers wake late by", Value: fmt.Sprintf("%s (median), %s (p99)", units.Duration(late[naps/2]), units.Duration(p99)), Good: p99 < 10*time.Millisecond}
	if !finding.Good {
		finding.Advice = "something else keeps the cores busy, or the machine is shared; close it, or expect runs to be invalid"
	}
	return finding
}

// examineDisk measures the time of a synced write to the file system of the database.
func examineDisk(folder string) (Finding, error) {
	path := filepath.Join(folder, ".ombak-doctor")
	file, err := os.Create(path)
	if err != nil {
		return Finding{}, fmt.Errorf("the folder cannot be written: %w; name another with --out", err)
	}
	defer func() { _ = os.Remove(path) }() // only a probe
	defer file.Close()
	const writes = 50
	took := make([]time.Duration, writes)
	for i := range took {
		before := time.Now()
		if _, err := file.Write(make([]byte, 4096)); err != nil {
			return Finding{}, err
		}
		if err := file.Sync(); err != nil {
			return Finding{}, err
		}
		took[i] = time.Since(before)
	}
	slices.Sort(took)
	kind := Filesystem(path)
	finding := Finding{Name: "a synced write of 4 KiB", Value: fmt.Sprintf("%s (median), %s (slowest of %d) on %s", units.Duration(took[writes/2]), units.Duration(took[writes-1]), writes, kind), Good: true}
	switch {
	case kind == "tmpfs" || kind == "ramfs":
		finding.Good, finding.Advice = false, "an fsync costs nothing there, so the store would look faster than it is; name a folder on a disk with --out"
	case took[writes/2] > 50*time.Millisecond:
		finding.Good, finding.Advice = false, "group commit would make people wait for the disk; use a faster one"
	}
	return finding, nil
}

// examineCPU plays two seconds against a target inside this process and compares the CPU time of a
// request, target included, with what the scenario asks of the machine.
func examineCPU(ctx context.Context, run *setup.Live) (Finding, error) {
	perRequest, err := loadgen.MeasureRequest(ctx, ownCPU)
	if err != nil {
		return Finding{}, err
	}
	return judgeCPU(run, perRequest), nil
}

// judgeCPU estimates the cores that the busiest second needs. It assumes that each person makes a request for
// every second step of a straight line, or as many as the branches and loops of the journeys let expect,
// and that all parts together need five times the CPU time of generator and trivial target. The bundled drill was measured at 180 µs against 35 µs a request. This is a rule of thumb.
func judgeCPU(run *setup.Live, perRequest time.Duration) Finding {
	const allParts = 5
	peak := float64(run.PeakPerSecond())
	requests := peak * requestsEach(run)
	need := requests * perRequest.Seconds() * allParts
	finding := Finding{
		Name:  "CPU",
		Value: fmt.Sprintf("%d cores; %s a request, so that about %.2g cores are needed in the busiest second, in which %.0f people come", runtime.NumCPU(), units.Duration(perRequest), need, peak),
		Good:  need < 0.9*float64(runtime.NumCPU()),
	}
	if !finding.Good {
		finding.Advice = fmt.Sprintf("let fewer people come, for example with --scale %.1g", max(0.1, 0.7*float64(runtime.NumCPU())/need))
	}
	return finding
}
