package host

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/prometheus/procfs"

	"github.com/ombak-sim/ombak/report"
)

// usage is the CPU time and memory of a process since it started.
type usage struct {
	cpu      float64 // seconds
	resident float64 // bytes
}

// probe reads the usage of one process.
type probe func(ctx context.Context) (usage, error)

// Watched holds the readings of processes of the target that others started.
type Watched struct {
	names  []string
	first  []usage
	latest []usage
	most   []float64 // resident bytes
	cancel context.CancelFunc
	over   sync.WaitGroup
}

// Watch starts to read every process named. It fails at once if one of them cannot be read.
func Watch(ctx context.Context, targets map[string]string) (*Watched, error) {
	w := &Watched{names: slices.Sorted(maps.Keys(targets))}
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

func (w *Watched) run(ctx context.Context, probes []probe) {
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
			if err == nil { // a process that has gone keeps its last reading
				w.latest[i], w.most[i] = now, max(w.most[i], now.resident)
			}
		}
	}
}

// Stop reads once more and returns what each process used since Watch.
func (w *Watched) Stop() []report.Process {
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

// processUsage reads /proc.
func processUsage(id int) (usage, error) {
	process, err := procfs.NewProc(id)
	if err != nil {
		return usage{}, err
	}
	stat, err := process.Stat()
	if err != nil {
		return usage{}, err
	}
	return usage{cpu: stat.CPUTime(), resident: float64(stat.ResidentMemory())}, nil
}

// metricsUsage reads the metrics whose names are the same in Prometheus clients of all languages.
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

// parseMetrics reads the text format of Prometheus.
func parseMetrics(r io.Reader) (usage, error) {
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(r)
	if err != nil {
		return usage{}, err
	}
	cpu, known := valueOf(families["process_cpu_seconds_total"])
	if !known {
		return usage{}, fmt.Errorf("process_cpu_seconds_total is not among the metrics")
	}
	resident, _ := valueOf(families["process_resident_memory_bytes"])
	return usage{cpu: cpu, resident: resident}, nil
}

// valueOf returns the value of a family's last metric.
func valueOf(family *dto.MetricFamily) (value float64, known bool) {
	for _, metric := range family.GetMetric() {
		switch {
		case metric.Counter != nil:
			value, known = metric.Counter.GetValue(), true
		case metric.Gauge != nil:
			value, known = metric.Gauge.GetValue(), true
		case metric.Untyped != nil:
			value, known = metric.Untyped.GetValue(), true
		}
	}
	return value, known
}
