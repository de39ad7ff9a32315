//go:build !windows

package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/ombak-sim/ombak/fleet"
)

// wait-for-agents N URL, or N URL AUTHORITY, waits until a fleet has so many agents, none of which plays.
func waitForAgents(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: wait-for-agents N URL [AUTHORITY]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	login := fleet.Login{URL: args[1]}
	if len(args) > 2 {
		login.CA = ts.MkAbs(args[2])
	}
	var listed []fleet.Listed
	for range generous {
		idle := 0
		listed, err = fleet.List(context.Background(), login)
		for _, agent := range listed {
			if agent.Playing == "" {
				idle++
			}
		}
		if err == nil && idle == want {
			return
		}
		<-time.After(pause)
	}
	ts.Fatalf("%d agents have joined, want %d (%v)", len(listed), want, err)
}

// wait-for-rows N FOLDER waits until an agent with this folder has kept N rows or more of a run.
func waitForRows(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: wait-for-rows N FOLDER")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	for range generous {
		files, err := filepath.Glob(filepath.Join(ts.MkAbs(args[1]), "*", "rows"))
		ts.Check(err)
		for _, file := range files {
			text, _ := os.ReadFile(file) // it may just have been forgotten
			if bytes.Count(text, []byte(`"crc32c"`)) >= want {
				return
			}
		}
		<-time.After(pause)
	}
	ts.Fatalf("%s has fewer than %d rows", args[1], want)
}

// name-of-run NAME FOLDER sets a variable to the name of the run of which an agent with this folder keeps rows.
func nameOfRun(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: name-of-run NAME FOLDER")
	}
	files, err := filepath.Glob(filepath.Join(ts.MkAbs(args[1]), "*", "rows"))
	ts.Check(err)
	if len(files) != 1 {
		ts.Fatalf("%s keeps rows of %d runs", args[1], len(files))
	}
	ts.Setenv(args[0], filepath.Base(filepath.Dir(files[0])))
}
