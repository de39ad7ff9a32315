package scenarios_test

import (
	"testing"
	"time"

	"github.com/ombak-sim/ombak/scenarios"
)

// TestValuesAddUp: values set on a scenario with a model leave the model in place, also when a plan is applied.
func TestValuesAddUp(t *testing.T) {
	scenario, err := scenarios.Load("smoke")
	if err != nil {
		t.Fatal(err)
	}
	modelled, err := scenario.WithModel("model.yaml", []byte("stations: {web: {servers: 7}, extra: {servers: 3}}\njourney: {landing: {route: [{station: extra, work: 2ms}]}}\n"))
	if err != nil {
		t.Fatal(err)
	}
	slow, err := modelled.WithValues(func(s *scenarios.Scenario) error {
		s.Journey[0].Timeout = time.Minute
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	planned, err := slow.WithPlan("calm")
	if err != nil {
		t.Fatal(err)
	}
	for why, s := range map[string]*scenarios.Scenario{"the copy": slow, "with a plan": planned} {
		if s.Stations["web"].Servers != 7 || s.Stations["extra"].Servers != 3 || s.Journey[0].Timeout != time.Minute || s.Journey[0].Route[0].Station != "extra" {
			t.Errorf("%s: %+v, %+v", why, s.Stations, s.Journey[0])
		}
	}
	if _, known := scenario.Stations["extra"]; known {
		t.Error("the original has the station of the model")
	}
}
