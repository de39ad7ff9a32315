package fleet_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/ombak-sim/ombak/drill"
	"github.com/ombak-sim/ombak/fleet"
	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/setup"
	plans "github.com/ombak-sim/ombak/study/plan"
	"github.com/ombak-sim/ombak/study/simulation"
)

// openStudy opens a study on the fleet of a yard, and waits until it has found so many agents.
func (y *yard) openStudy(agents int, request fleet.StudyRequest) *fleet.Study {
	y.t.Helper()
	request.Build = built
	study, err := fleet.OpenStudy(y.t.Context(), y.login, request)
	if err != nil {
		y.t.Fatal(err)
	}
	for len(study.Agents()) < agents { // the machine may be busy; the test has a limit of its own
		time.Sleep(10 * time.Millisecond)
	}
	return study
}

// cores gives an agent a number of jobs at once.
func cores(count int) func(*fleet.Agent) { return func(a *fleet.Agent) { a.Cores = count } }

func loaded(t *testing.T, name string) *scenarios.Scenario {
	t.Helper()
	scenario, err := scenarios.Load(name)
	if err != nil {
		t.Fatal(err)
	}
	return scenario
}

// simulated returns the report of a simulation as it is written.
func simulated(ctx context.Context, t *testing.T, name string, settings simulation.Settings) ([]byte, error) {
	t.Helper()
	model, err := setup.NewModel(loaded(t, name), setup.Options{})
	if err != nil {
		t.Fatal(err)
	}
	settings.Build = built
	result, err := simulation.Simulate(ctx, model, settings)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := report.Write(&b, result.Report); err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), nil
}

