package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/ombak-sim/ombak/mocks"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/units"
	"github.com/ombak-sim/ombak/workload/fault"
)

func faultCommand(s streams) *cli.Command {
	return &cli.Command{
		Name:  "fault",
		Usage: "inject faults into the mocks of a running drill",
		Subcommands: []*cli.Command{
			{
				Name: "list", Usage: "list active and scheduled faults",
				Flags: controlFlags(
					&cli.BoolFlag{Name: "ended", Usage: "include faults that have ended", EnvVars: envVar("ended")},
					&cli.BoolFlag{Name: "known", Usage: "list the faults that you can start instead", EnvVars: envVar("known")},
				),
				Action: func(c *cli.Context) error { return listFaults(c, s.out) },
			},
			{
				Name: "start", Usage: "start a fault that ends by itself", ArgsUsage: "FAULT",
				Flags: controlFlags(
					&cli.StringFlag{Name: "on", Usage: "apply it to the mock `NAME`; by default to all mocks that the fault names", EnvVars: envVar("on")},
					&cli.DurationFlag{Name: "for", Usage: "end the fault after this `TIME`", Value: mocks.DefaultLimit, EnvVars: envVar("for")},
					&cli.DurationFlag{Name: "ramp", Usage: "reach full strength within this scenario `TIME`", EnvVars: envVar("ramp")},
					&cli.StringFlag{Name: "probability", Usage: "affect only this `SHARE` of requests, for example 10%", EnvVars: envVar("probability")},
					&cli.StringSliceFlag{Name: "with", Usage: "set a parameter of the fault, as `NAME=VALUE`, for example delay=2s", EnvVars: envVar("with")},
				),
				Action: func(c *cli.Context) error { return startFault(c, s.out) },
			},
			{
				Name: "stop", Usage: "end a fault that you started", ArgsUsage: "ID",
				Flags:  controlFlags(),
				Action: func(c *cli.Context) error { return stopFault(c) },
			},
		},
	}
}

func listFaults(c *cli.Context, out io.Writer) error {
	if c.NArg() > 0 {
		return usageError{fmt.Errorf("unexpected argument %q; list takes no argument", c.Args().First())}
	}
	if c.Bool("known") {
		return printKnown(out)
	}
	control, err := findControl(c)
	if err != nil {
		return err
	}
	var list mocks.FaultList
	path := "/v1/faults"
	if c.Bool("ended") {
		path += "?ended=1"
	}
	if err := ask(c.Context, control, http.MethodGet, path, nil, &list); err != nil {
		return err
	}
	return printFaults(c, out, list)
}

func printFaults(c *cli.Context, out io.Writer, list mocks.FaultList) error {
	if c.Bool("json") {
		return json.NewEncoder(out).Encode(list)
	}
	if len(list.Faults) == 0 {
		_, err := fmt.Fprintln(out, "no fault is active or scheduled")
		return err
	}
	rows := [][]string{{"ID", "FAULT", "ON", "STATE"}}
	for _, view := range list.Faults {
		id := view.ID
		if id == "" {
			id = "scheduled"
		}
		rows = append(rows, []string{id, view.Fault, view.On, stateOf(view)})
	}
	_, err := io.WriteString(out, units.Table("", rows))
	return err
}

func stateOf(view mocks.FaultView) string {
	switch {
	case view.Now && view.LeftS > 0:
		return "active, ends in " + units.Time(view.LeftS)
	case view.Now:
		return "active, to the end"
	case view.ForS > 0 && view.LeftS == 0:
		return "ended"
	}
	return fmt.Sprintf("begins at %s of the scenario", units.Time(view.AtS))
}

func printKnown(out io.Writer) error {
	var rows [][]string
	for _, set := range fault.Sets() {
		rows = append(rows, []string{set.Name, set.Purpose})
	}
	for _, kind := range fault.Kinds() {
		rows = append(rows, []string{string(kind), "a kind, for --on NAME"})
	}
	_, err := io.WriteString(out, units.Table("", rows))
	return err
}

func startFault(c *cli.Context, out io.Writer) error {
	name, err := oneArgument(c, "fault to start (ombak fault list --known shows them)")
	if err != nil {
		return err
	}
	if length := c.Duration("for"); length <= 0 || length > mocks.LongestLimit {
		return usageError{fmt.Errorf("--for is %v; a fault must end within %v", length, mocks.LongestLimit)}
	}
	start := mocks.FaultStart{On: c.String("on"), LimitS: c.Duration("for").Seconds()}
	start.Fault, start.Ramp = name, c.Duration("ramp")
	if start.Probability, err = readShare(c.String("probability")); err != nil {
		return err
	}
	if start.With, err = readWith(c.StringSlice("with")); err != nil {
		return err
	}
	control, err := findControl(c)
	if err != nil {
		return err
	}
	var started mocks.FaultList
	if err := ask(c.Context, control, http.MethodPost, "/v1/faults", start, &started); err != nil {
		return err
	}
	return printFaults(c, out, started)
}

func readShare(text string) (float64, error) {
	var share scenarios.Share
	if text == "" {
		return 0, nil
	}
	if err := share.UnmarshalText([]byte(text)); err != nil {
		return 0, usageError{fmt.Errorf("--probability %w", err)}
	}
	return float64(share), nil
}

func readWith(texts []string) (map[string]any, error) {
	with := map[string]any{}
	for _, text := range texts {
		name, value, found := strings.Cut(text, "=")
		if !found || name == "" || value == "" {
			return nil, usageError{fmt.Errorf("--with %q has no value; write NAME=VALUE", text)}
		}
		with[name] = value
	}
	return with, nil
}

func stopFault(c *cli.Context) error {
	id, err := oneArgument(c, "fault to stop by its ID (ombak fault list shows it)")
	if err != nil {
		return err
	}
	if id == "scheduled" {
		return usageError{errors.New("a scheduled fault ends by itself; only faults started by hand can be " +
			"stopped")}
	}
	control, err := findControl(c)
	if err != nil {
		return err
	}
	return ask(c.Context, control, http.MethodDelete, "/v1/faults/"+url.PathEscape(id), nil, nil)
}
