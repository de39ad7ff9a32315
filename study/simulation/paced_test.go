package simulation

import (
	"bytes"
	"context"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/loadgen"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/setup"
)

// failer is a *testing.T or a *rapid.T.
type failer interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
}

// modelOf sets up a scenario.
func modelOf(t failer, scenario *scenarios.Scenario) *setup.Model {
	t.Helper()
	model, err := setup.NewModel(scenario, setup.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return model
}

func smoke(t failer) *scenarios.Scenario {
	t.Helper()
	scenario, err := scenarios.Load("smoke")
	if err != nil {
		t.Fatal(err)
	}
	return scenario
}

// act does an action on a run that nobody else plays.
func (p *Paced) act(action funnel.Action) error {
	_, err := p.do(action)
	return err
}

// stepped plays a run in steps of the given lengths, repeated, and does each action once its real time is reached.
func stepped(t failer, model *setup.Model, steps []time.Duration, actions []funnel.Action, post func(report.Second)) (*Paced, Result) {
	t.Helper()
	paced, err := NewPaced(model, Settings{}, post)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; !paced.play.Over(); i++ {
		reached := paced.play.Reached()
		for len(actions) > 0 && actions[0].At <= reached {
			if err := paced.act(actions[0]); err != nil {
				t.Fatalf("%v: %v", actions[0], err)
			}
			actions = actions[1:]
		}
		if err := paced.reach(context.Background(), min(reached+steps[i%len(steps)], paced.feed.next)); err != nil {
			t.Fatal(err)
		}
	}
	result, err := paced.End()
	if err != nil {
		t.Fatal(err)
	}
	return paced, result
}

func textOf(t failer, r report.Report) []byte {
	t.Helper()
	r.Scenario.SHA256 = "" // of the file, which differs
	var text bytes.Buffer
	if err := report.Write(&text, r); err != nil {
		t.Fatal(err)
	}
	return text.Bytes()
}

func ignore(report.Second) {}

// The actions that somebody takes in a rehearsal of smoke, at the real times at which they are ready to.
func rehearsal() []funnel.Action {
	return []funnel.Action{
		{At: 1200 * time.Millisecond, Do: funnel.Arrive, With: map[string]string{"factor": "2.5"}, For: 2 * time.Second, By: "Rina"},
		{At: 2 * time.Second, Do: funnel.StartFault, On: "dukcapil", With: map[string]string{"fault": "dukcapil-outage"}, For: 3 * time.Second, By: "Budi"},
		{At: 2500 * time.Millisecond, Do: funnel.SetService, On: "dapodik", With: map[string]string{"servers": "2", "service": "exponential(40ms)", "queue": "10"}},
		{At: 3 * time.Second, Do: funnel.EndFault, On: "dukcapil"},
		{At: 4 * time.Second, Do: funnel.Hold, For: time.Second},
		{At: 4500 * time.Millisecond, Do: funnel.Remark, With: map[string]string{"text": "the mayor calls"}},
		{At: 6 * time.Second, Do: funnel.Arrive, With: map[string]string{"factor": "0.3"}},
		{At: 6 * time.Second, Do: funnel.SetService, On: "web", With: map[string]string{"servers": "1"}},
	}
}

// A run without actions is the run that Simulate plays, however it is divided into steps.
func TestStepsChangeNothing(t *testing.T) {
	for _, name := range []string{"smoke"} {
		scenario, err := scenarios.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		model := modelOf(t, scenario)
		whole, err := Simulate(t.Context(), model, Settings{})
		if err != nil {
			t.Fatal(err)
		}
		want := textOf(t, whole.Report)
		rapid.Check(t, func(t *rapid.T) {
			steps := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) time.Duration {
				return time.Duration(rapid.Int64Range(1, int64(3*time.Second)).Draw(t, "step"))
			}), 1, 8).Draw(t, "steps")
			steps[0] = max(steps[0], 200*time.Millisecond) // so that it ends soon
			if _, got := stepped(t, model, steps, nil, ignore); !bytes.Equal(textOf(t, got.Report), want) {
				t.Fatalf("%s in steps of %v gives another report", name, steps)
			}
		})
	}
}

