//go:build drills

package main

import (
	"bytes"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

const briefly = `schema: ombak.scenario/v1
name: briefly
opens: 2020-04-11T19:00:00+07:00
seed: 1
drain: 1s
arrivals: {step: go, people: [{for: FOR, rate: 20/s}]}
targets: {web: {}}
journey: [{name: go, request: {target: web, path: /}}]
`

// A run ends whatever happens to it: with a generator that stands still, and with a terminal that hangs up.
func TestRunsEnd(t *testing.T) {
	for _, test := range []struct {
		why, length string
		signal      syscall.Signal
		toPart      bool // the signal goes to the generator, not to the command
		code        int
		stderr      string
	}{
		{"a generator that stands still", "1s", syscall.SIGSTOP, true, exitFailed, "the generator had not come to its end 10s after the planned end of the run; the partial report is in"},
		{"a generator that is killed", "60s", syscall.SIGKILL, true, exitFailed, "generator died (signal: killed)"},
		{"a terminal that hangs up", "60s", syscall.SIGHUP, false, exitInterrupted, "interrupted; the partial report is in"},
	} {
		if signal.Ignored(test.signal) {
			continue // under nohup, a hangup interrupts nobody
		}
		asked := make(chan struct{}, 10000)
		web := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked <- struct{}{} }))
		folder := t.TempDir()
		scenario := filepath.Join(folder, "briefly.yaml")
		if err := os.WriteFile(scenario, []byte(strings.Replace(briefly, "FOR", test.length, 1)), 0o600); err != nil {
			t.Fatal(err)
		}
		command := exec.Command(ombakBinary(t), "load", scenario, "--target", web.URL, "--quiet", "--out", filepath.Join(folder, "out"))
		var stderr bytes.Buffer
		command.Stderr = &stderr
		if err := command.Start(); err != nil {
			t.Fatal(err)
		}
		<-asked
		target := command.Process.Pid
		if test.toPart {
			target = onlyChild(t, target)
		}
		if err := syscall.Kill(target, test.signal); err != nil {
			t.Fatal(err)
		}
		err := command.Wait()
		web.Close()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != test.code || !strings.Contains(stderr.String(), test.stderr) {
			t.Errorf("%s: %v, %s; want exit code %d and %q", test.why, err, &stderr, test.code, test.stderr)
		}
		r, err := readReport(filepath.Join(folder, "out", "report.json"))
		if err != nil {
			t.Fatalf("%s: %v", test.why, err)
		}
		for _, row := range r.Funnel {
			if row.Unfinished < 0 {
				t.Errorf("%s: %v people of %s are unfinished", test.why, row.Unfinished, row.Step)
			}
		}
	}
}

// onlyChild returns the process that another has started.
func onlyChild(t *testing.T, parent int) int {
	t.Helper()
	threads, err := filepath.Glob("/proc/" + strconv.Itoa(parent) + "/task/*/children")
	if err != nil {
		t.Fatal(err)
	}
	for _, thread := range threads {
		text, err := os.ReadFile(thread)
		if err != nil {
			continue // the thread has ended
		}
		for _, word := range strings.Fields(string(text)) {
			child, err := strconv.Atoi(word)
			if err != nil {
				t.Fatal(err)
			}
			return child
		}
	}
	t.Fatal("the command has no part")
	return 0
}
