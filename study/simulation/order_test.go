package simulation

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/setup"
)

var testBuild = report.Build{Version: "test", Commit: "1", Go: "go"}

// elsewhere plays jobs as another machine does: from the text of the model, with nothing else.
type elsewhere struct {
	mu     sync.Mutex
	played int
	after  int // ends the study after so many; 0 means never
	stop   context.CancelFunc
}

func (e *elsewhere) Play(ctx context.Context, jobs []*Job, settings Settings) error {
	for _, job := range jobs {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		order, err := job.Order(settings)
		if err != nil {
			return err
		}
		there, err := Prepare(job.Text())
		if err != nil {
			return err
		}
		result, err := there.Play(ctx, order, nil)
		if err != nil {
			return err
		}
		if err := job.Settle(result); err != nil {
			return err
		}
		if settings.Done != nil {
			settings.Done()
		}
		e.mu.Lock()
		if e.played++; e.played == e.after {
			e.stop()
		}
		e.mu.Unlock()
	}
	return nil
}

func writtenReport(t *testing.T, r report.Report) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := report.Write(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// modelWith maps a bundled scenario, as change has it.
func modelWith(t *testing.T, name string, options setup.Options, change ...func(*scenarios.Scenario) (*scenarios.Scenario, error)) *setup.Model {
	t.Helper()
	scenario, err := scenarios.Load(name)
	for _, changed := range change {
		if err == nil {
			scenario, err = changed(scenario)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	model, err := setup.NewModel(scenario, options)
	if err != nil {
		t.Fatal(err)
	}
	return model
}

// Whatever is simulated, another machine gives the same report, byte for byte.
func TestElsewhereIsTheSame(t *testing.T) {
	t.Parallel()
	counts := filepath.Join(t.TempDir(), "counts.csv")
	if err := os.WriteFile(counts, []byte("minute,visits,signups\n0,20,20\n1,30,10\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	seed := uint64(3)
	for _, test := range []struct {
		why, name string
		options   setup.Options
		settings  Settings
		change    func(*scenarios.Scenario) (*scenarios.Scenario, error)
	}{
		{"several replications, of which one has series", "smoke", setup.Options{}, Settings{Replications: 3}, nil},
		{"another plan, seed and scale", "passwords", setup.Options{Seed: &seed, Scale: 0.5}, Settings{Replications: 2}, nil},
		{"antithetic pairs", "passwords", setup.Options{}, Settings{Replications: 4, Antithetic: true}, nil},
		{"a threshold within a window, which the recording judges", "smoke", setup.Options{Thresholds: []string{"sign-up.response_time.p95 < 1s during 5s..20s"}}, Settings{Replications: 2}, nil},
		{"a threshold by the series", "smoke", setup.Options{Thresholds: []string{"sign-up.passed > 1 over 5s"}}, Settings{Replications: 2, Brief: true}, nil},
		{"no series at all", "passwords", setup.Options{}, Settings{Replications: 2, Lean: true}, nil},
		{"settings of a search", "smoke", setup.Options{}, Settings{}, func(s *scenarios.Scenario) (*scenarios.Scenario, error) {
			return s.With(scenarios.Setting{Path: scenarios.ArrivalsScale, Value: "0.5"}), nil
		}},
		{"arrivals of a file", "smoke", setup.Options{}, Settings{}, func(s *scenarios.Scenario) (*scenarios.Scenario, error) { return s.WithArrivals(counts) }},
		{"a file of counts beside the scenario", "prakerja-2020", setup.Options{Scale: 0.0005}, Settings{}, nil},
	} {
		var change []func(*scenarios.Scenario) (*scenarios.Scenario, error)
		if test.change != nil {
			change = append(change, test.change)
		}
		test.settings.Build = testBuild
		local, err := Simulate(t.Context(), modelWith(t, test.name, test.options, change...), test.settings)
		if err != nil {
			t.Fatalf("%s: %v", test.why, err)
		}
		away := &elsewhere{}
		test.settings.Runner = away
		other, err := Simulate(t.Context(), modelWith(t, test.name, test.options, change...), test.settings)
		if err != nil {
			t.Fatalf("%s: %v", test.why, err)
		}
		if away.played != max(1, test.settings.Replications) || !bytes.Equal(writtenReport(t, local.Report), writtenReport(t, other.Report)) {
			t.Errorf("%s: %d replications elsewhere give another report", test.why, away.played)
		}
		for i := range local.Replications {
			mine, theirs := local.Replications[i], other.Replications[i]
			mine.Elapsed, theirs.Elapsed = 0, 0
			a, errA := exactly(mine)
			b, errB := exactly(theirs)
			if errors.Join(errA, errB) != nil || !bytes.Equal(a, b) {
				t.Errorf("%s: replication %d has %+v here and %+v elsewhere", test.why, i, mine, theirs)
			}
		}
	}
}

// A model whose making cannot be told is not sent.
func TestAModelThatCannotBeTold(t *testing.T) {
	t.Parallel()
	model := modelWith(t, "smoke", setup.Options{}, func(s *scenarios.Scenario) (*scenarios.Scenario, error) {
		return s.WithValues(func(*scenarios.Scenario) error { return nil })
	})
	if _, err := Simulate(t.Context(), model, Settings{Runner: &elsewhere{}}); err == nil || !strings.Contains(err.Error(), "no recipe can tell") {
		t.Errorf("%v", err)
	}
}

// The key of an order tells all apart that gives another result.
func TestKeys(t *testing.T) {
	t.Parallel()
	series := &Series{Model: modelWith(t, "smoke", setup.Options{})}
	other := &Series{Model: modelWith(t, "smoke", setup.Options{Scale: 2})}
	seen := map[string]string{}
	for _, test := range []struct {
		why      string
		into     *Series
		number   int
		settings Settings
	}{
		{"the first", series, 0, Settings{Build: testBuild}},
		{"another number", series, 1, Settings{Build: testBuild}},
		{"another model", other, 0, Settings{Build: testBuild}},
		{"antithetic", series, 1, Settings{Build: testBuild, Antithetic: true}},
		{"no series", series, 0, Settings{Build: testBuild, Lean: true}},
		{"another build", series, 0, Settings{Build: report.Build{Version: "test", Commit: "2"}}},
	} {
		order, err := (&Job{number: test.number, into: test.into}).Order(test.settings)
		if err != nil {
			t.Fatal(err)
		}
		key, err := order.Key()
		if err != nil {
			t.Fatal(err)
		}
		if before, twice := seen[key]; twice {
			t.Errorf("%q has the key of %q", test.why, before)
		}
		seen[key] = test.why
	}
	order := Order{Arch: "pdp11"}
	if err := order.Check(); err == nil || !strings.Contains(err.Error(), "the study for pdp11") {
		t.Errorf("an order for another machine: %v", err)
	}
}

// Texts that no conductor writes are refused with an error.
func FuzzPrepare(f *testing.F) {
	scenario, err := scenarios.Load("smoke")
	if err != nil {
		f.Fatal(err)
	}
	model, err := setup.NewModel(scenario, setup.Options{})
	if err != nil {
		f.Fatal(err)
	}
	good, err := (&Series{Model: model}).pack()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good.text)
	f.Add(good.text[:len(good.text)/2])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, text []byte) {
		if p, err := Prepare(text); (p == nil) == (err == nil) {
			t.Errorf("neither a model nor an error: %v", err)
		}
	})
}

// A campaign plays what is missing, and gives the same report whether it was interrupted or not.
func TestCampaign(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "campaign")
	settings := Settings{Replications: 4, Build: testBuild, Workers: 1}
	simulate := func(ctx context.Context, away *elsewhere) (int, []byte, error) {
		found := 0
		settings.Runner = Campaign{Folder: folder, Next: away, Found: func() { found++ }}
		result, err := Simulate(ctx, modelWith(t, "smoke", setup.Options{}), settings)
		if err != nil {
			return found, nil, err
		}
		return found, writtenReport(t, result.Report), nil
	}
	plain, err := Simulate(t.Context(), modelWith(t, "smoke", setup.Options{}), settings)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	if _, _, err := simulate(ctx, &elsewhere{after: 2, stop: stop}); !errors.Is(err, context.Canceled) {
		t.Fatalf("interrupted: %v", err)
	}
	away := &elsewhere{}
	found, resumed, err := simulate(t.Context(), away)
	if err != nil || found != 2 || away.played != 2 || !bytes.Equal(resumed, writtenReport(t, plain.Report)) {
		t.Errorf("resumed: %d were found, %d played, %v", found, away.played, err)
	}
	files, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil || len(files) != 4 {
		t.Fatalf("the campaign has %v", files)
	}
	text, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	for why, damage := range map[string][]byte{"cut off": text[:len(text)/2], "empty": nil, "one bit": append(append([]byte{}, text[:len(text)-1]...), text[len(text)-1]^1)} {
		if err := os.WriteFile(files[0], damage, 0o600); err != nil {
			t.Fatal(err)
		}
		away = &elsewhere{}
		if found, again, err := simulate(t.Context(), away); err != nil || found != 3 || away.played != 1 || !bytes.Equal(again, resumed) {
			t.Errorf("%s: %d were found, %d played, %v", why, found, away.played, err)
		}
	}
	settings.Build.Commit = "2"
	away = &elsewhere{}
	if found, _, err := simulate(t.Context(), away); err != nil || found != 0 || away.played != 4 {
		t.Errorf("another build: %d were found, %d played, %v", found, away.played, err)
	}
	settings.Build.Commit = "1"
	settings.Runner = Campaign{Folder: folder} // without another machine
	if here, err := Simulate(t.Context(), modelWith(t, "smoke", setup.Options{}), settings); err != nil || !bytes.Equal(writtenReport(t, here.Report), resumed) {
		t.Errorf("here: %v", err)
	}
	settings.Runner = Campaign{Folder: folder, Program: "other"}
	passed := time.Duration(0)
	settings.Passed = func(by time.Duration) { passed += by }
	if here, err := Simulate(t.Context(), modelWith(t, "smoke", setup.Options{}), settings); err != nil || !bytes.Equal(writtenReport(t, here.Report), resumed) || passed == 0 {
		t.Errorf("another program here: %v", err)
	}
}