// decided returns the comparison of a scenario's plans as it is written.
func decided(t *testing.T, name string, settings simulation.Settings) []byte {
	t.Helper()
	models, _, err := setup.NewModels(loaded(t, name), setup.Options{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	rule := plans.DecidingRule()
	settings.Build, settings.Replications = built, rule.Looks[0]
	compared, err := plans.Decide(t.Context(), simulation.Study{Models: models, Settings: settings}, rule, nil)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := plans.WriteComparison(&b, compared); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// A study on three agents gives what one machine gives, byte for byte.
func TestAFleetSimulatesTheSame(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	for _, name := range []string{"a", "b", "c"} {
		y.join(name, cores(2))
	}
	study := y.openStudy(3, fleet.StudyRequest{})
	defer study.Close()
	for _, name := range []string{"smoke", "passwords"} {
		done, passed := 0, time.Duration(0)
		there, err := simulated(t.Context(), t, name, simulation.Settings{
			Replications: 5, Runner: study, Done: func() { done++ }, Passed: func(by time.Duration) { passed += by },
		})
		if err != nil {
			t.Fatal(err)
		}
		here, err := simulated(t.Context(), t, name, simulation.Settings{Replications: 5})
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(here, there) || done != 5 {
			t.Errorf("%s: the fleet simulates something else, with %d replications", name, done)
		}
		model, err := setup.NewModel(loaded(t, name), setup.Options{})
		if err != nil || passed != 5*model.Config.Until {
			t.Errorf("%s: %v passed (%v)", name, passed, err)
		}
		if !bytes.Equal(decided(t, name, simulation.Settings{}), decided(t, name, simulation.Settings{Runner: study})) {
			t.Errorf("%s: the fleet decides something else", name)
		}
	}
}

// An agent that dies costs only its jobs, and one that comes late helps.
func TestADeadAgentCostsItsJobs(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	first := y.join("a", cores(1))
	log := &lockedBuffer{}
	study := y.openStudy(1, fleet.StudyRequest{Silence: 500 * time.Millisecond, Log: log})
	defer study.Close()
	here, err := simulated(t.Context(), t, "passwords", simulation.Settings{Replications: 40})
	if err != nil {
		t.Fatal(err)
	}
	done := 0
	there, err := simulated(t.Context(), t, "passwords", simulation.Settings{Replications: 40, Runner: study, Done: func() {
		if done++; done == 10 {
			first.stop() // in the middle of its eleventh; nobody else is there yet
			y.join("late", cores(2))
		}
	}})
	if err != nil || done != 40 || !bytes.Equal(here, there) {
		t.Errorf("%d replications, %v; %s", done, err, log)
	}
	if !strings.Contains(log.String(), "agent a is lost") {
		t.Errorf("nobody was told: %q", log)
	}
	if agents := study.Agents(); len(agents) != 1 || agents[0] != "late" {
		t.Errorf("the study is on %v", agents)
	}
}

// A study uses no more agents than it was told to, and ends when more are lost than it bears.
func TestAStudyThatBearsNoLoss(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	first := y.join("a", cores(1))
	y.join("b", cores(1))
	none := 0.0
	study := y.openStudy(1, fleet.StudyRequest{Silence: 500 * time.Millisecond, Most: 1, Losses: &none})
	defer study.Close()
	if agents := study.Agents(); len(agents) != 1 || agents[0] != "a" {
		t.Errorf("the study is on %v, want one agent", agents)
	}
	done := 0
	_, err := simulated(t.Context(), t, "passwords", simulation.Settings{Replications: 40, Runner: study, Done: func() {
		if done++; done == 3 {
			first.stop()
		}
	}})
	if err == nil || !strings.Contains(err.Error(), "agent a is lost (it does not answer), and 1 of 1 agents are more than --tolerate allows") {
		t.Errorf("%v", err)
	}
}

// A fleet whose agents have all gone ends the study with a sentence.
func TestALonelyStudyEnds(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	only := y.join("a", cores(1))
	study := y.openStudy(1, fleet.StudyRequest{Silence: 300 * time.Millisecond, Lonely: 100 * time.Millisecond})
	defer study.Close()
	if err := only.leave(); err != nil {
		t.Error(err)
	}
	_, err := simulated(t.Context(), t, "smoke", simulation.Settings{Replications: 2, Runner: study})
	if err == nil || !strings.Contains(err.Error(), "the fleet has had no agent for the study for 100 ms") {
		t.Errorf("%v", err)
	}
}

// An agent whose results differ is found, because the first of fifty results is played again by another.
func TestALiarIsFound(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		why  string
		lies func(result []byte) []byte
		want []string
	}{
		{"the last bit", func(result []byte) []byte {
			return append(bytes.Clone(result[:len(result)-9]), append([]byte{result[len(result)-9] ^ 1}, result[len(result)-8:]...)...)
		}, []string{"agent"}},
		{"no result at all", func([]byte) []byte { return []byte{1} }, []string{"agent b: the result of replication ", "cannot be read"}},
	} {
		y := newYard(t)
		y.join("a", cores(1))
		y.join("b", cores(1), func(a *fleet.Agent) { a.Tamper(test.lies) })
		study := y.openStudy(2, fleet.StudyRequest{})
		_, err := simulated(t.Context(), t, "passwords", simulation.Settings{Replications: 20, Runner: study})
		study.Close()
		if err == nil {
			t.Errorf("%s: nobody noticed", test.why)
		}
		for _, want := range test.want {
			if err != nil && !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v", test.why, err)
			}
		}
	}
}

// A study does not wait for an agent that generates load only to compare a result.
func TestAStudyEndsWhileASecondAgentGeneratesLoad(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	y.join("a", cores(1), func(a *fleet.Agent) { a.Roles = []string{fleet.StudyRole} })
	y.join("b", cores(1))
	began, over := make(chan drill.Act, 1), make(chan error, 1)
	go func() {
		_, _, err := y.play(plan{length: "10m", acts: func(act drill.Act) { began <- act }})
		over <- err
	}()
	var act drill.Act
	select {
	case act = <-began:
	case err := <-over:
		t.Fatal(err)
	}
	log := &lockedBuffer{}
	study := y.openStudy(2, fleet.StudyRequest{Silence: 3 * time.Second, Log: log})
	_, err := simulated(t.Context(), t, "smoke", simulation.Settings{Replications: 3, Runner: study})
	study.Close()
	if err != nil || !strings.Contains(log.String(), "were not compared, because no second agent was there or idle") {
		t.Errorf("%v; the log says %q", err, log)
	}
	if _, err := act(t.Context(), funnel.Action{Do: funnel.Stop}); err != nil {
		t.Error(err)
	}
	if err := <-over; !errors.Is(err, drill.ErrStopped) {
		t.Errorf("the run ended with %v", err)
	}
}

// Two agents that give different figures are named.
func TestDifferentResultsNameBoth(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	y.join("a", cores(1))
	y.join("b", cores(1), func(a *fleet.Agent) { a.Tamper(anotherBuild) })
	study := y.openStudy(2, fleet.StudyRequest{})
	defer study.Close()
	_, err := simulated(t.Context(), t, "passwords", simulation.Settings{Replications: 20, Runner: study})
	if err == nil || !strings.Contains(err.Error(), "agents a and b give different results for replication ") && !strings.Contains(err.Error(), "agents b and a give different results for replication ") {
		t.Errorf("%v", err)
	}
}

// anotherBuild changes the version in the report, which can be read all the same.
func anotherBuild(result []byte) []byte {
	return bytes.Replace(result, []byte("test"), []byte("lies"), 1)
}

// An interrupted study leaves nothing behind, and a campaign goes on where it was.
func TestAnInterruptedCampaignGoesOn(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	y.join("a", cores(2))
	folder := t.TempDir()
	ctx, stop := context.WithCancel(t.Context())
	study := y.openStudy(1, fleet.StudyRequest{})
	done := 0
	_, err := simulated(ctx, t, "passwords", simulation.Settings{Replications: 12, Runner: simulation.Campaign{Folder: folder, Next: study}, Done: func() {
		if done++; done == 5 {
			stop()
		}
	}})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("%d replications, %v", done, err)
	}
	study.Close()
	y.idle("a")
	study = y.openStudy(1, fleet.StudyRequest{})
	defer study.Close()
	found := 0
	there, err := simulated(t.Context(), t, "passwords", simulation.Settings{
		Replications: 12, Runner: simulation.Campaign{Folder: folder, Next: study, Found: func() { found++ }},
	})
	here, errHere := simulated(t.Context(), t, "passwords", simulation.Settings{Replications: 12})
	if errors.Join(err, errHere) != nil || found < 5 || found == 12 || !bytes.Equal(here, there) {
		t.Errorf("%d were found, %v", found, errors.Join(err, errHere))
	}
}

