package host

import (
	"strings"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/setup"
)

// TestDoctorReckonsThePeakOfASecond: sixty people who come in one second and nobody else in the minute are not one
// person a second.
func TestDoctorReckonsThePeakOfASecond(t *testing.T) {
	scenario, err := scenarios.Parse("burst.yaml", []byte(`
schema: ombak.scenario/v1
name: burst
opens: 2026-01-05T09:00:00+07:00
targets: {shop: {url: "http://127.0.0.1:1"}}
arrivals: {step: order, totals: exact, signups: [{for: 1s, rate: 60/s}, {for: 59s, rate: 0/s}]}
journey:
  - {name: order, request: {target: shop, path: /}}
  - {name: pay, request: {target: shop, path: /pay}}
`), nil)
	if err != nil {
		t.Fatal(err)
	}
	run, err := setup.NewLoad(scenario, setup.Options{})
	if err != nil {
		t.Fatal(err)
	}
	finding := judgeCPU(run, time.Millisecond)
	// 60 people, a request for every second of two steps, 1 ms each, five times that for all parts.
	if !strings.Contains(finding.Value, "about 0.3 cores") || !strings.Contains(finding.Value, "in which 60 people come") {
		t.Errorf("%+v", finding)
	}
	if slow := judgeCPU(run, time.Second); slow.Good || !strings.Contains(slow.Advice, "--scale") {
		t.Errorf("%+v", slow)
	}
}
