//go:build !windows

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain builds ombak for the scripts, without the race detector, which makes each of their hundreds of
// processes start ten times slower. Scripts check what ombak prints and writes; the tests of packages look for
// races. The test binary, which may have the race detector, acts as ombak too: with "part" as first argument for
// the drills of tests in this process, and with "as-ombak" for TestFullDisk.
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

// TestScripts runs the scripts that start no drill.
func TestScripts(t *testing.T) {
	testscript.Run(t, scripts(t, "testdata/script"))
}

// scripts says how to run the scripts of a folder.
func scripts(t *testing.T, folder string) testscript.Params {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	return testscript.Params{
		Dir: folder,
		Setup: func(environment *testscript.Env) error {
			environment.Setenv("OMBAK_SEND_RATE", "100000/s") // agents that join a fleet need not measure it
			environment.Setenv("REPOSITORY", root)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"code": code, "wait-for": waitFor, "serve-mocks": serveMocksScript, "stop-serving": stopServingScript,
			"wait-for-agents": waitForAgents, "wait-for-rows": waitForRows, "name-of-run": nameOfRun, "expand": expandFile, "wait-for-fault": waitForFault, "free-port": freePort, "relay": relay,
		},
	}
}
