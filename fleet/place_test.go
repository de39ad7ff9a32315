package fleet_test

import (
	"bytes"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/ombak-sim/ombak/drill"
	"github.com/ombak-sim/ombak/fleet"
	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/setup"
)

// counter is a scenario for the reference backend that no slow machine makes invalid.
const counter = `schema: ombak.scenario/v1
name: counter
opens: 2020-04-11T19:00:00+07:00
seed: 7
drain: DRAIN
population: {shares: {mistyped_email: 5%}}
arrivals: {step: sign-up, totals: exact, signups: [{for: LENGTH, rate: 40/s}]}
journey:
  - name: sign-up
    timeout: 50s
    request: {target: backend, method: POST, path: /v1/signups, json: {name: "${person.name}", email: "${person.email}", phone: "${person.phone}"}}
    expect: {completed: [202], declined: [422]}
    repeat: {share: 10%, after: 200ms}
  - name: mail
    kind: await
    request: {target: mail, path: "/mailboxes/${person.mailbox}/messages", extract: {token: {json: messages.0.body, regexp: 'token=([0-9A-Za-z._-]+)'}}}
    expect: {completed: [200], pending: [404]}
    every: 200ms
    patience: 3s
  - name: email-verify
    timeout: 50s
    request: {target: backend, method: POST, path: /v1/email-verifications, json: {token: "${got.token}"}, extract: {session: {json: session}}}
    expect: {completed: [200], declined: [410, 422]}
  - name: identity
    timeout: 50s
    request:
      target: backend
      method: POST
      path: /v1/identity
      headers: {Authorization: "Bearer ${got.session}"}
      json: {nik: "${person.nik}", kk: "${person.kk}", birth_date: "${person.birth_date}", name: "${person.name}"}
    expect: {completed: [200], declined: [409, 422]}
dependencies:
  mail: {kind: mail, servers: 64, service: 0s}
  dukcapil: {kind: dukcapil, servers: 50, service: 1ms}
thresholds: [{expr: lost == 0}, {expr: duplicates == 0}, {expr: sign-up.passed > 0}]
validity: {lag_p99: 60s, dropped: 1, unsent: 1}
`

// drilled says how a test plays counter.
type drilled struct {
	length string // of the arrivals; empty means 2s
	drain  string // empty means 60s
	places []fleet.Place
	acts   func(drill.Act)
	rows   func(report.Second)
	open   func() // is called when the agents are chosen
	fall   func() // falls on the run in its fourth second
}

// everywhere places the backend and the mocks on the agents that are called so.
func everywhere() []fleet.Place {
	return []fleet.Place{{Role: fleet.BackendRole, Label: "back", Count: 1}, {Role: fleet.MocksRole, Label: "zone=b", Count: 1}}
}

func (y *yard) drill(d drilled) (report.Report, *fleet.Run, error) {
	y.t.Helper()
	if d.length == "" {
		d.length = "2s"
	}
	if d.drain == "" {
		d.drain = "60s"
	}
	scenario, err := scenarios.Parse("counter.yaml", []byte(strings.NewReplacer("LENGTH", d.length, "DRAIN", d.drain).Replace(counter)), fstest.MapFS{})
	if err != nil {
		y.t.Fatal(err)
	}
	run, err := setup.NewLive(scenario, setup.Options{RunID: "r1"})
	if err != nil {
		y.t.Fatal(err)
	}
	run.Generator.Acted = d.acts != nil
	opened, err := fleet.Open(y.t.Context(), y.login, fleet.Request{
		Build: built, Places: d.places, Outline: func(n int) drill.Outline { return drill.OutlineOf(run, n, built) },
	})
	if err != nil {
		return report.Report{}, nil, err
	}
	defer opened.Close()
	if d.open != nil {
		d.open()
	}
	environment := drill.Environment{
		Command: []string{os.Args[0], "part"}, Folder: y.t.TempDir(), Generators: opened.Carriers(), Notice: fleet.Notice,
		Backends: opened.Placed(fleet.BackendRole),
	}
	if mocks := opened.Placed(fleet.MocksRole); len(mocks) > 0 {
		environment.Mocks = mocks[0]
	}
	if d.acts != nil || d.rows != nil {
		environment.Room = &drill.Room{Acts: d.acts, Post: d.rows}
	}
	fell := false
	environment.Progress = func(now drill.Progress) {
		if d.fall != nil && !fell && now.At > 3*time.Second {
			fell = true
			d.fall()
		}
	}
	result, ended := drill.Conduct(y.t.Context(), run, environment)
	if result.Schema == "" {
		opened.Abandon(y.t.Context())
	} else {
		opened.Release(y.t.Context())
	}
	return result, opened, ended
}

// roles lets an agent have the roles.
func roles(names ...string) func(*fleet.Agent) {
	return func(a *fleet.Agent) { a.Roles = names }
}

func labelled(name, value string) func(*fleet.Agent) {
	return func(a *fleet.Agent) { a.Labels = map[string]string{name: value} }
}

