package calibration

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/scenarios"
)

// wire is how the people of a run connect.
type wire struct {
	rate, cold float64
	resume     bool
}

// connected returns the shop over TLS or not, in which people connect so and the process costs what the model says.
func connected(t *testing.T, scheme string, w wire, model string) *scenarios.Scenario {
	t.Helper()
	text := strings.NewReplacer("http://", scheme+"://", "$VISIT", "1", "$REGISTER", ".7", "$SIGNIN", "1", "$CREATE", ".8").Replace(liveHalf)
	text += fmt.Sprintf("connections: {cold: %v, resume: %v}\n", w.cold, w.resume)
	scenario, err := scenarios.Parse("shop.yaml", []byte(text), nil)
	if err == nil && model != "" {
		scenario, err = scenario.WithModel("model.yaml", []byte(model))
	}
	if err != nil {
		t.Fatal(err)
	}
	return scenario
}

// overWire returns a made report with the connections and handshakes that its people caused: as many as make the same run
// longer if each of them is ten milliseconds of work.
func overWire(t *testing.T, scheme string, w wire, shared string) report.Report {
	t.Helper()
	made := func(costs string) report.Report {
		return asMeasured(t, connected(t, scheme, w, strings.Replace(light, "$SHARED", costs, 1)), w.rate, 90*time.Second)
	}
	cpu := func(costs string) float64 {
		process, _ := processOf(made(costs), "api")
		return *process.CPUS
	}
	r, none := made(shared), cpu("")
	opened := math.Round((cpu(", opening: {connection: 10ms}") - none) / .01)
	r.Generator = &report.Generator{Connections: &report.Connections{Opened: opened}}
	if scheme == "https" {
		full := math.Round((cpu(", opening: {handshake: 10ms}") - none) / .01)
		r.Generator.Handshakes = &report.Handshakes{Full: full, Resumed: opened - full}
	}
	return r
}

// TestCostsOfConnections: where runs opened connections for other shares of their requests, what a connection and a full
// handshake truly cost is found, and the model foretells a run of yet another share. Elsewhere the model says what to add.
func TestCostsOfConnections(t *testing.T) {
	const costs = ", opening: {connection: 4ms, handshake: 9ms}"
	kept := []wire{{3, 0, true}, {6, 0, true}, {10, 0, true}}
	for _, test := range []struct {
		why, scheme, shared   string
		runs                  []wire
		connection, handshake float64 // ms
		says                  string
	}{
		{"some runs opened many", "http", costs, append(kept, wire{5, .5, true}, wire{8, .8, true}), 4, 0, ""},
		{"one run opened many", "http", costs, append(kept, wire{5, .5, true}), 4, 0, "only one run opened that many connections"},
		{"full and resumed handshakes", "https", costs, append(kept, wire{5, .5, true}, wire{8, .8, false}, wire{4, .4, false}, wire{9, .9, true}), 4, 9, ""},
		{"every handshake is a full one", "https", costs, append(kept, wire{5, .5, false}, wire{8, .8, false}), 13, 0, "the cost of a connection includes that of its handshake"},
		{"all runs opened the same share", "http", costs, []wire{{3, .3, true}, {6, .3, true}, {10, .3, true}}, 0, 0, "their cost cannot be told apart from the cost of a request; add a run with connections.cold"},
		{"connections cost nothing", "http", "", append(kept, wire{5, .5, true}, wire{8, .8, true}), 0, 0, ""},
		{"they are kept", "http", costs, kept, 0, 0, ""},
		{"requests share work besides", "http", costs + ", together: {within: 30ms, time: 8ms}", append(kept, wire{2, .2, true}, wire{5, .5, true}, wire{8, .8, true}, wire{14, 0, true}), 4, 0, ""},
	} {
		var reports []report.Report
		for _, w := range test.runs {
			reports = append(reports, overWire(t, test.scheme, w, test.shared))
		}
		model, err := Calibrate(t.Context(), reports, Calibrating{Scenario: connected(t, test.scheme, wire{}, ""), Watched: []string{"api"}, Servers: map[string]int{"api": 4}})
		if err != nil {
			t.Fatal(err)
		}
		var text bytes.Buffer
		if err := WriteModel(&text, model); err != nil {
			t.Fatal(err)
		}
		opening := model.Stations[0].Opening
		for _, cost := range []struct {
			what   string
			got    *FittedDemand
			wantMS float64
		}{{"connection", opening.Connection, test.connection}, {"full handshake", opening.Handshake, test.handshake}} {
			if cost.got == nil != (cost.wantMS == 0) || cost.got != nil && math.Abs(cost.got.Seconds*1000/cost.wantMS-1) > .1 {
				t.Errorf("%s: a %s costs %+v, want %v ms:\n%s", test.why, cost.what, cost.got, cost.wantMS, text.String())
			}
		}
		warnings := strings.Join(model.Warnings, "\n")
		if told := strings.Contains(warnings, "connection"); told != (test.says != "") || !strings.Contains(warnings, test.says) || strings.Contains(text.String(), "scenario's own connections") != (test.connection > 0) {
			t.Errorf("%s: the model is\n%s", test.why, text.String())
		}
		if test.connection == 0 {
			continue
		}
		unseen := wire{20, .6, false}
		foretold := cpuOf(t, asMeasured(t, connected(t, test.scheme, unseen, text.String()), unseen.rate, 90*time.Second)) + model.Stations[0].Idling - .01
		if real := cpuOf(t, overWire(t, test.scheme, unseen, test.shared)); math.Abs(foretold/real-1) > .05 {
			t.Errorf("%s: %.4g cores foretold for a run that was not seen, %.4g used:\n%s", test.why, foretold, real, text.String())
		}
	}
}
