package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets the test binary act as ombak: for the scripts, for the parts that a drill starts from its own
// program, and for tests that start it with "as-ombak" as first argument.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "part" {
		os.Exit(Run(os.Args, os.Stdin, os.Stdout, os.Stderr))
	}
	if len(os.Args) > 1 && os.Args[1] == "as-ombak" {
		os.Exit(Run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	}
	testscript.Main(m, map[string]func(){
		"ombak": func() { os.Exit(Run(os.Args, os.Stdin, os.Stdout, os.Stderr)) },
	})
}

func TestScripts(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(environment *testscript.Env) error {
			environment.Setenv("REPOSITORY", root)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"code": code, "kill-part": killPart, "wait-for": waitFor, "serve-mocks": serveMocksScript, "stop-serving": stopServingScript,
			"expand": expandFile, "logs-agree": logsAgree, "logged-between": loggedBetween, "wait-for-fault": waitForFault, "falls-and-recovers": fallsAndRecovers,
		},
	})
}
