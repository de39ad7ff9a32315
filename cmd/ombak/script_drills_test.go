//go:build drills

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/ombak-sim/ombak/scenarios"
)

// TestDrills runs the scripts that play in real time.
func TestDrills(t *testing.T) {
	shared := &sharedDrill{folder: t.TempDir()}
	params := scripts(t, "testdata/drill")
	prepare := params.Setup
	params.Setup = func(environment *testscript.Env) error {
		return errors.Join(prepare(environment), writeRelaxed(environment.WorkDir))
	}
	params.Cmds["drilled"] = shared.copy
	params.Cmds["kill-part"] = killPart
	params.Cmds["logs-agree"], params.Cmds["logged-between"] = logsAgree, loggedBetween
	params.Cmds["falls-and-recovers"] = fallsAndRecovers
	testscript.Run(t, params)
}

// sharedDrill is one drill of relaxed.yaml whose files several scripts look at.
type sharedDrill struct {
	folder         string
	once           sync.Once
	stdout, stderr strings.Builder
	err            error
}

func (d *sharedDrill) play() {
	if d.err = writeRelaxed(d.folder); d.err != nil {
		return
	}
	command := exec.Command("ombak", "drill", "relaxed.yaml", "--out", "out")
	command.Dir, command.Stdout, command.Stderr = d.folder, &d.stdout, &d.stderr
	if err := command.Run(); err != nil {
		d.err = fmt.Errorf("the drill that scripts share: %w\n%s%s", err, &d.stdout, &d.stderr)
	}
}

// copy implements drilled FOLDER: the folder becomes a copy of what the drill wrote, and what it said goes
// to the files stdout and stderr.
func (d *sharedDrill) copy(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: drilled FOLDER")
	}
	d.once.Do(d.play)
	ts.Check(d.err)
	ts.Check(os.CopyFS(ts.MkAbs(args[0]), os.DirFS(filepath.Join(d.folder, "out"))))
	ts.Check(os.WriteFile(ts.MkAbs("stdout"), []byte(d.stdout.String()), 0o600))
	ts.Check(os.WriteFile(ts.MkAbs("stderr"), []byte(d.stderr.String()), 0o600))
}

// writeRelaxed writes two scenarios that every script has: relaxed.yaml is smoke with fewer people, who
// break nothing and make no run invalid however slow the machine is; long.yaml lasts until it is ended.
func writeRelaxed(folder string) error {
	for name, length := range map[string]string{"relaxed.yaml": "2s", "long.yaml": "2m"} {
		text, err := relaxed(length)
		if err == nil {
			err = os.WriteFile(filepath.Join(folder, name), text, 0o600)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// relaxed returns smoke with arrivals for a time, and without limits of time.
func relaxed(length string) ([]byte, error) {
	smoke, err := scenarios.Load("smoke")
	if err != nil {
		return nil, err
	}
	text := smoke.Source()
	for _, change := range []struct{ old, new string }{
		{`for: 8s, rate`, "for: " + length + ", rate"},
		{`(?m)^drain: 2s$`, "drain: 5m"}, // a run ends before, with the last person's way
		{`(?m)^.*response_time_passed.*\n`, ""},
		{`lag_p99: 1s`, "lag_p99: 1h"},
		{`(?m)^  - name: (landing|sign-up)$`, "  - name: $1\n    timeout: 5m"},
	} {
		pattern := regexp.MustCompile(change.old)
		if !pattern.Match(text) {
			return nil, fmt.Errorf("nothing in smoke is like %s", change.old)
		}
		text = pattern.ReplaceAll(text, []byte(change.new))
	}
	return text, nil
}
