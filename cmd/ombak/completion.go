package main

import (
	"embed"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/scenarios/draft"
)

// completers are the shells' halves: each asks ombak __complete for what may stand next.
//
//go:embed completion
var completers embed.FS

func shells() []string { return []string{"bash", "zsh", "fish", "powershell"} }

func completionCommand(s streams) *cli.Command {
	return &cli.Command{
		Name:      "completion",
		Usage:     "print a script with which a shell completes ombak's commands, flags, scenarios, plans and steps",
		ArgsUsage: "SHELL",
		Action: func(c *cli.Context) error {
			shell := c.Args().First()
			if c.NArg() != 1 || !slices.Contains(shells(), shell) {
				return usageError{fmt.Errorf("name one shell: %s", strings.Join(shells(), ", "))}
			}
			text, err := completers.ReadFile("completion/" + shell)
			if err != nil {
				return err
			}
			_, err = s.out.Write(text)
			return err
		},
	}
}

// candidatesCommand prints what may stand in place of its last argument, a line each.
func candidatesCommand(s streams) *cli.Command {
	return &cli.Command{
		Name:   "__complete",
		Hidden: true,
		Usage:  "print what may stand in place of the last WORD",
		Action: func(c *cli.Context) error {
			words := c.Args().Slice()
			if len(words) == 0 {
				return errors.New("give the words of the command line, the last one unfinished")
			}
			for _, candidate := range candidates(c.App, words) {
				if _, err := fmt.Fprintln(s.out, candidate); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

// typed is a command line up to the word that is being typed.
type typed struct {
	command  *cli.Command
	named    []string // the arguments that are no flags
	flag     string   // the flag whose value is being typed, or empty
	unspaced string   // what stands before the value, as in --plan=
	current  string
}

// readTyped follows the words to the command that they name.
func readTyped(app *cli.App, words []string) typed {
	at := typed{command: &cli.Command{Subcommands: app.Commands}}
	for _, word := range words[:len(words)-1] {
		switch next := find(at.command.Subcommands, word); {
		case at.flag != "":
			at.flag = ""
		case strings.HasPrefix(word, "-"):
			if name := strings.TrimLeft(word, "-"); takesValue(at.command.Flags, word) && !strings.Contains(name, "=") {
				at.flag = name
			}
		case next != nil && len(at.named) == 0:
			at.command = next
		default:
			at.named = append(at.named, word)
		}
	}
	at.current = words[len(words)-1]
	if before, value, found := strings.Cut(at.current, "="); found && at.flag == "" && strings.HasPrefix(before, "--") {
		at.flag, at.unspaced, at.current = strings.TrimLeft(before, "-"), before+"=", value
	}
	return at
}

// candidates returns what may stand in place of the last word, in order. Nothing means a file, or anything.
func candidates(app *cli.App, words []string) []string {
	at := readTyped(app, words)
	var all []string
	switch {
	case at.flag != "":
		all = at.values()
	case strings.HasPrefix(at.current, "-"):
		for _, flag := range at.command.VisibleFlags() {
			all = append(all, "--"+flag.Names()[0])
		}
	default:
		all = at.arguments()
	}
	var fitting []string
	for _, candidate := range all {
		if strings.HasPrefix(candidate, at.current) {
			fitting = append(fitting, at.unspaced+candidate)
		}
	}
	return fitting
}

// arguments returns what may stand as an argument: a command, or what the command takes.
func (at typed) arguments() []string {
	var all []string
	if len(at.named) == 0 {
		for _, command := range at.command.Subcommands {
			if !command.Hidden {
				all = append(all, command.Name)
			}
		}
	}
	takes := at.command.ArgsUsage
	switch first, _, _ := strings.Cut(strings.Trim(takes, "[]"), " "); {
	case first == "SHELL":
		all = append(all, shells()...)
	case first == "SCENARIO" && len(at.named) == 0, strings.HasPrefix(first, "SCENARIO…"):
		all = append(all, scenarios.Bundled()...)
	}
	return all
}

// values returns what may be given to a flag.
func (at typed) values() []string {
	switch at.flag {
	case "plan":
		var plans []string
		if scenario := at.scenario(); scenario != nil {
			for _, plan := range scenario.Plans {
				plans = append(plans, plan.Name)
			}
		}
		return plans
	case "threshold":
		var steps []string
		if scenario := at.scenario(); scenario != nil {
			for _, step := range scenario.Journey {
				steps = append(steps, step.Name+".passed", step.Name+".response_time_passed.p95", step.Name+".response_time_passed.p99")
			}
		}
		return steps
	case "store":
		return []string{"postgres", "postgres://", "sqlite:"}
	case "from":
		if at.command.Name == "init" {
			return draft.Kinds()
		}
	case "as":
		return slices.Sorted(maps.Keys(exports()))
	case "scenario":
		return scenarios.Bundled()
	}
	return nil
}

// scenario returns the scenario that the command line names, or nil.
func (at typed) scenario() *scenarios.Scenario {
	name := defaultScenario
	if len(at.named) > 0 {
		name = at.named[0]
	}
	scenario, err := scenarios.Load(name)
	if err != nil {
		return nil // it may not be typed yet
	}
	return scenario
}
