package report_test

import (
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/ombak-sim/ombak/report"
)

// machineOf returns ten readings a second apart of two cores with a constant use.
func machineOf(cpu, steal, disk float64, available uint64) report.Series {
	m := &report.MachineSeries{}
	for k := range 11 {
		at := float64(k)
		m.TS = append(m.TS, at)
		m.CPUS = append(m.CPUS, cpu*at)
		m.StealS = append(m.StealS, steal*at)
		m.Runnable = append(m.Runnable, uint64(k%3))
		m.MemoryAvailableBytes = append(m.MemoryAvailableBytes, available)
		m.DiskBusyS = append(m.DiskBusyS, disk*at)
	}
	return report.Series{Machine: m, Processes: []report.ProcessSeries{
		{Name: "db", TS: []float64{0, 10}, CPUS: []float64{0, 1}, RSSBytes: []float64{0, 0}},
		{Name: "api", TS: []float64{0, 10}, CPUS: []float64{0, 9.5}, RSSBytes: []float64{0, 0}},
	}}
}

func TestWhatWasShort(t *testing.T) {
	const much, little = 4 << 30, 100 << 20
	machine := &report.Machine{CPUs: 2, MemoryBytes: 8 << 30}
	for _, test := range []struct {
		why    string
		series report.Series
		short  string
		want   []string
	}{
		{"a quiet machine", machineOf(.4, 0, .1, much), "", []string{"Nothing of this machine was short: CPU 20", "disk 10", "api used one core all the time"}},
		{"all cores in use", machineOf(1.9, 0, .1, much), "CPU", []string{"CPU was short: 95", "of 2 cores", "api used 0.95 cores, and programs outside the run 0.85"}},
		{"a host that is shared takes the CPU away", machineOf(1.9, .4, .1, much), "steal", []string{"gave 20", "to others"}},
		{"the memory runs out", machineOf(.4, 0, .1, little), "memory", []string{"Memory was short: 100 MiB of 8"}},
		{"the disk works all the time", machineOf(.4, 0, .97, much), "disk", []string{"busiest one worked 97"}},
	} {
		usage := report.UsageOf(test.series, machine, 0, 10)
		if usage == nil || usage.ShortageOfResource != test.short || usage.Short != (test.short != "") {
			t.Errorf("%s: %+v", test.why, usage)
			continue
		}
		for _, want := range test.want {
			if !strings.Contains(usage.Sentence, want) {
				t.Errorf("%s: %q lacks %q", test.why, usage.Sentence, want)
			}
		}
	}
	if report.UsageOf(report.Series{}, machine, 0, 10) != nil || report.UsageOf(machineOf(1, 0, 0, much), nil, 0, 10) != nil {
		t.Error("a machine that was not read has a usage")
	}
}

// TestUsageOfThePeak: one busy second in ten is the peak and hardly changes the mean.
func TestUsageOfThePeak(t *testing.T) {
	series := machineOf(.2, 0, 0, 1<<30)
	for k := 5; k < 11; k++ {
		series.Machine.CPUS[k] += 1.8
	}
	usage := report.UsageOf(series, &report.Machine{CPUs: 2}, 0, 10)
	if usage.OthersCores != 0 { // the processes used 1.05 cores, more than the machine's readings say
		t.Errorf("others used %v cores", usage.OthersCores)
	}
	if busy := report.UsageOf(machineOf(1.9, 0, 0, 1<<30), &report.Machine{CPUs: 2}, 0, 10); math.Abs(busy.OthersCores-.85) > 1e-9 {
		t.Errorf("others used %v of 1.9 cores, besides 1.05 of known processes", busy.OthersCores)
	}
	if math.Abs(usage.CPUSharePeak-1) > 1e-9 || math.Abs(usage.CPUShare-.19) > 1e-9 {
		t.Errorf("peak %v, mean %v", usage.CPUSharePeak, usage.CPUShare)
	}
}

// TestOneCore: a process that uses one core may work on one thread, unless others left it no more.
func TestOneCore(t *testing.T) {
	for _, test := range []struct {
		why  string
		cpu  float64
		want bool
	}{{"the other core is idle", 1.05, true}, {"others used the other core", 1.9, false}} {
		usage := report.UsageOf(machineOf(test.cpu, 0, 0, 8<<30), &report.Machine{CPUs: 2, MemoryBytes: 8 << 30}, 0, 10)
		if got := strings.Contains(usage.Sentence, "api used one core all the time"); got != test.want {
			t.Errorf("%s: %s", test.why, usage.Sentence)
		}
	}
}

// TestTakenByOthers: others count if the machine is short of CPU, whether the service used more than they or less.
func TestTakenByOthers(t *testing.T) {
	for _, test := range []struct {
		why   string
		usage report.Usage
		want  string
	}{
		{"they used most of it", report.Usage{ShortageOfResource: "CPU", OthersCores: 1.8, BusiestCores: .2}, "programs outside the run used 1.8 of the machine's 2 cores"},
		{"they used less than the service", report.Usage{ShortageOfResource: "CPU", OthersCores: .9, BusiestCores: 1}, "used 0.9 of"},
		{"they used next to nothing", report.Usage{ShortageOfResource: "CPU", OthersCores: .1, BusiestCores: 1.8}, ""},
		{"the CPU was not short", report.Usage{OthersCores: 1}, ""},
	} {
		r := report.Report{Machine: &report.Machine{CPUs: 2, Usage: &test.usage}}
		if got := r.TakenByOthers(); !strings.Contains(got, test.want) || test.want == "" && got != "" {
			t.Errorf("%s: %q, want %q", test.why, got, test.want)
		}
	}
	if got := (report.Report{}).TakenByOthers(); got != "" {
		t.Errorf("a machine that was not read: %q", got)
	}
}

// TestCumulativeAddsUp: what rose in two adjoining times rose in both together.
func TestCumulativeAddsUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var c report.Cumulative
		at, total := 0., 0.
		for range rapid.IntRange(2, 20).Draw(t, "readings") {
			c.At, c.Total = append(c.At, at), append(c.Total, total)
			at += rapid.Float64Range(.1, 2).Draw(t, "gap")
			total += rapid.Float64Range(0, 5).Draw(t, "rise")
		}
		last := c.At[len(c.At)-1]
		mid := last * rapid.Float64Range(.01, .99).Draw(t, "mid")
		a, known := c.Between(0, mid)
		b, alsoKnown := c.Between(mid, last)
		whole, _ := c.Between(0, last)
		if !known || !alsoKnown || math.Abs(a+b-whole) > 1e-9*(1+whole) || math.Abs(whole-c.Total[len(c.Total)-1]) > 1e-9 {
			t.Fatalf("%v + %v is not %v", a, b, whole)
		}
		if _, known := c.Between(-1, mid); known {
			t.Fatal("a time before the readings has a value")
		}
	})
}
