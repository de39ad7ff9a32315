package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
)

// fuse is a context that is cancelled when it is asked for the nth time.
type fuse struct {
	context.Context
	cancel context.CancelFunc
	left   atomic.Int64
}

func newFuse(ctx context.Context, length int64) *fuse {
	f := new(fuse)
	f.Context, f.cancel = context.WithCancel(ctx)
	f.left.Store(length)
	return f
}

func (f *fuse) burn() {
	if f.left.Add(-1) <= 0 {
		f.cancel()
	}
}

// Done implements [context.Context].
func (f *fuse) Done() <-chan struct{} {
	f.burn()
	return f.Context.Done()
}

// Err implements [context.Context].
func (f *fuse) Err() error {
	f.burn()
	return f.Context.Err()
}

// TestInterrupted interrupts every command at several moments: when it asks for the first time whether
// it is to go on, for the second, and so on. It ends with one sentence, and leaves nothing half-written.
func TestInterrupted(t *testing.T) {
	var measured []string
	for _, scale := range []string{"0.2", "0.5", "1"} {
		measured = append(measured, measuredAt(t, scale))
	}
	copied := "mkdir -p $OMBAK_OUT && cp " + measured[2] + " $OMBAK_OUT/report.json"
	const simulations = "the simulations did not come to their end, so nothing is written"
	short := []string{"smoke", "--window", "0s..4s"}
	campaign := filepath.Join(t.TempDir(), "campaign")
	if code := run(t.Context(), []string{"ombak", "simulate", "smoke", "--window", "0s..4s", "--quiet", "--campaign", campaign, "--out", t.TempDir()}, nil, new(bytes.Buffer), os.Stderr); code != exitDone && code != exitInconclusive {
		t.Fatalf("the campaign began with %d", code)
	}
	kept := campaign + " keeps the results so far, and the same command goes on from there"
	interruptAll(t, []interruption{
		{"simulate", append([]string{"simulate", "--replications", "4"}, short...), []string{simulations}},
		{"simulate a campaign", append([]string{"simulate", "--replications", "4", "--campaign", campaign}, short...), []string{kept}},
		{"validate with a campaign", []string{"validate", "smoke", measured[2], "--window", "0s..4s", "--replications", "3", "--campaign", campaign}, []string{kept}},
		{"simulate with a trace", append([]string{"simulate", "--trace", "--quiet"}, short...), []string{simulations}},
		{"simulate two plans", append([]string{"simulate", "--plan", "calm", "--plan", "brownout"}, short...), []string{simulations, "the reports of these plans are in "}},
		{"plan", append([]string{"plan", "--replications", "2"}, short...), []string{simulations}},
		{"plan and say nothing", append([]string{"plan", "--replications", "2", "--quiet"}, short...), []string{simulations}},
		{"search", []string{"plan", "staffing", "--search", "--scale", "0.1", "--scale-system", "0.1"}, []string{simulations}},
		{"validate", []string{"validate", "smoke", measured[2], "--window", "0s..4s", "--replications", "3"}, []string{"so nothing is compared"}},
		{"calibrate", append([]string{"calibrate", "--scenario", "smoke", "--scale", "0.2", "--window", "0s..4s"}, measured...), []string{"so no model is written"}},
		{"doctor", []string{"doctor", "smoke"}, []string{"the machine was not examined to the end"}},
		{"compare", []string{"compare", "--pairs", "1", "--base", copied, "--candidate", copied}, []string{"run 1 of 2 did not come to its end", "run 2 of 2 did not come to its end"}},
		{"fault list", []string{"fault", "list", "--url", "http://127.0.0.1:1", "--token", "x"}, []string{"the mocks had not answered yet"}},
		{"fault start", []string{"fault", "start", "slow", "--url", "http://127.0.0.1:1", "--token", "x"}, []string{"ombak fault list shows what they did"}},
	})
}

// interruption is a command that is interrupted, and the sentences with which it may end then.
type interruption struct {
	name string
	args []string
	want []string
}

// interruptAll does one after the other: the flags of the library for command lines are variables of its package.
func interruptAll(t *testing.T, commands []interruption) {
	t.Helper()
	for _, test := range commands {
		t.Run(test.name, func(t *testing.T) {
			const most = 13 // the later moments are like those before them
			for moment := int64(1); moment < most; moment += 1 + moment/4 {
				if !interruptAt(t, moment, test.args, test.want) {
					if moment == 1 {
						t.Error("it never asked whether it was to go on")
					}
					return // it came to its end before
				}
			}
		})
	}
}

// interruptAt runs a command that is interrupted at a moment, and looks at how it ends. It reports
// whether it was interrupted before its end.
func interruptAt(t *testing.T, moment int64, args, want []string) bool {
	t.Helper()
	folder := filepath.Join(t.TempDir(), strconv.FormatInt(moment, 10))
	ctx := newFuse(t.Context(), moment)
	defer ctx.cancel()
	args = append([]string{"ombak"}, args...)
	if takesFolder(args[1]) {
		args = append(args, "--out", folder)
	}
	var out, err bytes.Buffer
	code := run(ctx, args, nil, &out, &err)
	if ctx.left.Load() > 0 || code != exitInterrupted && code != exitFailed && code != exitRefused {
		return false
	}
	if code != exitInterrupted {
		t.Fatalf("interrupted at %d, %v ends with %d, want %d\n%s%s", moment, args, code, exitInterrupted, &out, &err)
	}
	lines := strings.Split(strings.TrimSuffix(err.String(), "\n"), "\n")
	last := lines[len(lines)-1]
	if !strings.HasPrefix(last, "ombak: interrupted") || strings.Count(err.String(), "ombak: ") != 1 || strings.Contains(err.String(), "context canceled") {
		t.Errorf("interrupted at %d, %v says\n%s", moment, args, &err)
	}
	for _, sentence := range want {
		if strings.Contains(last, sentence) {
			if strings.Contains(sentence, "nothing is written") {
				demandNothing(t, folder, moment, args)
			}
			return true
		}
	}
	t.Errorf("interrupted at %d, %v says %q, want one of %q", moment, args, last, want)
	return true
}

func takesFolder(command string) bool {
	switch command {
	case "validate", "calibrate", "doctor", "fault":
		return false
	}
	return true
}

func demandNothing(t *testing.T, folder string, moment int64, args []string) {
	t.Helper()
	left, err := os.ReadDir(folder)
	if !os.IsNotExist(err) {
		t.Errorf("interrupted at %d, %v leaves %v", moment, args, left)
	}
}

// measuredAt makes a report of smoke at a share of its people that says it was measured, for want of a run.
func measuredAt(t *testing.T, scale string) string {
	t.Helper()
	folder := t.TempDir()
	code := run(t.Context(), []string{"ombak", "simulate", "smoke", "--quiet", "--window", "0s..4s", "--scale", scale, "--out", folder}, nil, new(bytes.Buffer), os.Stderr)
	if code != exitDone && code != exitInconclusive {
		t.Fatalf("simulating ends with %d", code)
	}
	text, err := os.ReadFile(filepath.Join(folder, "report.json"))
	if err != nil {
		t.Fatal(err)
	}
	live := filepath.Join(folder, "live.json")
	text = bytes.Replace(text, []byte(`"engine": "simulated"`), []byte(`"engine": "live", "machine": {"cpus": 2}, "processes": [{"name": "backend", "cpu_s": `+scale+`}]`), 1)
	if err := os.WriteFile(live, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return live
}
