//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// madeSubject is a service that cannot be started: every report of it is there already.
type madeSubject struct{ missing error }

func (madeSubject) about() subjectFacts {
	return subjectFacts{name: "made", scenario: "name: made\n", from: "1/s", watched: []string{"api"}, fitMixes: []string{"a=100"}, heldMix: "b=100", heldOut: []string{heldMix, heldGate, heldCore}, servers: "api=1"}
}

func (m madeSubject) version(context.Context) (string, error) { return "v9", m.missing }

func (madeSubject) start(context.Context, string, string) (*running, error) {
	return nil, errors.New("a service was started though every report is there")
}

// madeProgram stands for ombak: it writes a model, and validates whatever it is given. It keeps its arguments.
const madeProgram = `#!/bin/sh
echo "$@" >> called
case "$1" in
calibrate) echo "warning: a step is uncertain" >&2; echo "stations: {api: {servers: 2, service: 1ms}}" > model.yaml;;
validate)
  good=10; case "$*" in *gate-*) good=20;; esac
  echo "{\"figures\":[{\"figure\":\"go.goodput\",\"predicted\":$good,\"measured\":$good,\"values\":[$good,$good]},{\"figure\":\"go.p99\",\"predicted\":2,\"measured\":1,\"values\":[1,1]}]}";;
esac
`

