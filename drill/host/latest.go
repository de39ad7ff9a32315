package host

import (
	"runtime"
	"time"

	"github.com/ombak-sim/ombak/report"
)

// Latest returns what the machine and each process used between their last two readings. Any goroutine may call it until
// Stop. The machine's is nil if it cannot be read.
func (w *Watched) Latest() (machine *report.SecondMachine, processes []report.SecondProcess) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if n := len(w.machine.readings); n >= 2 {
		before, now := w.machine.readings[n-2], w.machine.readings[n-1]
		machine = &report.SecondMachine{
			CPUShare:        min(1, max(0, perSecond(now.cpu-before.cpu, w.machine.at[n-2], w.machine.at[n-1])/float64(runtime.NumCPU()))),
			MemoryAvailable: now.available,
		}
	}
	for i, name := range w.names {
		n := len(w.logs[i])
		process := report.SecondProcess{Name: name, RSSBytes: w.logs[i][n-1].resident}
		if n >= 2 {
			process.CPU = max(0, perSecond(w.logs[i][n-1].cpu-w.logs[i][n-2].cpu, w.times[i][n-2], w.times[i][n-1]))
		}
		processes = append(processes, process)
	}
	return machine, processes
}

func perSecond(amount float64, from, to time.Time) float64 {
	seconds := to.Sub(from).Seconds()
	if seconds <= 0 {
		return 0
	}
	return amount / seconds
}
