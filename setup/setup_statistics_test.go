//go:build statistics

package setup_test

import (
	"testing"
	"time"

	"github.com/ombak-sim/ombak/setup"
)

// Fast-forward: 21 hours become minutes, and no minute offers more than the cap.
func TestMaxRateCapsEveryMinute(t *testing.T) {
	run, err := setup.NewLive(load(t, "prakerja-2020"), setup.Options{MaxRate: 240_000.0 / 60})
	if err != nil {
		t.Fatal(err)
	}
	offered := run.Offered.ByStep["sign-up"]
	if offered.Scheduled != 1_432_133 || offered.PeakPerMin > 240_010 {
		t.Errorf("%v sign-ups, %v in the busiest minute", offered.Scheduled, offered.PeakPerMin)
	}
	if run.Generator.Until > 15*time.Minute {
		t.Errorf("the run lasts %v", run.Generator.Until)
	}
	bounded, err := setup.NewLive(load(t, "prakerja-2020"), setup.Options{MaxRate: 240_000.0 / 60, MaxWork: 120_000.0 / 60})
	if err != nil {
		t.Fatal(err)
	}
	if peak := bounded.Offered.ByStep["sign-up"].PeakPerMin; peak > 240_010 || peak < 130_000 {
		t.Errorf("with work bounded %v sign-ups in the busiest minute", peak)
	}
	if least := 1_432_133 * time.Minute / 120_000; bounded.Generator.Until < least {
		t.Errorf("the run with so little work a minute lasts %v, want %v at least", bounded.Generator.Until, least)
	}
}
