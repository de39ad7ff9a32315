//go:build !windows

package sim

import (
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// peer is another simulator, with its program for M/M/4 at ρ = .8 and a command that checks whether it is
// installed. The program takes the number of customers and prints events per second of processor time.
type peer struct {
	name    string
	needs   []string
	command []string
}

func peers() []peer {
	const python, r = "/usr/bin/python3", "Rscript"
	simmer := []string{r, "-e", "library(simmer)"}
	return []peer{
		{"SimPy", []string{python, "-c", "import simpy"}, []string{python, "testdata/mm4.py", "200000"}},
		{"simmer", simmer, []string{r, "testdata/mm4.R", "200000", "drawn"}},
		{"simmer-prepared", simmer, []string{r, "testdata/mm4.R", "500000", "prepared"}},
	}
}

// BenchmarkBesidePeers plays M/M/4 at ρ = .8 in turns with each other installed simulator, and reports the ratio
// of events per second. Run make bench to install the simulators that Debian packages. Each customer counts as two
// events, an arrival and a departure, whatever happens internally.
func BenchmarkBesidePeers(b *testing.B) {
	for _, other := range peers() {
		b.Run(other.name, func(b *testing.B) {
			if exec.Command(other.needs[0], other.needs[1:]...).Run() != nil {
				b.Skip(other.name + " is not installed; make bench installs it where Debian has it")
			}
			var theirs, ours float64
			rounds := 0
			for b.Loop() {
				theirs += other.rate(b)
				const events = 20_000_000
				m, begun := newMMC(4, 3.2, 1), processorTime(b)
				for range events {
					m.step()
				}
				ours += events / (processorTime(b) - begun).Seconds()
				rounds++
			}
			b.ReportMetric(theirs/float64(rounds)/1e6, other.name+"-Mevents/s")
			b.ReportMetric(ours/float64(rounds)/1e6, "ombak-Mevents/s")
			b.ReportMetric(ours/theirs, "times-"+other.name)
		})
	}
}

// processorTime returns the processor time of this process, as the other simulators measure it.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// rate runs the other simulator once.
func (p peer) rate(b *testing.B) float64 {
	b.Helper()
	out, err := exec.Command(p.command[0], p.command[1:]...).Output()
	if err != nil {
		b.Fatalf("%s: %v", p.name, err)
	}
	rate, err := strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
	if err != nil {
		b.Fatalf("%s: %v", p.name, err)
	}
	return rate
}
