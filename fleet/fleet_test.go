package fleet_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nkeys"

	"github.com/ombak-sim/ombak/drill"
	"github.com/ombak-sim/ombak/fleet"
	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
)

// A run on three agents has the people of a run on one, each once, and books that balance. The agents forget it afterwards,
// and none keeps a secret.
func TestAgentsShareARun(t *testing.T) {
	t.Parallel()
	one := newYard(t)
	one.join("a")
	alone, _, err := one.play(plan{})
	if err != nil || alone.Verdict != report.Pass {
		t.Fatalf("one agent: verdict %s (%v), %v", alone.Verdict, alone.Invalid, err)
	}
	three := newYard(t)
	for _, name := range []string{"a", "b", "c"} {
		three.join(name)
	}
	fed := uint64(0)
	together, _, err := three.play(plan{kept: true, rows: func(row report.Second) { fed += row.Started }})
	if err != nil || together.Verdict != report.Pass {
		t.Fatalf("three agents: verdict %s (%v), %v", together.Verdict, together.Invalid, err)
	}
	three.noSecrets()
	if fed != 120 {
		t.Errorf("the rows of the feed tell of %d people, want 120", fed)
	}
	if !slices.Equal(one.service.people(), three.service.people()) || len(one.service.people()) != 120 {
		t.Errorf("one agent sent %d people, three sent %d, not the same", len(one.service.people()), len(three.service.people()))
	}
	paths := three.service.paths
	if paths[0] != "/login" || paths[len(paths)-1] != "/close/"+secret || len(paths) != 122 {
		t.Errorf("of %d requests the first is %s and the last %s", len(paths), paths[0], paths[len(paths)-1])
	}
	if !slices.Equal(alone.Series.Scheduled[:2], together.Series.Scheduled[:2]) {
		t.Errorf("scheduled by the second: one agent %v, three %v", alone.Series.Scheduled, together.Series.Scheduled)
	}
	for i, row := range together.Fleet {
		if row.Agent != string(rune('a'+i)) || row.Part != i+1 || row.People != 40 || row.Rows == 0 || row.StartErrorS == nil || row.ClockBoundS == nil || row.CPUS == nil {
			t.Errorf("row %+v", row)
		}
	}
}

// Agents forget a run whose report is written.
func TestAReleasedRunIsForgotten(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	j := y.join("a")
	result, opened, err := y.play(plan{})
	if err != nil || result.Verdict != report.Pass {
		t.Fatalf("verdict %s (%v), %v", result.Verdict, result.Invalid, err)
	}
	if left, _ := filepath.Glob(filepath.Join(j.folder, "*")); len(left) > 0 {
		t.Errorf("the agent keeps %v", left)
	}
	if said := j.log.String(); !strings.Contains(said, "run "+opened.Name+": played to its end") {
		t.Errorf("the agent says of a run that is whole %q", said)
	}
	if _, _, _, err := fleet.Collect(t.Context(), y.login, opened.Name); err == nil || !strings.Contains(err.Error(), "no agent holds rows of run") {
		t.Errorf("collecting a run that was released: %v", err)
	}
}

// Agents forget a run that never began, because another refused its order.
func TestARunThatNeverBeganIsForgotten(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	took := y.join("a")
	y.join("b", func(a *fleet.Agent) { a.Targets = []fleet.Target{{}} })
	if _, _, err := y.play(plan{}); err == nil || !strings.Contains(err.Error(), "agent b sends no load to 127.0.0.1:") {
		t.Errorf("an order that the second agent refuses: %v", err)
	}
	if said := took.log.String(); !strings.Contains(said, "plays part 1 of 2") {
		t.Errorf("agent a says %q", said)
	}
	if left, _ := filepath.Glob(filepath.Join(took.folder, "*")); len(left) > 0 {
		t.Errorf("agent a keeps %v of a run that nobody can report", left)
	}
}

