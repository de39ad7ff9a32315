package main

import (
	"context"
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