// made returns a run of accuracy over made reports of a service.
func made(t *testing.T) *accuracy {
	t.Helper()
	a := &accuracy{bench: bench{log: io.Discard, folder: t.TempDir()}, length: time.Second, runs: 2, replications: 3}
	a.ombak = filepath.Join(a.folder, "ombak")
	if err := os.WriteFile(a.ombak, []byte(madeProgram), 0o700); err != nil {
		t.Fatal(err)
	}
	write := func(folder, text string) {
		path := filepath.Join(a.folder, "made", folder)
		if err := os.MkdirAll(path, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(path, "report.json"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for i, knee := range []float64{90, 100, 120} {
		write(fmt.Sprintf("knee-%d", i+1), fmt.Sprintf(`{"redline":{"held_per_s":%v,"broke_per_s":%v}}`, knee, knee+10))
	}
	run := func(name string) {
		write(name, "{}")
		write(filepath.Join(name, "level-01"), `{"machine":{"cpus":2,"usage":{"cpu_share":0.5,"others_cores":0.1}},"generator":{"schedule_lag_s":{"p99":0.001}}}`)
	}
	for i := range fitLoadsOf(madeSubject{}) {
		run(fmt.Sprintf("fit-%d", i+1))
	}
	for _, c := range casesOf(madeSubject{}) {
		for i := range a.runs {
			run(fmt.Sprintf("%s-%d", c.name, i+1))
		}
	}
	return a
}

// TestAccuracyOfMadeReports takes made reports through the fit and every case to the board.
func TestAccuracyOfMadeReports(t *testing.T) {
	a, data := made(t), t.TempDir()
	board := accuracyBoard{Schema: boardSchema}
	if err := a.add(t.Context(), &board, madeSubject{}, data); err != nil {
		t.Fatal(err)
	}
	called, err := os.ReadFile(filepath.Join(a.folder, "made", "called"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"calibrate fit-1/level-01/report.json fit-2/level-01/report.json fit-3/level-01/report.json --scenario scenario.yaml --shared --watch-name api --servers api=1 -o model.yaml\n",
		"validate scenario.yaml load-95-1/level-01/report.json load-95-2/level-01/report.json --model model.yaml --replications 3 --json\n",
		"validate scenario.yaml core-1/level-01/report.json core-2/level-01/report.json --model model-one-core.yaml --replications 3 --json\n",
	} {
		if !strings.Contains(string(called), want) {
			t.Errorf("ombak was not called with %q:\n%s", want, called)
		}
	}
	if strings.Contains(string(called), "redline") {
		t.Errorf("a load was played though its report is there:\n%s", called)
	}
	written, err := readBoard(filepath.Join(data, boardFile))
	if err != nil || len(written.Services) != 1 {
		t.Fatalf("%v, %+v", err, written)
	}
	service := written.Services[0]
	if service.Version != "v9" || len(service.KneePerS) != 3 || len(service.Conditions) != 7 || service.Conditions[0].OthersCores != 0.1 || strings.Join(service.Warnings, "") != "a step is uncertain" {
		t.Errorf("%+v", service)
	}
	commands := strings.Join(service.Commands, "\n")
	for _, want := range []string{"--from 150/s", "--from 40/s --most 1 --repeats 0 --for 1s --quiet --mix b=100", "--plan gated"} { // the knee is 100/s
		if !strings.Contains(commands, want) {
			t.Errorf("%q is missing in the commands:\n%s", want, commands)
		}
	}
	want := accuracyRow{"made", "v9", "go", bandBeyond, figureEffect, 2, 2, 0, 2, heldGate}
	if len(written.Rows) != 15 || written.Rows[12] != want { // two of each case, and the effect
		t.Errorf("%d rows: %+v", len(written.Rows), written.Rows)
	}
	if model, err := os.ReadFile(filepath.Join(data, "accuracy-made.yaml")); err != nil || !strings.Contains(string(model), "servers: 2") {
		t.Errorf("%v: %s", err, model)
	}
}

// TestAccuracyGoesOn: a run that is missing is played at a service, one that cannot be had is skipped with a sentence, and
// a search without a knee is refused.
func TestAccuracyGoesOn(t *testing.T) {
	a := made(t)
	var board accuracyBoard
	if err := a.add(t.Context(), &board, madeSubject{errors.New("it is not installed")}, ""); err != nil || len(board.Services) != 1 || board.Services[0].Skipped != "it is not installed" {
		t.Errorf("%v, %+v", err, board)
	}
	if err := os.RemoveAll(filepath.Join(a.folder, "made", "mix-2")); err != nil {
		t.Fatal(err)
	}
	if err := a.add(t.Context(), &board, madeSubject{}, ""); err == nil || !strings.Contains(err.Error(), "mix: a service was started") {
		t.Errorf("a missing run: %v", err)
	}
	if err := os.WriteFile(filepath.Join(a.folder, "made", "knee-2", "report.json"), []byte(`{"redline":{"held_per_s":90}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := a.add(t.Context(), &board, madeSubject{}, ""); err == nil || !strings.Contains(err.Error(), "search 2 did not find the knee") {
		t.Errorf("no knee: %v", err)
	}
}

// TestApart: a service that has one core in every case is not predicted on one core.
func TestApart(t *testing.T) {
	a := made(t)
	a.apart = true
	var board accuracyBoard
	if err := a.add(t.Context(), &board, madeSubject{}, ""); err != nil {
		t.Fatal(err)
	}
	for _, row := range board.Rows {
		if row.HeldOut == heldCore {
			t.Errorf("%+v", row)
		}
	}
	if program, arguments := onCores("1", "ombak", []string{"load"}); program != "taskset" || strings.Join(arguments, " ") != "-c 1 ombak load" {
		t.Error(program, arguments)
	}
	if program, arguments := onCores("", "ombak", []string{"load"}); program != "ombak" || len(arguments) != 1 {
		t.Error(program, arguments)
	}
}

func TestParseStat(t *testing.T) {
	const line = "42 (postgres: (x) y) S 7 1 1 0 -1 4194304 1 2 3 4 100 50 20 30 20 0 1 0 9 9 9\n"
	if pid, parent, seconds, err := parseStat(line); err != nil || pid != 42 || parent != 7 || !near(seconds, 2) {
		t.Errorf("%d, %d, %v, %v", pid, parent, seconds, err)
	}
	for _, wrong := range []string{"", "42 (x)", "42 (x) S 7", strings.Replace(line, " 100 ", " a ", 1), strings.Replace(line, "S 7", "S b", 1)} {
		if _, _, _, err := parseStat(wrong); err == nil {
			t.Errorf("%q was read", wrong)
		}
	}
}

// TestCPUBelow: all descendants count, the process itself and its parents do not.
func TestCPUBelow(t *testing.T) {
	proc := t.TempDir()
	for pid, parent := range map[int]int{1: 0, 10: 1, 11: 10, 12: 11, 20: 1} {
		folder := filepath.Join(proc, fmt.Sprint(pid))
		if err := os.Mkdir(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, "stat"), fmt.Appendf(nil, "%d (p) S %d 1 1 0 -1 4194304 1 2 3 4 %d 0 0 0 20 0 1 0 9\n", pid, parent, 100*pid), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got := cpuBelow(proc, 10); !near(got, 23) {
		t.Errorf("%v s below the process 10, want those of 11 and 12", got)
	}
}
