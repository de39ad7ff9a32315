package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/urfave/cli/v2"
)

// streams holds where a command reads and writes, and its arguments.
type streams struct {
	in        io.Reader
	out, err  io.Writer
	arguments []string // without the program's name
}

// Run runs ombak. Arguments begin with the program's name. Run returns the exit code.
func Run(arguments []string, in io.Reader, out, errOut io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), interrupts()...)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends at once
	return run(ctx, arguments, in, out, errOut)
}

// interrupts returns the signals that interrupt a command. A hangup does, unless nohup has the program ignore it.
func interrupts() []os.Signal {
	signals := []os.Signal{syscall.SIGINT, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		signals = append(signals, syscall.SIGHUP)
	}
	return signals
}

// run is Run until the context ends.
func run(ctx context.Context, arguments []string, in io.Reader, out, errOut io.Writer) int {
	app := newApp(streams{in, out, errOut, arguments[min(1, len(arguments)):]})
	err := app.RunContext(ctx, flagsFirst(app, arguments))
	code := exitCode(err)
	var verdict verdictError
	if err != nil && !errors.As(err, &verdict) {
		fmt.Fprintf(errOut, "ombak: %s\n", readable(err.Error()))
	}
	return code
}

func newApp(s streams) *cli.App {
	app := &cli.App{
		Name:                      "ombak",
		Usage:                     "rehearse a traffic surge before it happens",
		HideVersion:               true,
		DisableSliceFlagSeparator: true, // a value may contain a comma; give several values one by one
		Reader:                    s.in,
		Writer:                    s.out,
		ErrWriter:                 s.err,
		ExitErrHandler:            func(*cli.Context, error) {},
		OnUsageError:              onUsageError,
		CommandNotFound:           func(*cli.Context, string) {},
		Action:                    unknownCommand,
		Commands: []*cli.Command{
			drillCommand(s), loadCommand(s), redlineCommand(s), simulateCommand(s), planCommand(s), calibrateCommand(s), validateCommand(s), calcCommand(s), compareCommand(s), mergeCommand(s), plotCommand(s), exportCommand(s), scenarioCommand(s), serveCommand(s), faultCommand(s), controlCommand(s), fleetCommand(s), doctorCommand(s), partCommand(s), completionCommand(s), candidatesCommand(s), manCommand(s), versionCommand(s),
		},
	}
	for _, command := range app.Commands {
		complete(command)
	}
	return app
}

// complete gives every command its usage errors and its words for an interrupt.
func complete(command *cli.Command) {
	command.OnUsageError = onUsageError
	if command.Action == nil {
		command.Action = unknownCommand
	}
	command.Action = interruptible(command.Name, command.Action)
	for _, sub := range command.Subcommands {
		complete(sub)
	}
}

func onUsageError(c *cli.Context, err error, _ bool) error {
	return usageError{fmt.Errorf("%w; %s --help shows the flags", err, cmp.Or(c.Command.HelpName, c.App.Name))}
}

// noArguments returns an action for a command without arguments.
func noArguments(action func() error) cli.ActionFunc {
	return func(c *cli.Context) error {
		if c.NArg() > 0 {
			return usageError{fmt.Errorf("unexpected argument %q; %s --help shows the flags", c.Args().First(), c.Command.HelpName)}
		}
		return action()
	}
}

// unknownCommand shows the help, or returns an error for an unknown command.
func unknownCommand(c *cli.Context) error {
	if word := c.Args().First(); word != "" {
		return usageError{fmt.Errorf("unknown command %q; %s --help lists the commands", word, strings.TrimSpace(cmp.Or(c.Command.HelpName, c.App.Name)))}
	}
	if len(c.Lineage()) > 2 { // the application is a command too, and has a parent
		return cli.ShowSubcommandHelp(c)
	}
	return cli.ShowAppHelp(c)
}

// envVar returns the environment variable of a flag.
func envVar(flag string) []string {
	return []string{"OMBAK_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))}
}

// flagsFirst moves flags before the other arguments, so that they may stand anywhere. Arguments after "--"
// stay in place.
func flagsFirst(app *cli.App, arguments []string) []string {
	if len(arguments) == 0 {
		return arguments
	}
	head, rest := arguments[:1:1], arguments[1:]
	commands := app.Commands
	var flags []cli.Flag
	for len(rest) > 0 {
		command := find(commands, rest[0])
		if command == nil {
			break
		}
		head, rest = append(head, rest[0]), rest[1:]
		flags, commands = command.Flags, command.Subcommands
	}
	var first, others []string
	for i := 0; i < len(rest); i++ {
		argument := rest[i]
		if argument == "--" {
			others = append(others, rest[i:]...)
			break
		}
		if !strings.HasPrefix(argument, "-") || argument == "-" {
			others = append(others, argument)
			continue
		}
		if argument == "--help" || argument == "-h" {
			return append(head, argument) // with an argument, the library would look for the help of a command of that name
		}
		next := ""
		if i+1 < len(rest) {
			next = rest[i+1]
		}
		if complete, taken := liveAddress(argument, next); taken {
			first = append(first, complete)
			continue
		}
		first = append(first, argument)
		if takesValue(flags, argument) && i+1 < len(rest) {
			i++
			first = append(first, rest[i])
		}
	}
	return append(append(head, first...), others...)
}

func find(commands []*cli.Command, name string) *cli.Command {
	for _, command := range commands {
		if command.HasName(name) {
			return command
		}
	}
	return nil
}

// takesValue reports whether the argument is a flag whose value is the next argument.
func takesValue(flags []cli.Flag, argument string) bool {
	name := strings.TrimLeft(argument, "-")
	if strings.Contains(name, "=") {
		return false
	}
	for _, flag := range flags {
		for _, known := range flag.Names() {
			if known == name {
				_, isBool := flag.(*cli.BoolFlag)
				return !isBool
			}
		}
	}
	return false
}
