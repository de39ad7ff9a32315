package main

import (
	"context"
	"errors"

	"github.com/ombak-sim/ombak/drill"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/setup"
)

// The exit codes of ombak. Where several apply: 104, 105, 1, 4, 99, 3, 0 in this order.
const (
	exitDone         = 0   // done, all thresholds hold
	exitFailed       = 1   // it could not be done, or a part died that no schedule meant to kill
	exitInconclusive = 3   // too little data to decide
	exitInvalid      = 4   // the generator did not offer the load it should have; no verdict is given
	exitBreached     = 99  // a threshold was breached
	exitRefused      = 104 // the scenario, a plan or a flag is wrong
	exitInterrupted  = 105 // interrupted; the partial report is written
)

// usageError is a fault of the command line.
type usageError struct{ error }

func (u usageError) Unwrap() error { return u.error }

// verdictError carries a report's verdict to the exit code; everything was printed already.
type verdictError struct{ verdict report.Verdict }

func (v verdictError) Error() string { return string(v.verdict) }

// exitCode says with which code an error ends the command.
func exitCode(err error) int {
	var usage usageError
	var mistakes scenarios.Mistakes
	var verdict verdictError
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &usage), errors.As(err, &mistakes), errors.Is(err, setup.ErrRefused):
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
