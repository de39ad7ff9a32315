//go:build linux

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"
)

const (
	begins = "<!-- make bench-load writes what follows -->"
	ends   = "<!-- until here -->"
)

// perRequest returns the CPU time per request.
func (f figures) perRequest() time.Duration {
	return time.Duration(float64(f.cpu) / max(1, f.requests))
}

// markdown writes the tables, ombak first, and the goals.
func (r results) markdown(machine string) string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s\n\nMeasured on %s, on %s. Tools and target ran on the same cores, one run each. "+
		"Compare ratios, not times.\n", begins, machine, time.Now().UTC().Format("2006-01-02"))
	fmt.Fprintf(&text, "\n### Closed loop, %d connections, %v\n\n| tool | requests per second | requests per "+
		"CPU-second | ombak relative to it |\n|---|---|---|---|\n", connections, closedFor)
	own := r.closed[0]
	perCPU := func(f figures) float64 { return f.requests / f.cpu.Seconds() }
	for _, f := range r.closed {
		fmt.Fprintf(&text, "| %s | %.0f | %.0f | %.2f |\n", f.name, f.requests/closedFor.Seconds(), perCPU(f), perCPU(own)/perCPU(f))
	}
	fmt.Fprintf(&text, "\n### Open, %d requests per second, %v\n\n| tool | answered of %d | CPU µs per "+
		"request | ombak relative to it | peak memory |\n|---|---|---|---|---|\n", openRate, openFor, int(openRate*openFor.Seconds()))
	for _, f := range r.open {
		fmt.Fprintf(&text, "| %s | %.0f | %.1f | %.2f | %d MB |\n", f.name, f.requests, f.perRequest().Seconds()*1e6, float64(r.open[0].perRequest())/float64(f.perRequest()), f.rss>>20)
	}
	text.WriteString("\n### Goals\n\n| figure | bound | measured | |\n|---|---|---|---|\n")
	for _, line := range r.goals() {
		text.WriteString(line)
	}
	fmt.Fprintf(&text, "\n%s\n", ends)
	return text.String()
}

// goals compares ombak with its goals.
func (r results) goals() (lines []string) {
	goal := func(figure, bound string, value float64, format string, holds bool) {
		mark := "reached"
		if !holds {
			mark = "**not reached**"
		}
		lines = append(lines, fmt.Sprintf("| %s | %s | "+format+" | %s |\n", figure, bound, value, mark))
	}
	open, closed := r.open[0], r.closed[0]
	goal("open: people dropped", "0", open.dropped, "%.0f", open.dropped == 0)
	goal("open: schedule lag p99", "2 ms", open.lag.Seconds()*1000, "%.2f ms", open.lag <= 2*time.Millisecond)
	for _, peer := range []struct {
		name  string
		bound float64
	}{{"bombardier", 1}, {"wrk2", 1.25}, {"k6", 0.1}} {
		if i := slices.IndexFunc(r.open, func(f figures) bool { return f.name == peer.name }); i > 0 {
			ratio := float64(open.perRequest()) / float64(r.open[i].perRequest())
			goal("open: CPU per request relative to "+peer.name+"'s", fmt.Sprintf("%.2f", peer.bound), ratio, "%.2f", ratio <= peer.bound)
		}
	}
	for _, peer := range []struct {
		name  string
		bound float64
	}{{"fortio", 1}, {"wrk", 0.75}} {
		if i := slices.IndexFunc(r.closed, func(f figures) bool { return f.name == peer.name }); i > 0 {
			ratio := (closed.requests / closed.cpu.Seconds()) / (r.closed[i].requests / r.closed[i].cpu.Seconds())
			goal("closed: requests per CPU-second relative to "+peer.name+"'s", fmt.Sprintf("%.2f", peer.bound), ratio, "%.2f", ratio >= peer.bound)
		}
	}
	if r.journeys != nil {
		ratio := float64(r.journeys.perRequest()) / float64(open.perRequest())
		goal("ten steps with extraction and templates: CPU per request relative to a single step", "1.50", ratio, "%.2f", ratio <= 1.5)
	}
	if r.think != nil {
		goal("a million thinking at once: memory", "400 MB", float64(r.think.rss)/(1<<20), "%.0f MB", r.think.rss < 400<<20)
		goal("a million waking at 20,000/s: schedule lag p99", "5 ms", r.think.lag.Seconds()*1000, "%.2f ms", r.think.lag <= 5*time.Millisecond)
	}
	return lines
}

// machine describes the machine.
func machine() string {
	model := runtime.GOARCH
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(text)) {
			if name, value, found := strings.Cut(line, ":"); found && strings.TrimSpace(name) == "model name" {
				model = strings.TrimSpace(value)
				break
			}
		}
	}
	kernel, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		kernel = []byte("unknown")
	}
	return fmt.Sprintf("%d cores of %s, %s %s, %s", runtime.NumCPU(), model, runtime.GOOS, strings.TrimSpace(string(kernel)), runtime.Version())
}

// replaceBetween replaces the table between two marks in the file, or appends it.
func replaceBetween(file, table, begins, ends string) error {
	text, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	before, rest, found := strings.Cut(string(text), begins)
	after := ""
	if found {
		_, after, _ = strings.Cut(rest, ends+"\n")
	}
	return os.WriteFile(file, []byte(before+table+after), 0o644)
}