// A drill whose people, backend and mocks are on three agents is one drill: its books balance, its store is reconciled by the
// agent that has it, faults reach the mocks, and nothing is left behind.
func TestADrillOnThreeAgents(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	y.join("crowd")
	back := y.join("back", roles(fleet.BackendRole))
	mock := y.join("mock", roles(fleet.MocksRole), labelled("zone", "b"))
	acted := make(chan error, 1)
	seen := map[string]bool{}
	look := func(row report.Second) {
		for _, agent := range row.Agents {
			if agent.CPU != nil && agent.CPUShare != nil && *agent.CPUShare > 0 && *agent.CPUShare <= 1 {
				seen[agent.Part+" "+agent.Agent] = true
			}
		}
	}
	result, _, err := y.drill(drilled{places: everywhere(), rows: look, acts: func(act drill.Act) {
		go func() {
			_, err := act(t.Context(), funnel.Action{Do: funnel.StartFault, On: "dukcapil", With: map[string]string{"fault": "dukcapil-slow"}, By: "a test"})
			acted <- err
		}()
	}})
	if acting := <-acted; err != nil || acting != nil || result.Verdict != report.Pass {
		t.Fatalf("verdict %s (%v), %v, %v", result.Verdict, result.Invalid, err, acting)
	}
	if faults := report.Check(result); len(faults) > 0 || result.Offered.Sent != 80 {
		t.Errorf("%v people sent, %v", result.Offered.Sent, faults)
	}
	if r := result.Reconciliation; r == nil || r.Acknowledged == 0 || r.Persisted != r.Acknowledged+r.Unacknowledged || r.Lost != 0 || r.Duplicates != 0 {
		t.Errorf("reconciled %+v", r)
	}
	if result.Store == nil || result.Store.Engine != "sqlite" {
		t.Errorf("store %+v", result.Store)
	}
	if !slices.ContainsFunc(result.Timeline, func(e report.Event) bool {
		return e.Kind == "fault" && strings.Contains(e.Text, "of dukcapil, by a test")
	}) {
		t.Errorf("no fault on the timeline %+v", result.Timeline)
	}
	for _, name := range []string{"store", "dukcapil", "call:dukcapil", "mail"} {
		if !slices.ContainsFunc(result.Stations, func(s report.StationRow) bool { return s.Name == name && s.Completions > 0 }) {
			t.Errorf("station %s did nothing", name)
		}
	}
	if len(result.Fleet) != 1 || result.Fleet[0].Agent != "crowd" || len(result.Placed) != 2 {
		t.Fatalf("generators %+v, others %+v", result.Fleet, result.Placed)
	}
	if !seen["backend back"] || !seen["mocks mock"] || !seen[" crowd"] {
		t.Errorf("the feed tells of the CPU of %v only", seen)
	}
	for i, want := range []string{"mocks mock", "backend back"} {
		row := result.Placed[i]
		if row.Part+" "+row.Agent != want || row.Rows == 0 || row.CPUS == nil || row.ClockBoundS == nil || row.CPUs == 0 || row.CPUShare == nil || *row.CPUShareMax < *row.CPUShare {
			t.Errorf("row %+v, want that of %s", row, want)
		}
	}
	for _, j := range []*joined{back, mock} {
		if left, _ := filepath.Glob(filepath.Join(j.folder, "*")); len(left) > 0 {
			t.Errorf("an agent keeps %v", left)
		}
	}
}

// Without a place of their own the mocks stay with the conductor, and without one for the backend so does that.
func TestOnePartAbroad(t *testing.T) {
	t.Parallel()
	for _, place := range everywhere() {
		t.Run(place.Role, func(t *testing.T) {
			t.Parallel()
			y := newYard(t)
			y.join("crowd")
			y.join("back", roles(fleet.BackendRole, fleet.MocksRole), labelled("zone", "b"))
			result, _, err := y.drill(drilled{places: []fleet.Place{place}})
			if err != nil || result.Verdict != report.Pass || len(result.Placed) != 1 || result.Placed[0].Part != place.Role {
				t.Fatalf("verdict %s (%v), %v, placed %+v", result.Verdict, result.Invalid, err, result.Placed)
			}
			if r := result.Reconciliation; r == nil || r.Persisted == 0 || r.Lost != 0 {
				t.Errorf("reconciled %+v", r)
			}
		})
	}
}

// A person who was told yes and is not in the agent's store is lost, whatever machine it is on.
func TestTheAgentOfTheStoreFindsLosses(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	y.join("crowd")
	back := y.join("back", roles(fleet.BackendRole))
	y.join("mock", roles(fleet.MocksRole), labelled("zone", "b"))
	removed := int64(0)
	result, _, err := y.drill(drilled{length: "4s", places: everywhere(), fall: func() {
		files, _ := filepath.Glob(filepath.Join(back.folder, "*", "ombak.db"))
		if len(files) != 1 {
			t.Errorf("the databases of the agent are %v", files)
			return
		}
		db, err := sql.Open("sqlite", "file:"+files[0]+"?_pragma=busy_timeout(20000)")
		if err != nil {
			t.Error(err)
			return
		}
		defer db.Close()
		done, err := db.ExecContext(t.Context(), "DELETE FROM people WHERE id IN (SELECT id FROM people ORDER BY id LIMIT 3)")
		if err == nil {
			removed, err = done.RowsAffected()
		}
		if err != nil {
			t.Error(err)
		}
	}})
	if err != nil || removed != 3 {
		t.Fatalf("%v, %d people removed", err, removed)
	}
	if r := result.Reconciliation; r == nil || r.Lost != removed || r.Persisted+r.Lost != r.Acknowledged+r.Unacknowledged || result.Verdict != report.Fail {
		t.Errorf("reconciled %+v, verdict %s", r, result.Verdict)
	}
}

