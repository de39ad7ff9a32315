package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/setup"
	"github.com/ombak-sim/ombak/units"
)

func scenarioCommand(s streams) *cli.Command {
	return &cli.Command{
		Name:  "scenario",
		Usage: "list, show, check and create scenario files",
		Subcommands: []*cli.Command{
			{Name: "list", Usage: "list the bundled scenarios", Action: noArguments(func() error { return listScenarios(s) })},
			{Name: "show", Usage: "print a scenario file", ArgsUsage: "SCENARIO", Action: func(c *cli.Context) error { return showScenario(s, c) }},
			{Name: "check", Usage: "report every mistake in scenario files", ArgsUsage: "SCENARIO…", Action: func(c *cli.Context) error { return checkScenarios(s, c) }},
			{Name: "schema", Usage: "print the JSON Schema of scenario files", Action: noArguments(func() error { return printSchema(s) })},
			{
				Name: "init", Usage: "write a scenario to start from", ArgsUsage: "[SOURCE] FILE",
				Flags:  []cli.Flag{&cli.StringFlag{Name: "from", Usage: "derive it from the file SOURCE of this `KIND`: openapi, har or access-log", EnvVars: envVar("from")}},
				Action: func(c *cli.Context) error { return initScenario(s, c) },
			},
		},
	}
}

// oneArgument returns the only argument, or an error if there is none or more than one.
func oneArgument(c *cli.Context, what string) (string, error) {
	if c.NArg() != 1 || c.Args().First() == "" {
		return "", usageError{fmt.Errorf("name one %s; %s --help shows how", what, c.Command.HelpName)}
	}
	return c.Args().First(), nil
}

// loadScenario reads a scenario. Its errors are usage errors.
func loadScenario(name string) (*scenarios.Scenario, error) { return loaded(scenarios.Load(name)) }

func loaded(scenario *scenarios.Scenario, err error) (*scenarios.Scenario, error) {
	if err != nil {
		return nil, usageError{err}
	}
	return scenario, nil
}

func listScenarios(s streams) error {
	var rows [][]string
	for _, name := range scenarios.Bundled() {
		scenario, err := loadScenario(name)
		if err != nil {
			return err
		}
		rows = append(rows, []string{name, scenario.Title})
		for _, plan := range scenario.Plans {
			rows = append(rows, []string{"  --plan " + plan.Name, plan.Description})
		}
	}
	_, err := io.WriteString(s.out, units.Table("", rows))
	return err
}

func showScenario(s streams, c *cli.Context) error {
	name, err := oneArgument(c, "scenario")
	if err != nil {
		return err
	}
	scenario, err := loadScenario(name)
	if err != nil {
		return err
	}
	_, err = s.out.Write(scenario.Source())
	return err
}

func checkScenarios(s streams, c *cli.Context) error {
	if c.NArg() == 0 {
		return usageError{errors.New("name at least one scenario to check; ombak scenario list shows the bundled ones")}
	}
	var faults []error
	for _, name := range c.Args().Slice() {
		scenario, err := loadScenario(name)
		if err == nil {
			err = setup.Check(scenario)
		}
		if err != nil {
			faults = append(faults, err)
			continue
		}
		fmt.Fprintf(s.out, "%s: no fault; %s\n", name, uses(scenario))
	}
	if len(faults) > 0 {
		return usageError{errors.Join(faults...)}
	}
	return nil
}

// uses states which commands the scenario has everything for.
func uses(scenario *scenarios.Scenario) string {
	var noRequest, noRoute []string
	for _, step := range scenario.Journey {
		if step.Request == nil {
			noRequest = append(noRequest, step.Name)
		}
		if len(step.Route) == 0 {
			noRoute = append(noRoute, step.Name)
		}
	}
	text := "it can be replayed"
	if len(noRequest) > 0 {
		text = fmt.Sprintf("it cannot be replayed (no request: %v)", noRequest)
	}
	switch unshared := scenario.Unshared(); {
	case len(noRoute) > 0:
		return text + fmt.Sprintf(" and not simulated (no route: %v)", noRoute)
	case len(unshared) > 0:
		return text + fmt.Sprintf(" and not simulated (no share beside a condition on got: %v)", unshared)
	}
	return text + " and simulated"
}

func printSchema(s streams) error {
	schema, err := scenarios.Schema()
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.out, "%s\n", schema)
	return err
}

func initScenario(s streams, c *cli.Context) error {
	if c.String("from") == "" {
		name, err := oneArgument(c, "file to write")
		if err != nil {
			return err
		}
		return writeScenario(s, name, scenarios.Template())
	}
	if c.NArg() < 1 || c.NArg() > 2 {
		return usageError{errors.New("name the file to read and the scenario file to write (printed if " +
			"omitted): ombak scenario init --from har browser.har mine.yaml")}
	}
	text, err := os.ReadFile(c.Args().First())
	if err != nil {
		return err
	}
	name := c.Args().Get(1)
	draft, err := scenarios.Draft(c.String("from"), strings.TrimSuffix(filepath.Base(cmp.Or(name, c.Args().First())), filepath.Ext(cmp.Or(name, c.Args().First()))), text)
	if err != nil {
		return usageError{err}
	}
	if name == "" {
		_, err = s.out.Write(draft)
		return err
	}
	return writeScenario(s, name, draft)
}

// writeScenario writes a new file.
func writeScenario(s streams, name string, text []byte) error {
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, os.ErrExist) {
		return usageError{fmt.Errorf("%s already exists; name a new file", name)}
	}
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	if err = errors.Join(err, file.Close()); err != nil {
		return errors.Join(err, os.Remove(name))
	}
	_, err = fmt.Fprintf(s.out, "wrote %s; check it with ombak scenario check %s\n", name, name)
	return err
}
