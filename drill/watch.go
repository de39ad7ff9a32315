package drill

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/ombak-sim/ombak/report"
)

// usage is what a process has taken since it began.
type usage struct {
	cpu      float64 // seconds
	resident float64 // bytes
}

// probe reads the usage of one process.
type probe func(ctx context.Context) (usage, error)

// watches read what parts of the target take that others started.
type watches struct {
	names  []string
	first  []usage
	latest []usage
	most   []float64 // resident bytes
	cancel context.CancelFunc
	over   sync.WaitGroup
}

// watchAll begins to read every process named; what cannot be read is told before anybody is sent.
func watchAll(ctx context.Context, targets map[string]string) (*watches, error) {
	w := &watches{names: sortedNames(targets)}
	ctx, w.cancel = context.WithCancel(ctx)
	var probes []probe
	for _, name := range w.names {
		probe := newProbe(targets[name])
		now, err := probe(ctx)
		if err != nil {
			w.cancel()
			return nil, fmt.Errorf("--watch %s=%s cannot be read: %w; name a process id of this machine or the URL of Prometheus metrics with process_cpu_seconds_total", name, targets[name], err)
		}
		probes = append(probes, probe)
		w.first, w.latest, w.most = append(w.first, now), append(w.latest, now), append(w.most, now.resident)
	}
	w.over.Go(func() { w.run(ctx, probes) })
	return w, nil
}

func (w *watches) run(ctx context.Context, probes []probe) {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for ctx.Err() == nil {
		select {
		case <-ticker.C:
		case <-ctx.Done():
		}
		for i, probe := range probes {
			const patience = 2 * time.Second
			limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
			now, err := probe(limited)
			cancel()
			if err == nil { // one that has gone is left at its last reading
				w.latest[i], w.most[i] = now, max(w.most[i], now.resident)
			}
		}
	}
}

// stop reads once more and returns what each process took meanwhile.
func (w *watches) stop() []report.Process {
	w.cancel()
	w.over.Wait()
	var processes []report.Process
	for i, name := range w.names {
		cpu, resident := max(0, w.latest[i].cpu-w.first[i].cpu), uint64(w.most[i])
		process := report.Process{Name: name, CPUS: &cpu}
		if resident > 0 {
			process.MaxRSSBytes = &resident
		}
		processes = append(processes, process)
	}
	return processes
}

func newProbe(target string) probe {
	if id, err := strconv.Atoi(target); err == nil {
		return func(context.Context) (usage, error) { return processUsage(id) }
	}
	return func(ctx context.Context) (usage, error) { return metricsUsage(ctx, target) }
}

// processUsage reads /proc (see proc(5)); the clock tick is 1/100 s on every Linux that Go runs on.
func processUsage(id int) (usage, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", id))
	if err != nil {
		return usage{}, err
	}
	_, rest, _ := strings.Cut(string(text), ") ") // the name before may hold anything
	fields := strings.Fields(rest)
	const user, system, resident, ticks = 11, 12, 21, 100
	if len(fields) <= resident {
		return usage{}, fmt.Errorf("/proc/%d/stat has %d fields", id, len(fields))
	}
	var numbers [3]float64
	for i, place := range []int{user, system, resident} {
		if numbers[i], err = strconv.ParseFloat(fields[place], 64); err != nil {
			return usage{}, err
		}
	}
	return usage{cpu: (numbers[0] + numbers[1]) / ticks, resident: numbers[2] * float64(os.Getpagesize())}, nil
}

// metricsUsage reads the metrics that Prometheus clients of all languages name alike.
func metricsUsage(ctx context.Context, address string) (usage, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return usage{}, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return usage{}, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return usage{}, fmt.Errorf("it answers with the status %d", response.StatusCode)
	}
	const most = 16 << 20
	return parseMetrics(io.LimitReader(response.Body, most))
}

func parseMetrics(r io.Reader) (usage, error) {
	read := usage{cpu: math.NaN()}
	scanner := bufio.NewScanner(r)
	for scanner.Scan() {
		name, value, found := strings.Cut(scanner.Text(), " ")
		if !found {
			continue
		}
		value, _, _ = strings.Cut(value, " ") // a time may follow
		number, err := strconv.ParseFloat(value, 64)
		if err != nil {
			continue
		}
		switch name, _, _ = strings.Cut(name, "{"); name {
		case "process_cpu_seconds_total":
			read.cpu = number
		case "process_resident_memory_bytes":
			read.resident = number
		}
	}
	if err := scanner.Err(); err != nil {
		return usage{}, err
	}
	if math.IsNaN(read.cpu) {
		return usage{}, fmt.Errorf("process_cpu_seconds_total is not among the metrics")
	}
	return read, nil
}
