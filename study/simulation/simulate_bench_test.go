package simulation

import (
	"context"
	"fmt"
	"os"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report/recorder"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/setup"
	"github.com/ombak-sim/ombak/sim"
)

// BenchmarkSurge plays all of prakerja-2020 under as-was: once without an observer, and once with the
// recorder that every report needs.
func BenchmarkSurge(b *testing.B) {
	run := surgeRun(b, setup.Options{})
	steps := run.Config.Journey.Funnel()
	for _, test := range []struct {
		name     string
		observer func() func(int) funnel.Observer
	}{
		{"alone", func() func(int) funnel.Observer { return func(int) funnel.Observer { return nobody{} } }},
		{"recorded", func() func(int) funnel.Observer {
			observers := recorder.NewRecorder(steps, 1, recorder.NewRecording(steps).Add)
			return func(shard int) funnel.Observer { return observers.Observer(shard) }
		}},
	} {
		b.Run(test.name, func(b *testing.B) {
			var events uint64
			for b.Loop() {
				result, err := sim.Run(context.Background(), run.Config, test.observer())
				if err != nil {
					b.Fatal(err)
				}
				events += result.Events
			}
			b.ReportMetric(float64(events)/b.Elapsed().Seconds()/1e6, "Mevents/s")
			b.ReportMetric(float64(events)/float64(b.N)/1e6, "Mevents/op")
		})
	}
}

// surges holds all of prakerja-2020, and a fiftieth of its people for checking that a benchmark works.
var surges = []struct {
	name    string
	options setup.Options
}{{"small", setup.Options{Scale: 0.02, ScaleSystem: 0.1}}, {"whole", setup.Options{}}}

// BenchmarkReplicationsOnTwoCores plays two replications one after the other and two at once, in turns, and
// reports the ratio of their speeds.
func BenchmarkReplicationsOnTwoCores(b *testing.B) {
	for _, surge := range surges {
		b.Run(surge.name, func(b *testing.B) {
			run := surgeRun(b, surge.options)
			var took [3]time.Duration
			for b.Loop() {
				for workers := 1; workers <= 2; workers++ {
					begun := time.Now()
					if _, err := Simulate(context.Background(), run, Settings{Replications: 2, Workers: workers}); err != nil {
						b.Fatal(err)
					}
					took[workers] += time.Since(begun)
				}
			}
			b.ReportMetric(took[1].Seconds()/took[2].Seconds(), "times-one-core")
		})
	}
}

// BenchmarkPeakMemory plays one replication with everything that its report needs, and reports the peak of
// the process's resident memory.
func BenchmarkPeakMemory(b *testing.B) {
	for _, surge := range surges {
		b.Run(surge.name, func(b *testing.B) {
			run := surgeRun(b, surge.options)
			most := 0.0
			for b.Loop() {
				debug.FreeOSMemory()
				if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil { // forget the peak so far
					b.Skip("the kernel does not forget the peak: ", err)
				}
				if _, err := Simulate(context.Background(), run, Settings{Workers: 1}); err != nil {
					b.Fatal(err)
				}
				most = max(most, peakMemory(b))
			}
			b.ReportMetric(most/1e6, "MB-peak")
		})
	}
}

// peakMemory returns the peak of resident memory in bytes.
func peakMemory(b *testing.B) float64 {
	b.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		b.Fatal(err)
	}
	_, after, _ := strings.Cut(string(status), "VmHWM:")
	kilobytes := 0.0
	if _, err := fmt.Sscan(after, &kilobytes); err != nil {
		b.Fatal(err)
	}
	return 1024 * kilobytes
}

func surgeRun(b *testing.B, options setup.Options) *setup.Model {
	b.Helper()
	scenario, err := scenarios.Load("prakerja-2020")
	if err != nil {
		b.Fatal(err)
	}
	run, err := setup.NewModel(scenario, options)
	if err != nil {
		b.Fatal(err)
	}
	return run
}
