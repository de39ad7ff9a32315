package host

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
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

// Watched holds the readings of processes and of the whole machine during a run.
type Watched struct {
	mu      sync.Mutex // guards logs, times and machine
	own     int        // number of the first targets that are parts of the run itself
	names   []string
	logs    [][]usage // by target
	most    []float64 // largest memory, by target
	times   [][]time.Time
	ids     []int             // process ids, 0 for those read by URL
	threads []map[int]float64 // CPU time of their threads at the first reading
	machine machineLog
	reader  machineReader
	reads   bool // the machine can be read
	cancel  context.CancelFunc
	over    sync.WaitGroup
}

// Watch starts to read the machine, the parts of the run by their process id, and every process named. It fails at
// once if a process named cannot be read.
func Watch(ctx context.Context, parts map[string]int, targets map[string]string) (*Watched, error) {
	w := &Watched{}
	w.reader, w.reads = newMachineReader(procfs.DefaultMountPoint)
	ctx, w.cancel = context.WithCancel(ctx)
	var probes []probe
	for _, name := range slices.Sorted(maps.Keys(parts)) {
		id := parts[name]
		probe := func(context.Context) (usage, error) { return processUsage(id) }
		if now, err := probe(ctx); err == nil { // without proc there is no series
			probes = append(probes, probe)
			w.begin(name, id, now)
		}
	}
	w.own = len(w.names)
	for _, name := range slices.Sorted(maps.Keys(targets)) {
		probe := newProbe(targets[name])
		now, err := probe(ctx)
		if err != nil {
			w.cancel()
			return nil, fmt.Errorf("--watch %s=%s cannot be read: %w; name a process id of this machine, cgroup:PATH of a container, or the URL of Prometheus metrics with process_cpu_seconds_total", name, targets[name], err)
		}
		probes = append(probes, probe)
		id, _ := strconv.Atoi(targets[name])
		w.begin(name, id, now)
	}
	w.readMachine()
	w.over.Go(func() { w.run(ctx, probes) })
	return w, nil
}

func (w *Watched) begin(name string, id int, now usage) {
	var threads map[int]float64
	if id > 0 {
		threads = threadTimes(id)
	}
	w.ids, w.threads = append(w.ids, id), append(w.threads, threads)
	w.names, w.logs, w.times, w.most = append(w.names, name), append(w.logs, []usage{now}), append(w.times, []time.Time{time.Now()}), append(w.most, now.resident)
}

func (w *Watched) readMachine() {
	if !w.reads {
		return
	}
	if now, known := w.reader.read(); known {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.machine.add(time.Now(), now)
	}
}

func (w *Watched) run(ctx context.Context, probes []probe) {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for last := false; !last; {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			last = true
		}
		w.readMachine()
		for i, probe := range probes {
			const patience = 2 * time.Second
			limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
			now, err := probe(limited)
			cancel()
			if err == nil { // a process that has gone keeps its last reading
				w.mu.Lock()
				w.logs[i], w.times[i] = append(w.logs[i], now), append(w.times[i], time.Now())
				w.logs[i], w.times[i] = thinned(w.logs[i]), thinned(w.times[i])
				w.most[i] = max(w.most[i], now.resident)
				w.mu.Unlock()
			}
		}
	}
}

// Stop reads once more and returns what each named process used since Watch.
func (w *Watched) Stop() []report.Process {
	w.cancel()
	w.over.Wait()
	var processes []report.Process
	for i := w.own; i < len(w.names); i++ {
		log := w.logs[i]
		cpu, most := max(0, log[len(log)-1].cpu-log[0].cpu), w.most[i]
		process := report.Process{Name: w.names[i], CPUS: &cpu, Watched: true}
		if resident := uint64(most); resident > 0 {
			process.MaxRSSBytes = &resident
		}
		if w.ids[i] > 0 {
			process.CPUs = coresOf(w.ids[i])
			process.BusiestThread = busiestShare(w.threads[i], threadTimes(w.ids[i]), cpu)
		}
		processes = append(processes, process)
	}
	return processes
}

// Series returns the readings on the clock of a run that began at an instant. The machine's are nil if it cannot be
// read. Call it after Stop.
func (w *Watched) Series(began time.Time) (*report.MachineSeries, []report.ProcessSeries) {
	var processes []report.ProcessSeries
	for i, name := range w.names {
		series := report.ProcessSeries{Name: name}
		for k, now := range w.logs[i] {
			series.TS = append(series.TS, w.times[i][k].Sub(began).Seconds())
			series.CPUS = append(series.CPUS, max(0, now.cpu-w.logs[i][0].cpu))
			series.RSSBytes = append(series.RSSBytes, now.resident)
		}
		processes = append(processes, series)
	}
	return w.machine.series(began), processes
}

func newProbe(target string) probe {
	if id, err := strconv.Atoi(target); err == nil {
		return func(context.Context) (usage, error) { return processUsage(id) }
	}
	if group, is := strings.CutPrefix(target, "cgroup:"); is {
		return func(context.Context) (usage, error) { return groupUsage(cgroupRoot, group) }
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