// What does not fit is refused in a sentence that names who refuses.
func TestWhatAFleetRefuses(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	if _, _, err := y.play(plan{}); err == nil || !strings.Contains(err.Error(), "the fleet has 0 agents for 1 generators") {
		t.Errorf("a fleet without agents: %v", err)
	}
	other := y.join("b", func(a *fleet.Agent) { a.Build.Version = "0.0.1" })
	if _, _, err := y.play(plan{}); err == nil || !strings.Contains(err.Error(), "agent b is ombak 0.0.1 (1), and this is ombak test (1)") {
		t.Errorf("an agent of another version: %v", err)
	}
	if err := other.leave(); err != nil {
		t.Error(err)
	}
	y.join("a", func(a *fleet.Agent) {
		target, err := fleet.ParseTarget("shop.example:80")
		if err != nil {
			t.Fatal(err)
		}
		a.Targets = []fleet.Target{target}
	})
	if _, _, err := y.play(plan{}); err == nil || !strings.Contains(err.Error(), "agent a sends no load to 127.0.0.1:") || !strings.Contains(err.Error(), "--allow-target") {
		t.Errorf("a target that is not on the list: %v", err)
	}
	if len(y.service.paths) > 0 {
		t.Errorf("the service was asked for %v", y.service.paths)
	}
	if _, _, err := y.play(plan{generators: 2}); err == nil || !strings.Contains(err.Error(), "the fleet has 1 agents for 2 generators") {
		t.Errorf("too few agents: %v", err)
	}
	if _, _, err := y.play(plan{bound: time.Nanosecond}); err == nil || !strings.Contains(err.Error(), "the clock of agent a is known only within ") {
		t.Errorf("a clock that is not known well enough: %v", err)
	}
	twin := fleet.Agent{Name: "a", Folder: filepath.Join(y.folder, "twin"), Build: built, Command: []string{os.Args[0], "part"}}
	if err := twin.Run(t.Context(), y.login); err == nil || !strings.Contains(err.Error(), "an agent called a has joined this fleet already") {
		t.Errorf("two agents of a name: %v", err)
	}
}

// The list says who is there.
func TestList(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	y.join("a", func(a *fleet.Agent) {
		a.Clock, a.Labels = fleet.NewClock(2*time.Second, 0), map[string]string{"zone": "x"}
	})
	y.join("b")
	listed, err := fleet.List(t.Context(), y.login)
	if err != nil || len(listed) != 2 {
		t.Fatalf("%v, %v", listed, err)
	}
	a := listed[0]
	if a.Agent != "a" || a.Labels["zone"] != "x" || a.Build != built || a.CPUs == 0 || !slices.Equal(a.Targets, []string{"127.0.0.1", "::1", "localhost"}) {
		t.Errorf("listed %+v", a)
	}
	if a.ClockOffsetS == nil || *a.ClockOffsetS < 2-*a.ClockBoundS || *a.ClockOffsetS > 2+*a.ClockBoundS {
		t.Errorf("the clock of a is ahead by %v ± %v, want 2", *a.ClockOffsetS, *a.ClockBoundS)
	}
}

// Whoever acts on a run acts on all machines: from an instant on nobody comes to any of them.
func TestActionsReachAllAgents(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	y.join("a")
	y.join("b")
	acted := make(chan error, 1)
	result, _, err := y.play(plan{length: "8s", acts: func(act drill.Act) {
		time.AfterFunc(2*time.Second, func() {
			_, err := act(t.Context(), funnel.Action{Do: funnel.Hold, By: "a test"})
			acted <- err
		})
	}})
	if acting := <-acted; err != nil || acting != nil {
		t.Fatalf("%v, %v", err, acting)
	}
	if faults := report.Check(result); len(faults) > 0 || result.Verdict != report.Pass {
		t.Errorf("verdict %s (%v), %v", result.Verdict, result.Invalid, faults)
	}
	if result.Offered.Sent >= 480 || len(y.service.people()) != int(result.Offered.Sent) {
		t.Errorf("%v people were sent and %d came, of 480 without the hold", result.Offered.Sent, len(y.service.people()))
	}
	for _, row := range result.Fleet {
		if row.Sent >= 240 || row.Lost > 0 {
			t.Errorf("row %+v", row)
		}
	}
}

// A server that knows keys lets in who has one, and nobody else.
func TestKeys(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	pair, err := nkeys.CreateUser()
	if err != nil {
		t.Fatal(err)
	}
	public, err := pair.PublicKey()
	seed, failed := pair.Seed()
	file := filepath.Join(folder, "user.seed")
	if err := errors.Join(err, failed, os.WriteFile(file, seed, 0o600)); err != nil {
		t.Fatal(err)
	}
	server, err := fleet.Serve(t.Context(), fleet.ServerConfig{Listen: "127.0.0.1:0", NKeys: []string{public}, Folder: folder})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	url := "nats://" + server.Addr().String()
	if _, err := fleet.List(t.Context(), fleet.Login{URL: url, NKey: file}); err != nil {
		t.Errorf("with the key: %v", err)
	}
	for why, login := range map[string]fleet.Login{"without a key": {URL: url}, "with a token": {URL: "nats://" + token + "@" + server.Addr().String()}} {
		if _, err := fleet.List(t.Context(), login); err == nil || !strings.Contains(err.Error(), "it refuses the token or key") {
			t.Errorf("%s: %v", why, err)
		}
	}
	if _, err := fleet.Serve(t.Context(), fleet.ServerConfig{Listen: "127.0.0.1:0", NKeys: []string{"UNONE"}}); err == nil {
		t.Error("a server was started with a key that is none")
	}
}
