package simulation

import (
	"bytes"
	"maps"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/report/recorder"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/setup"
	"github.com/ombak-sim/ombak/sim"
)

// accepting is a shop that accepts orders and checks them later, for two and a half seconds each. So few people come that
// nothing else happens in the second in which the outcome is known.
const accepting = `schema: ombak.scenario/v1
name: accepting
opens: 2020-04-11T19:00:00+07:00
seed: 1
drain: 20s
arrivals: {step: order, totals: exact, people: [{for: 30s, rate: 15/m}]}
journey:
  - {name: order, request: {target: shop, path: /orders}, route: [{call: check}]}
targets: {shop: {}}
dependencies:
  check: {kind: generic, servers: 9, service: constant(2500ms)}
plans:
  - {name: later, policies: [{policy: async-verify, at: "call:check", workers: 9}]}
`

// finishedBySecond plays a model in one step and counts in which second walks end.
func finishedBySecond(t *testing.T, model *setup.Model) map[int64]uint64 {
	t.Helper()
	finished := map[int64]uint64{}
	config := Settings{}.replication(model.Config, 0)
	observers := recorder.NewRecorder(config.Journey.Funnel(), 1, func(delta recorder.Delta) {
		if delta.Finished > 0 {
			finished[delta.Second] += delta.Finished
		}
	})
	if _, err := sim.Run(t.Context(), config, func(int) funnel.Observer { return observers.Observer(0) }); err != nil {
		t.Fatal(err)
	}
	observers.Close()
	return finished
}

// With requests that are accepted at once and worked on later, people finish in the same second whether a run is played in
// one step or at a pace, with pauses between its rows; and the replay of what somebody did gives the same rows and the same
// report byte for byte.
func TestAcceptedPeopleFinishAtTheirInstant(t *testing.T) {
	scenario, err := scenarios.Parse("accepting.yaml", []byte(accepting), nil)
	if err != nil {
		t.Fatal(err)
	}
	model := modelOf(t, scenario)
	want := finishedBySecond(t, model)
	paces := [][]time.Duration{{40 * time.Millisecond}, {time.Second}, {10 * time.Millisecond, 3 * time.Second, 170 * time.Millisecond}}
	for _, steps := range paces {
		got := map[int64]uint64{}
		stepped(t, model, steps, nil, func(row report.Second) {
			if row.Finished > 0 {
				got[int64(row.AtS-row.ForS/2)] += row.Finished
			}
		})
		if !maps.Equal(got, want) {
			t.Errorf("in steps of %v people finish in the seconds %v, in one step in %v", steps, got, want)
		}
	}
	actions := []funnel.Action{
		{At: 2 * time.Second, Do: funnel.StartFault, On: "check", With: map[string]string{"fault": "slow", "delay": "700ms"}, For: 3 * time.Second},
		{At: 4 * time.Second, Do: funnel.Hold, For: 2 * time.Second},
	}
	paced, result := stepped(t, model, paces[2], actions, ignore)
	replayed := replayOf(t, model.Scenario, paced)
	if !bytes.Equal(textOf(t, replayed.Report), textOf(t, result.Report)) {
		t.Error("the replay gives another report")
	}
}
