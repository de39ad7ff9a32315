package drill

import (
	"context"
	"testing"

	"github.com/ombak-sim/ombak/funnel"
	"github.com/ombak-sim/ombak/journey"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/sim"
)

// BenchmarkSurge plays the whole of prakerja-2020, as it was: once without an observer and once with
// the recorder that every report needs.
func BenchmarkSurge(b *testing.B) {
	scenario, err := scenarios.Load("prakerja-2020")
	if err != nil {
		b.Fatal(err)
	}
	run, err := NewSimulation(scenario, Options{})
	if err != nil {
		b.Fatal(err)
	}
	steps := journey.New(run.Simulated.Journey, nil).Funnel()
	for _, test := range []struct {
		name     string
		observer func() func(int) funnel.Observer
	}{
		{"alone", func() func(int) funnel.Observer { return func(int) funnel.Observer { return nobody{} } }},
		{"recorded", func() func(int) funnel.Observer {
			recorder := report.NewRecorder(steps, 1, report.NewRecording(steps).Add)
			return func(shard int) funnel.Observer { return recorder.Observer(shard) }
		}},
	} {
		b.Run(test.name, func(b *testing.B) {
			var events uint64
			for b.Loop() {
				result, err := sim.Run(context.Background(), run.Simulated, test.observer())
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
