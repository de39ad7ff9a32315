package main

import (
	"context"
	"errors"

	"github.com/ombak-sim/ombak/drill"
	"github.com/ombak-sim/ombak/fleet"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/setup"
)

// The exit codes of ombak. If several apply, the first of 104, 105, 1, 4, 99, 3, 0 is returned.
const (
	exitDone         = 0   // the command succeeded and all thresholds hold
	exitFailed       = 1   // the command failed, or a part died that no fault was scheduled to kill
	exitInconclusive = 3   // there is too little data to decide
	exitInvalid      = 4   // the run is invalid: the generator did not offer the scheduled load, or its books do not add up
	exitBreached     = 99  // a threshold is breached
	exitRefused      = 104 // a scenario, plan, report or flag is wrong; nothing was run
	exitInterrupted  = 105 // the command was interrupted; a partial report is written if there is one
)

// usageError is a mistake on the command line.
type usageError struct{ error }

func (u usageError) Unwrap() error { return u.error }

// verdictError carries a report's verdict to the exit code. Everything is already printed.
type verdictError struct{ verdict report.Verdict }

func (v verdictError) Error() string { return string(v.verdict) }

// exitCode returns the exit code for an error.
func exitCode(err error) int {
	var usage usageError
	var mistakes scenarios.Mistakes
	var verdict verdictError
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &usage), errors.As(err, &mistakes), errors.Is(err, setup.ErrRefused), errors.Is(err, fleet.ErrRefused):
		return exitRefused
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	case errors.Is(err, drill.ErrBroken):
		return exitBreached
	case errors.As(err, &verdict):
		return exitOfVerdict(verdict.verdict)
	}
	return exitFailed
}

func exitOfVerdict(verdict report.Verdict) int {
	switch verdict {
	case report.Pass:
		return exitDone
	case report.Invalid:
		return exitInvalid
	case report.Fail:
		return exitBreached
	}
	return exitInconclusive
}