// idle waits until an agent plays no jobs.
func (y *yard) idle(name string) {
	y.t.Helper()
	for range 100 {
		listed, err := fleet.List(y.t.Context(), y.login)
		if err != nil {
			y.t.Fatal(err)
		}
		for _, one := range listed {
			if one.Agent == name && one.Studies == "" {
				return
			}
		}
	}
	y.t.Fatalf("agent %s does not forget the study", name)
}

// What does not fit is refused in a sentence that says who refuses.
func TestWhatAStudyRefuses(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	if _, err := fleet.OpenStudy(t.Context(), y.login, fleet.StudyRequest{Build: built}); err == nil || !strings.Contains(err.Error(), "the fleet has no agent for the study: start ombak fleet join") {
		t.Errorf("a fleet without agents: %v", err)
	}
	y.join("old", func(a *fleet.Agent) { a.Build.Version = "0.0.1" })
	y.join("gun", func(a *fleet.Agent) { a.Roles = []string{fleet.GeneratorRole} })
	_, err := fleet.OpenStudy(t.Context(), y.login, fleet.StudyRequest{Build: built})
	if err == nil || !strings.Contains(err.Error(), "agent old is ombak 0.0.1 (1), and this is ombak test (1)") || !strings.Contains(err.Error(), "agent gun plays no jobs of studies") {
		t.Errorf("agents that do not fit: %v", err)
	}
}

// asked asks an agent by hand.
func asked(t *testing.T, conn *nats.Conn, subject string, question []byte) string {
	t.Helper()
	m, err := conn.Request(subject, question, 10*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	return string(m.Data)
}

// An agent plays only orders of its own build and kind, whose model is the one that was announced.
func TestWhatAnAgentRefusesOfAStudy(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	y.join("a", cores(1))
	y.join("gun", func(a *fleet.Agent) { a.Roles = []string{fleet.GeneratorRole} })
	conn, err := nats.Connect(y.login.URL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	order := simulation.Order{Model: strings.Repeat("0", 64), Build: built, Arch: runtime.GOARCH}
	question := func(change func(o *simulation.Order)) []byte {
		own := order
		change(&own)
		text, err := json.Marshal(map[string]any{"order": own})
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	nothing := func(*simulation.Order) {}
	for _, test := range []struct {
		why, subject string
		question     []byte
		want         string
	}{
		{"another build", "ombak.v1.s.a.job", question(func(o *simulation.Order) { o.Build.Commit = "2" }), "agent a is ombak test (1), and the conductor is ombak test (2)"},
		{"another kind of processor", "ombak.v1.s.a.job", question(func(o *simulation.Order) { o.Arch = "pdp11" }), "the study for pdp11"},
		{"no number of a replication", "ombak.v1.s.a.job", question(func(o *simulation.Order) { o.Number = -1 }), "there is no replication -1"},
		{"no model", "ombak.v1.s.a.job", question(func(o *simulation.Order) { o.Model = "../a" }), "the job names no model"},
		{"more than a job", "ombak.v1.s.a.job", []byte(`{"order":{},"command":"rm"}`), "the job cannot be read"},
		{"an agent that plays no jobs", "ombak.v1.s.gun.job", question(nothing), "agent gun plays no jobs of studies; join it with --role study"},
		{"a model that is missing", "ombak.v1.s.a.job", question(nothing), `{"model":true}`},
		{"a model with another key", "ombak.v1.s.a.model", []byte(`{"run":"s","part":0,"incarnation":"` + order.Model + `","seq":1,"crc32c":0,"size":0}` + "\n"), "the model is another than the one that was announced"},
		{"a chunk behind a gap, which comes again", "ombak.v1.s.a.model", []byte(`{"run":"s","part":0,"incarnation":"` + order.Model + `","seq":1,"crc32c":0,"size":2,"offset":1}` + "\nx"), "{}"},
		{"a model of which a chunk was lost", "ombak.v1.s.a.job", question(nothing), `{"model":true}`},
		{"no envelope", "ombak.v1.s.a.model", []byte("x"), "the model cannot be read"},
	} {
		if said := asked(t, conn, test.subject, test.question); !strings.Contains(said, test.want) {
			t.Errorf("%s: %s, want %s", test.why, said, test.want)
		}
	}
}
