package sim

import (
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

// BenchmarkBesideSimPy plays M/M/4 at ρ = .8 in turns with SimPy, where Debian's python3-simpy3 is
// installed (make bench installs it), and tells how many times as many events per second come out. An
// arrival and a departure of each customer count as two events in both, whatever else happens inside.
func BenchmarkBesideSimPy(b *testing.B) {
	const python = "/usr/bin/python3"
	if exec.Command(python, "-c", "import simpy").Run() != nil {
		b.Skip("SimPy is not installed for " + python + "; make bench installs it")
	}
	var theirs, ours float64
	rounds := 0
	for b.Loop() {
		out, err := exec.Command(python, "testdata/mm4.py", "200000").Output()
		if err != nil {
			b.Fatal(err)
		}
		rate, err := strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
		if err != nil {
			b.Fatal(err)
		}
		const events = 20_000_000
		m, begun := newMMC(4, 3.2, 1), time.Now()
		for range events {
			m.step()
		}
		theirs, ours = theirs+rate, ours+events/time.Since(begun).Seconds()
		rounds++
	}
	b.ReportMetric(theirs/float64(rounds)/1e6, "SimPy-Mevents/s")
	b.ReportMetric(ours/float64(rounds)/1e6, "ombak-Mevents/s")
	b.ReportMetric(ours/theirs, "times-SimPy")
}
