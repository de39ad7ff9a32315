package main

import (
	"context"
	"errors"
	"os"

	"github.com/urfave/cli/v2"
)

// interrupted is how an interrupted command ends: left says what did not come to its end, and what is
// written of it.
type interrupted struct{ left string }

func (i interrupted) Error() string { return "interrupted: " + i.left }

func (i interrupted) Unwrap() error { return context.Canceled }

// interruptible gives an action the words for the moments at which it has none of its own: whatever
// failed because of the interrupt, the user reads one sentence.
func interruptible(command string, action cli.ActionFunc) cli.ActionFunc {
	return func(c *cli.Context) error {
		err := action(c)
		if err == nil || c.Context.Err() == nil || hasWords(err) || exitCode(err) == exitRefused {
			return err
		}
		left := unfinished(command, campaignOf(c))
		if !errors.Is(err, context.Canceled) {
			left += " (" + err.Error() + ")"
		}
		return interrupted{left}
	}
}

// hasWords reports whether an error says by itself what was interrupted, or is a verdict: then the
// command came to its end before the interrupt counted.
func hasWords(err error) bool {
	var own interrupted
	var partial stopped
	var verdict verdictError
	return errors.As(err, &own) || errors.As(err, &partial) || errors.As(err, &verdict)
}

// campaignOf returns the folder of the command's campaign, if that has kept anything.
func campaignOf(c *cli.Context) string {
	folder := c.String("campaign")
	if folder == "" || !hasFlag(c, "campaign") {
		return ""
	}
	if kept, err := os.ReadDir(folder); err != nil || len(kept) == 0 {
		return ""
	}
	return folder
}

// unfinished says what an interrupt leaves of a command that has written nothing yet but into the folder of a campaign, which
// is empty if there is none.
func unfinished(command, campaign string) string {
	if campaign != "" {
		return "the simulations did not come to their end; " + campaign + " keeps the results so far, and the same command goes on from there"
	}
	switch command {
	case "simulate", "plan":
		return "the simulations did not come to their end, so nothing is written"
	case "validate":
		return "the simulations did not come to their end, so nothing is compared"
	case "calibrate":
		return "the fit did not come to its end, so no model is written"
	case "drill", "load", "redline":
		return "nobody had been sent yet, so nothing is written"
	case "doctor":
		return "the machine was not examined to the end"
	case "list":
		return "the mocks had not answered yet"
	case "start", "stop":
		return "the mocks had not answered yet; ombak fault list shows what they did"
	case "join":
		return "this machine had not joined the fleet yet"
	case "collect":
		return "the rows were not collected, so nothing is written"
	case "backend", "mocks", "serve":
		return "it was not serving yet"
	}
	return command + " did not come to its end"
}