// What ends the machine of the backend ends the run as the death of a part does: with a partial report that says which part, and
// without a reconciliation, because nobody can read the store.
func TestTheAgentOfTheBackendIsKilled(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	y.join("crowd")
	y.join("mock", roles(fleet.MocksRole), labelled("zone", "b"))
	back := y.startProcess(y.login.URL, "back", fleet.Silence, fleet.BackendRole)
	result, opened, err := y.drill(drilled{length: "30s", places: everywhere(), fall: func() { _ = back.Process.Kill() }})
	if !errors.Is(err, drill.ErrPartDied) || !strings.Contains(err.Error(), "nothing was heard of the backend on back for ") {
		t.Fatalf("%v", err)
	}
	if result.Reconciliation != nil || len(result.Invalid) == 0 || result.Store == nil || len(result.Store.Gone) == 0 {
		t.Errorf("reconciled %+v, invalid %q, store %+v", result.Reconciliation, result.Invalid, result.Store)
	}
	if faults := report.Check(result); len(faults) > 0 {
		t.Error(faults)
	}
	if n := result.Store.UnknownPeople; n == 0 || n > result.Offered.Sent || result.Store.Unread != "its agent has not told what it holds" {
		t.Errorf("%v people with unknown books of %v sent, because %q", n, result.Offered.Sent, result.Store.Unread)
	}
	if result.DurationS > 40 {
		t.Errorf("the run lasted %v s", result.DurationS)
	}
	// Its agent comes back with the rows and the database. What it kept tells how the run ended there, and nobody is played again.
	y.startProcess(y.login.URL, "back", fleet.Silence, fleet.BackendRole)
	collected, _, forget, err := fleet.Collect(t.Context(), y.login, opened.Name)
	if err != nil {
		t.Fatal(err)
	}
	forget()
	if len(collected.Placed) == 0 || collected.Verdict != report.Invalid {
		t.Errorf("collected %s with %+v", collected.Verdict, collected.Placed)
	}
	if all := strings.Join(collected.Warnings, "\n"); !strings.Contains(all, "nobody could reconcile the store (its agent has not told what it holds): whether it holds the ") {
		t.Errorf("collected: %q", collected.Warnings)
	}
}

// What does not fit is refused before anything plays.
func TestPlacesThatDoNotFit(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	y.join("crowd", func(a *fleet.Agent) { a.Address = "127.0.0.2" })
	y.join("back", roles(fleet.BackendRole), func(a *fleet.Agent) { a.Address = "127.0.0.2" })
	all, err := fleet.ParseTarget("192.0.2.1")
	if err != nil {
		t.Fatal(err)
	}
	y.join("rich", func(a *fleet.Agent) { a.Targets = []fleet.Target{all} })
	y.join("away", roles(fleet.BackendRole), func(a *fleet.Agent) { a.Address = "192.0.2.1" })
	y.join("mock", roles(fleet.MocksRole), labelled("zone", "b"))
	backend := func(label string, count int) []fleet.Place {
		return []fleet.Place{{Role: fleet.BackendRole, Label: label, Count: count}}
	}
	for _, test := range []struct {
		why    string
		places []fleet.Place
		want   string
	}{
		{"a label that nobody has", backend("zone=c", 1), "no agent of the fleet has the label zone=c, where the backend should be; ombak fleet list shows names and labels"},
		{"a name that nobody has", backend("front", 1), "no agent of the fleet is called front, where the backend should be"},
		{"an agent without the role", backend("mock", 1), "0 of 1 agents for the backend (mock) are there: agent mock does not have the role backend; join it with --role backend"},
		{"more backends than agents", backend("back", 2), "1 of 2 agents for the backend (back) are there, and an agent has one part of a run; start ombak fleet join once more"},
		{"a generator that may not send to the backend", backend("back", 1), "agent crowd sends nothing to 127.0.0.2, where agent back serves the backend; join crowd with --allow-target 127.0.0.2"},
		{"mocks here, which a backend elsewhere does not reach", backend("away", 1), "the mocks run on this machine, where the backend of agent away does not reach them; give an address of this machine with --fleet-host"},
		{"no generator is left", backend("crowd", 1), "agent crowd does not have the role backend"},
	} {
		if _, _, err := y.drill(drilled{places: test.places}); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", test.why, err, test.want)
		}
	}
	for name, j := range y.agents {
		if left, _ := filepath.Glob(filepath.Join(j.folder, "*")); len(left) > 0 || bytes.Contains([]byte(j.log.String()), []byte("run ")) {
			t.Errorf("agent %s keeps %v and says %q", name, left, j.log)
		}
	}
}
