package main

import (
	"fmt"

	"github.com/urfave/cli/v2"
)

// formulas lists what ombak calc computes, in the order of its help.
//
// To add one: write the formula in package capacity, its descriptor in a file calc_NAME.go, and a line here. Help,
// flags, the JSON object, the table and docs/reference/formulas.md follow from the descriptor.
func formulas() []formula {
	return []formula{
		mm1(), mmc(), mmck(), mg1(), mgc(), erlangA(), erlangB(), erlangC(), setUp(), pauses(), priority(),
		fewestServers(), little(),
		jackson(), mva(),
		mtmInfinity(), fluid(),
		retries(), ttl(),
		usl(), forecast(),
	}
}

// formula describes one formula of ombak calc.
type formula struct {
	name      string
	summary   string // one line for the list of formulas
	source    string // author, work and equation
	example   string // arguments and flags of one call that works
	arguments string // placeholder of the arguments; empty if it takes none
	flags     []cli.Flag
	figures   []figure // values it may answer, in the order of the table
	compute   func(*inputs) (answer, error)
}

func calcCommand(s streams) *cli.Command {
	command := &cli.Command{
		Name:  "calc",
		Usage: "compute a formula of queueing theory",
		Description: "Rates are per second (0.8) or name their unit (80000/m). Times are in seconds (15) or are durations (250ms).\n" +
			"docs/reference/formulas.md lists every formula with its source and its conditions.",
		Action: func(c *cli.Context) error {
			if word := c.Args().First(); word != "" {
				return usageError{fmt.Errorf("unknown formula %q; ombak calc --help lists them", word)}
			}
			return cli.ShowSubcommandHelp(c)
		},
	}
	for _, f := range formulas() {
		command.Subcommands = append(command.Subcommands, f.command(s))
	}
	return command
}

func (f formula) command(s streams) *cli.Command {
	asJSON := &cli.BoolFlag{Name: "json", Usage: "print a JSON object", EnvVars: envVar("json")}
	return &cli.Command{
		Name: f.name, Usage: f.summary, ArgsUsage: f.arguments, Flags: append(f.flags, asJSON),
		Description: "Example: ombak calc " + f.name + " " + f.example + "\nSource: " + f.source,
		Action: func(c *cli.Context) error {
			if f.arguments == "" && c.NArg() > 0 {
				return usageError{fmt.Errorf("unexpected argument %q; ombak calc %s --help shows the flags", c.Args().First(), f.name)}
			}
			in := &inputs{c: c, formula: f.name}
			result, err := f.compute(in)
			if in.fault != nil {
				err = in.fault // errors caused by the missing input are dropped
			}
			if err != nil {
				return usageError{err}
			}
			if c.Bool("json") {
				return result.writeJSON(s)
			}
			return result.writeTable(s, f)
		},
	}
}
