//go:build statistics

package setup_test

import (
	"context"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/backend"
	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/loadgen"
	"github.com/ombak-sim/ombak/mocks"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/setup"
	"github.com/ombak-sim/ombak/sim"
)

// fates records the outcomes of everybody at every step.
type fates struct {
	mu  sync.Mutex
	got map[fate]outcomes
}

type fate struct {
	person uint64
	step   int
}

type outcomes struct {
	final    funnel.Outcome
	attempts int
	entered  bool
	troubled bool // an attempt whose outcome depended on timing: timed out, failed, rejected or dropped
}

func (f *fates) Enter(int, time.Duration) {}

func (f *fates) Observe(s funnel.Sample) {
	f.mu.Lock()
	defer f.mu.Unlock()
	key := fate{s.Session, s.Step}
	o := f.got[key]
	o.attempts++
	o.troubled = o.troubled || s.Outcome != funnel.Completed && s.Outcome != funnel.Declined && s.Outcome != funnel.Abandoned
	if s.Final {
		o.final, o.entered = s.Outcome, true
	}
	f.got[key] = o
}

// TestTheSamePeopleLiveAndSimulated plays a larger smoke through the load generator against the real backend
// and mocks, and through the simulator. 10,000 people must have the same typing errors, answers of the
// registries and decisions at every step, whether the registry is asked while they wait or later.
func TestTheSamePeopleLiveAndSimulated(t *testing.T) {
	scenario, err := scenarios.Load(samePeople(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, plan := range []string{"calm", "async-verify"} {
		t.Run(plan, func(t *testing.T) {
			t.Parallel() // it mostly waits
			simulated := &fates{got: map[fate]outcomes{}}
			run, err := setup.NewModel(scenario, setup.Options{Plan: plan})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := sim.Run(t.Context(), run.Config, func(int) funnel.Observer { return simulated }); err != nil {
				t.Fatal(err)
			}
			live := &fates{got: map[fate]outcomes{}}
			playLive(t, scenario, plan, live)
			compareFates(t, scenario, simulated, live)
		})
	}
}

func compareFates(t *testing.T, scenario *scenarios.Scenario, simulated, live *fates) {
	t.Helper()
	// People whom a busy machine rejected, or who lost their patience with it, are left out.
	people, troubled := map[uint64]bool{}, map[uint64]bool{}
	for _, side := range []*fates{simulated, live} {
		for key, got := range side.got {
			people[key.person] = true
			if got.troubled || !got.entered || late(live.got[key], simulated.got[key]) {
				troubled[key.person] = true
			}
		}
	}
	compared, differ := 0, 0
	for _, side := range []*fates{simulated, live} {
		for key := range side.got {
			if troubled[key.person] {
				continue
			}
			compared++
			if got, want := live.got[key], simulated.got[key]; got != want {
				if differ++; differ <= 10 {
					t.Errorf("person %d at %s: live %+v, simulated %+v", key.person, scenario.Journey[key.step].Name, got, want)
				}
			}
		}
	}
	t.Logf("%d people, %d of them decided by timing; of %d fates on both sides %d differ", len(people), len(troubled), compared, differ)
	if left := len(people) - len(troubled); left < 10_000 {
		t.Errorf("only %d people were left to compare, want 10,000", left)
	}
}

// late reports whether somebody lost patience live with a message that comes in time in the simulation.
func late(live, simulated outcomes) bool {
	return live.entered && live.final == funnel.Abandoned && simulated.final == funnel.Completed
}

// playLive plays the scenario against the reference backend and the mocks in this process.
func playLive(t *testing.T, scenario *scenarios.Scenario, plan string, observer funnel.Observer) {
	t.Helper()
	run, err := setup.NewLive(scenario, setup.Options{Plan: plan})
	if err != nil {
		t.Fatal(err)
	}
	service := run.Service
	service.Mocks.Dukcapil.Service.Queue = nil
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	stand, err := mocks.Start(ctx, service.Mocks)
	if err != nil {
		t.Fatal(err)
	}
	defer stand.Close()
	setup.Connect(&service.Backend, stand.Addresses())
	folder := t.TempDir()
	service.Backend.Database, service.Backend.PhotoDir = filepath.Join(folder, "ombak.db"), filepath.Join(folder, "photos")
	service.Backend.Listen, service.Backend.Admin = "127.0.0.1:0", "127.0.0.1:0"
	service.Backend.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
	service.Backend.Now = func() time.Time { return scenario.Opens }
	server, err := backend.New(ctx, service.Backend)
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve() })
	defer serving.Wait()
	defer func() { _ = server.Shutdown(context.Background()) }()
	run.Generator.Targets["backend"] = "http://" + server.Addr().String()
	run.Generator.Targets["sms"] = "http://" + stand.Addresses()["sms"]
	run.Generator.Targets["mail"] = "http://" + stand.Addresses()["mail"]
	generator, err := loadgen.New(run.Generator, func(int) funnel.Observer { return observer })
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	stand.Begin(began, run.Generator.Journey.Clock)
	if err := generator.Run(ctx, began); err != nil {
		t.Error(err)
	}
}

// samePeople writes smoke with 100 patient people a second for 72 s, and 200 visitors a second.
func samePeople(t *testing.T) string {
	t.Helper()
	smoke, err := scenarios.Load("smoke")
	if err != nil {
		t.Fatal(err)
	}
	text := string(smoke.Source())
	for _, change := range [][2]string{
		{"signups: [{for: 8s, rate: 50/s}]", "signups: [{for: 72s, rate: 100/s}]"},
		{"visitors: [{for: 8s, rate: 30/s}]", "visitors: [{for: 72s, rate: 67/s}]"},
		{"patience: 1500ms", "patience: 12s"},
		{"patience: 5s", "patience: 12s"},
		{"drain: 2s", "drain: 30s"},
		{"shares: {mistyped_email: 2%,", "shares: {full_mailbox: 2%, spam_folder: 2%, deceased: 1%, duplicate: 1%, inactive: 1%, mistyped_email: 2%,"},
		{"limit: 50, queue: 200, deadline: 2s", "limit: 50, queue: 20000, deadline: 9s"},
	} {
		if !strings.Contains(text, change[0]) {
			t.Fatalf("smoke does not hold %q any more", change[0])
		}
		text = strings.Replace(text, change[0], change[1], 1)
	}
	path := filepath.Join(t.TempDir(), "same-people.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
