package calibration

import (
	"bytes"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/setup"
	"github.com/ombak-sim/ombak/study/simulation"
)

// onDisk is a truth in which every exchange takes 2 ms on the network, and two steps wait for a disk.
const onDisk = `
stations:
  api: {servers: 2, service: 1ms}
journey:
  visit: {route: [{station: api, work: 5ms}], delay: 2ms}
  register: {route: [{station: api, work: 20ms}, {wait: 60ms}], delay: 2ms}
  sign-in: {route: [{station: api, work: 10ms}], delay: 2ms}
  create: {route: [{station: api, work: 5ms}, {wait: "lognormal(median=90ms, p95=200ms)"}], delay: 2ms}
  list: {route: [{station: api, work: 8ms}], delay: 2ms}
`

// TestWaitsInTheServiceAreTold: what all steps take besides their CPU is a delay outside the service, and what some take
// longer is a wait inside it; so a gate that no run of the fit had is foretold.
func TestWaitsInTheServiceAreTold(t *testing.T) {
	model, err := Calibrate(t.Context(), levelsOf(t, onDisk), Calibrating{Scenario: shop(t, ""), Watched: []string{"api"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, route := range model.Routes {
		want := map[string]float64{"register": .060, "create": .090}[route.Step]
		if route.Wait.IsZero() && want == 0 {
			continue
		}
		if got := median(route.Wait); math.Abs(got-want) > .1*want+.002 {
			t.Errorf("%s waits %v s in the service, want %v", route.Step, got, want)
		}
	}
	for _, delay := range model.Delays {
		if got := median(delay.Beside); math.Abs(got-.002) > .001 {
			t.Errorf("%s is delayed by %v s outside the service, want 2 ms", delay.Step, got)
		}
	}
	var text bytes.Buffer
	if err := WriteModel(&text, model); err != nil {
		t.Fatal(err)
	}
	if want, got := behindGate(t, onDisk), behindGate(t, text.String()); math.Abs(got/want-1) > .1 {
		t.Errorf("behind the gate, %v people create something, want %v; the model is\n%s", got, want, text.String())
	}
}

// behindGate simulates more people than a gate of four places lets in, and returns how many pass the last step that waits.
func behindGate(t *testing.T, model string) float64 {
	t.Helper()
	text := strings.NewReplacer("$VISIT", "1", "$REGISTER", "1", "$SIGNIN", "1", "$CREATE", "1").Replace(liveHalf) +
		"plans:\n  - {name: gated, policies: [{policy: bounded-fifo, at: entry, limit: 4, queue: 0}]}\n"
	scenario, err := scenarios.Parse("gated.yaml", []byte(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	if scenario, err = scenario.WithModel("model.yaml", []byte(model)); err != nil {
		t.Fatal(err)
	}
	run, err := setup.NewModel(scenario, setup.Options{Plan: "gated", Rate: 40, For: 60 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	simulated, err := simulation.Simulate(t.Context(), run, simulation.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range simulated.Report.Funnel {
		if row.Step == "create" {
			return row.Passed
		}
	}
	t.Fatal("nobody could create anything")
	return 0
}
