package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/ombak-sim/ombak/scenarios"
)

// TestMain builds ombak for the scripts, without the race detector, which makes each of their hundreds of
// processes start ten times slower: scripts are about what is said and written, and the tests of packages
// watch for races in what it is made of. The test binary, which may be raced, is ombak, too: with "part"
// for a first argument for the drills of tests in this process, and with "as-ombak" for TestFullDisk.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "part" {
		os.Exit(Run(os.Args, os.Stdin, os.Stdout, os.Stderr))
	}
	if len(os.Args) > 1 && os.Args[1] == "as-ombak" {
		os.Exit(Run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	}
	os.Exit(withOmbak(m.Run))
}

// withOmbak calls tests with ombak in the PATH.
func withOmbak(tests func() int) (code int) {
	folder, err := os.MkdirTemp("", "ombak-scripts-")
	if err == nil {
		defer func() { _ = os.RemoveAll(folder) }() // for temporary files
		var said []byte
		if said, err = exec.Command("go", "build", "-buildvcs=false", "-o", filepath.Join(folder, "ombak"), ".").CombinedOutput(); err != nil {
			err = fmt.Errorf("%w\n%s", err, said)
		}
	}
	if err == nil {
		err = os.Setenv("PATH", folder+string(filepath.ListSeparator)+os.Getenv("PATH"))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "building ombak for the scripts:", err)
		return 1
	}
	return tests()
}

func TestScripts(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	shared := &sharedDrill{folder: t.TempDir()}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(environment *testscript.Env) error {
			environment.Setenv("REPOSITORY", root)
			return writeRelaxed(environment.WorkDir)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"code": code, "kill-part": killPart, "wait-for": waitFor, "serve-mocks": serveMocksScript, "stop-serving": stopServingScript,
			"expand": expandFile, "logs-agree": logsAgree, "logged-between": loggedBetween, "wait-for-fault": waitForFault, "falls-and-recovers": fallsAndRecovers,
			"free-port": freePort, "drilled": shared.copy,
		},
	})
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