// The actions of a run, written as interventions of a scenario file, give the same report byte for byte. This holds for
// every deed, alone and with others.
func TestReplayGivesTheSameReport(t *testing.T) {
	plain, err := Simulate(t.Context(), modelOf(t, smoke(t)), Settings{})
	if err != nil {
		t.Fatal(err)
	}
	rows := [][]funnel.Action{rehearsal()}
	for _, action := range rehearsal() {
		rows = append(rows, []funnel.Action{action})
	}
	rows = append(rows, append(rehearsal(), funnel.Action{At: 7 * time.Second, Do: funnel.Stop, By: "Rina"}))
	for _, actions := range rows {
		scenario := smoke(t)
		paced, result := stepped(t, modelOf(t, scenario), []time.Duration{40 * time.Millisecond}, actions, ignore)
		text, err := scenario.WriteReplay(paced.Actions(), scenarios.Play{})
		if err != nil {
			t.Fatal(err)
		}
		again, err := scenarios.Parse("replay.yaml", text, nil)
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		replayed, err := Simulate(t.Context(), modelOf(t, again), Settings{})
		if err != nil {
			t.Fatal(err)
		}
		want, got := textOf(t, result.Report), textOf(t, replayed.Report)
		if !bytes.Equal(got, want) {
			t.Errorf("%v: the replay gives another report", actions)
		}
		if bytes.Equal(want, textOf(t, plain.Report)) {
			t.Errorf("%v: the action changed nothing", actions)
		}
	}
}

// Rows add up to the report, whatever is done.
func TestRowsAddUp(t *testing.T) {
	var sum report.Second
	passed, rejections, rows := map[string]float64{}, map[string]float64{}, 0
	_, result := stepped(t, modelOf(t, smoke(t)), []time.Duration{90 * time.Millisecond, 700 * time.Millisecond}, rehearsal(), func(row report.Second) {
		rows++
		if row.Row != rows || row.Schema != report.SecondSchema {
			t.Errorf("row %d has the number %d", rows, row.Row)
		}
		sum.Scheduled += row.Scheduled
		sum.Started += row.Started
		sum.Finished += row.Finished
		sum.Marks = append(sum.Marks, row.Marks...)
		for _, step := range row.Steps {
			passed[step.Step] += float64(step.Passed)
		}
		for _, station := range row.Stations {
			rejections[station.Name] += float64(station.Rejections)
		}
	})
	offered := result.Report.Offered
	if float64(sum.Scheduled) != offered.Scheduled || float64(sum.Started) != offered.Sent || float64(sum.Finished) != offered.Completed {
		t.Errorf("rows add up to %d scheduled, %d started, %d finished; the report has %v", sum.Scheduled, sum.Started, sum.Finished, offered)
	}
	for _, row := range result.Report.Funnel {
		if passed[row.Step] != row.Passed {
			t.Errorf("%v passed %s by rows, %v by the report", passed[row.Step], row.Step, row.Passed)
		}
	}
	for _, gate := range result.Gates {
		if rejections[gate.Name] != gate.Turned {
			t.Errorf("%s turned %v away by rows, %v by the report", gate.Name, rejections[gate.Name], gate.Turned)
		}
	}
	if got, want := len(sum.Marks), len(result.Report.Timeline); got < want {
		t.Errorf("rows told %d marks, the timeline has %d", got, want)
	}
}

// A factor on arrivals concerns those whose first step lies ahead: nobody comes at 0, all come at 1, and two or three times
// as many at 2 or 3, each a person of their own.
func TestFactorOnArrivals(t *testing.T) {
	come := func(factor string) float64 {
		scenario := smoke(t)
		_, result := stepped(t, modelOf(t, scenario), []time.Duration{time.Second}, []funnel.Action{{Do: funnel.Arrive, With: map[string]string{"factor": factor}}}, ignore)
		if result.Report.Verdict == report.Invalid {
			t.Errorf("× %s: the books do not add up: %v", factor, result.Report.Invalid)
		}
		return result.Report.Offered.Scheduled
	}
	all, ahead := come("1"), come("0") // who had begun before the action, in the lead-in
	if ahead > 20 {
		t.Errorf("%v people come at × 0", ahead)
	}
	for _, row := range []struct {
		factor string
		share  float64
		off    float64 // of the share, four standard errors of thinning or of what is added by chance
		why    string
	}{
		{"0.5", 0.5, 4 * 0.5 / 25, "half of 640 people, by chance"},
		{"2", 2, 0, "one more for each"},
		{"2.5", 2.5, 4 * 0.5 / 25, "one or two more for each"},
		{"10", 10, 0, "the most that may come"},
	} {
		if share := (come(row.factor) - ahead) / (all - ahead); share < row.share-row.off || share > row.share+row.off {
			t.Errorf("× %s: %v times as many come, want %v: %s", row.factor, share, row.share, row.why)
		}
	}
}

