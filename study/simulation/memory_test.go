package simulation

import (
	"runtime"
	"strings"
	"testing"

	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/setup"
)

// quiet is a scenario in which few people come for a long time.
const quiet = `
schema: ombak.scenario/v1
name: quiet
opens: 2020-04-11T19:00:00+07:00
seed: 1
arrivals: {step: go, mode: even, signups: [{for: LONG, rate: 6/min}]}
journey:
  - name: go
    timeout: 1s
    route: [{station: service}]
stations:
  service: {servers: 2, service: 10ms}
plans:
  - {name: one, set: {stations: {service: {servers: 1}}}}
  - {name: two}
  - {name: three, set: {stations: {service: {servers: 3}}}}
`

// kept returns the bytes that the results of compared plans keep.
func kept(t *testing.T, long, threshold string) int64 {
	t.Helper()
	scenario, err := scenarios.Parse("quiet.yaml", []byte(strings.Replace(quiet, "LONG", long, 1)), nil)
	if err != nil {
		t.Fatal(err)
	}
	var thresholds []string
	if threshold != "" {
		thresholds = []string{threshold}
	}
	models, _, err := setup.NewModels(scenario, setup.Options{Thresholds: thresholds}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	results, err := Study{Models: models, Settings: Settings{Replications: 2, Workers: 1}}.Play(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	for _, result := range results {
		if seconds := result.Report.DurationS; seconds < 3600 {
			t.Fatalf("the run lasts %v s", seconds)
		}
	}
	runtime.KeepAlive(results)
	return int64(after.HeapAlloc) - int64(before.HeapAlloc)
}

// TestComparedPlansKeepNoSeries: what the results of compared plans keep does not grow with the length of the run, unless
// a threshold is judged by the series.
func TestComparedPlansKeepNoSeries(t *testing.T) {
	kept(t, "1h", "") // what is made once
	short, long := kept(t, "2h", ""), kept(t, "96h", "")
	if long > short+1<<20 {
		t.Errorf("the results of 96 h keep %d bytes, those of 2 h %d", long, short)
	}
	if judged := kept(t, "96h", "go.passed >= 0 during 0s..1m"); judged < long+10<<20 {
		t.Errorf("results whose threshold needs the series keep %d bytes, not much more than %d", judged, long)
	}
}
