package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/ombak-sim/ombak/live"
)

// clockCommand turns the clock of a simulation that is watched.
func clockCommand(s streams) *cli.Command {
	turn := func(name, usage, arguments string, read func(c *cli.Context) (map[string]any, error)) *cli.Command {
		flags := []cli.Flag{outFlag(), &cli.BoolFlag{Name: "json", Usage: "print JSON", EnvVars: envVar("json")}}
		return &cli.Command{Name: name, Usage: usage, ArgsUsage: arguments, Flags: flags, Action: func(c *cli.Context) error {
			change, err := read(c)
			if err != nil {
				return err
			}
			return turnClock(c, s, change)
		}}
	}
	paused := func(is bool) func(c *cli.Context) (map[string]any, error) {
		return func(c *cli.Context) (map[string]any, error) {
			_, err := readNothing(c)
			return map[string]any{"paused": is}, err
		}
	}
	one := func(key, what string) func(c *cli.Context) (map[string]any, error) {
		return func(c *cli.Context) (map[string]any, error) {
			value, err := oneArgument(c, what)
			return map[string]any{key: value}, err
		}
	}
	return &cli.Command{
		Name:  "clock",
		Usage: "pause the clock of a simulation, or change its pace; arrivals go on with it",
		Subcommands: []*cli.Command{
			turn("pause", "let virtual time stand still", "", paused(true)),
			turn("go", "let virtual time go on", "", paused(false)),
			turn("pace", "play virtual time at another pace, for example 20x, or max", "X", one("pace", "pace, such as 20x or max")),
			turn("until", "play at once up to an instant of the scenario, and pause there", "TIME", one("until", "instant of the scenario, such as 5m")),
		},
		Action: func(c *cli.Context) error {
			if c.NArg() > 0 {
				return usageError{fmt.Errorf("unexpected argument %q; use pause, go, pace or until", c.Args().First())}
			}
			return usageError{errors.New("say what the clock shall do: pause, go, pace X or until TIME")}
		},
	}
}

// turnClock sends a change of the clock.
func turnClock(c *cli.Context, s streams, change map[string]any) error {
	at, err := findEndpoint(c.String("out"))
	if err != nil {
		return err
	}
	var clock live.Clock
	if err := at.ask(c.Context, http.MethodPost, "/v1/clock", change, &clock); err != nil {
		return err
	}
	if c.Bool("json") {
		return json.NewEncoder(s.out).Encode(clock)
	}
	_, err = fmt.Fprintln(s.out, clockText(clock))
	return err
}

// clockText says how a clock goes.
func clockText(clock live.Clock) string {
	instant := func(s float64) time.Duration { return time.Duration(s * float64(time.Second)).Round(time.Millisecond) }
	switch {
	case clock.UntilS > 0:
		return fmt.Sprintf("the clock is at %v of the scenario, goes to %v at once and pauses there", instant(clock.AtS), instant(clock.UntilS))
	case clock.Paused:
		return fmt.Sprintf("the clock is paused at %v of the scenario; its pace is %s", instant(clock.AtS), clock.Pace)
	}
	return fmt.Sprintf("the clock is at %v of the scenario and goes at %s", instant(clock.AtS), clock.Pace)
}