// A pace of the wall clock does not change the report.
func TestPaceChangesNothing(t *testing.T) {
	model := modelOf(t, parseScenario(t, shop))
	whole, err := Simulate(t.Context(), model, Settings{})
	if err != nil {
		t.Fatal(err)
	}
	for _, pace := range []float64{0, 5000} {
		paced, err := NewPaced(model, Settings{}, ignore)
		if err != nil {
			t.Fatal(err)
		}
		if err := paced.Play(t.Context(), pace); err != nil {
			t.Fatal(err)
		}
		result, err := paced.End()
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(textOf(t, result.Report), textOf(t, whole.Report)) {
			t.Errorf("pace %v gives another report", pace)
		}
		if _, err := paced.Act(t.Context(), funnel.Action{Do: funnel.Hold}); err != funnel.ErrOver {
			t.Errorf("after the end an action gives %v", err)
		}
	}
}

// What cannot be done says why, and changes nothing.
func TestActionsThatCannotBeDone(t *testing.T) {
	paced, err := NewPaced(modelOf(t, smoke(t)), Settings{}, ignore)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		action funnel.Action
		why    string
	}{
		{funnel.Action{Do: "dance"}, `"dance" is nothing that can be done`},
		{funnel.Action{Do: funnel.Arrive, With: map[string]string{"factor": "11"}}, "give a number from 0 to 10"},
		{funnel.Action{Do: funnel.StartFault, For: time.Minute, With: map[string]string{"fault": "meteor"}, On: "dukcapil"}, `fault "meteor" is unknown`},
		{funnel.Action{Do: funnel.StartFault, For: time.Minute, With: map[string]string{"fault": "clock-skew", "skew": "5m"}, On: "dukcapil"}, "not simulated"},
		{funnel.Action{Do: funnel.StartFault, For: 2 * time.Hour, With: map[string]string{"fault": "dukcapil-outage"}}, "must end within 1h"},
		{funnel.Action{Do: funnel.SetService, On: "dukcapill", With: map[string]string{"servers": "3"}}, "no dependency or station is called"},
		{funnel.Action{Do: funnel.SetService, On: "dukcapil", With: map[string]string{"servers": "many"}}, "is not a whole number"},
		{funnel.Action{Do: funnel.SetService, On: "web", With: map[string]string{"service": "1s"}}, "only its servers can be set"},
		{funnel.Action{Do: funnel.Remark, With: map[string]string{"text": "two\nlines"}}, "must be one line"},
		{funnel.Action{Do: funnel.Hold, On: "dukcapil"}, "concerns the whole run"},
	} {
		if err := paced.act(row.action); err == nil || !bytes.Contains([]byte(err.Error()), []byte(row.why)) {
			t.Errorf("%v gives %v, want %q", row.action, err, row.why)
		}
	}
	if actions := paced.Actions(); len(actions) > 0 {
		t.Errorf("%v were done", actions)
	}
}

// The simulator lets those people come whom the same turns let come in a live run, at the same instants.
func TestSimulatedAndLiveTurnsAgree(t *testing.T) {
	model := modelOf(t, smoke(t))
	paced, result := stepped(t, model, []time.Duration{30 * time.Millisecond}, rehearsal(), ignore)
	live, err := setup.NewLive(smoke(t), setup.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var turns loadgen.Turns
	for _, action := range paced.Actions() {
		switch action.Do {
		case funnel.Arrive, funnel.Hold, funnel.Resume:
			turn, err := setup.TurnOf(action, live.People.Clock())
			if err != nil {
				t.Fatal(err)
			}
			turns = append(turns, turn)
		}
	}
	offered, want := live.OfferedTurned(turns), result.Report.Offered
	if float64(offered.Scheduled) != want.Scheduled || float64(offered.PeakPerMin) != want.PeakPerMin || offered.ByStep["sign-up"] != want.ByStep["sign-up"] {
		t.Errorf("live %v, simulated %v", offered, want)
	}
	if len(turns) != 3 || want.Scheduled == float64(model.Offered.Scheduled) {
		t.Errorf("%d turns changed nothing", len(turns))
	}
}
