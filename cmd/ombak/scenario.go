package main

import (
	"errors"
	"fmt"
	"slices"
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
			{Name: "list", Usage: "list the bundled scenarios, by sector and by what became of the service", Action: noArguments(func() error { return listScenarios(s) })},
			{Name: "show", Usage: "print a scenario file", ArgsUsage: "SCENARIO", Flags: []cli.Flag{sourcesFlag()}, Action: func(c *cli.Context) error { return showScenario(s, c) }},
			{Name: "check", Usage: "report every mistake in scenario files", ArgsUsage: "SCENARIO…", Action: func(c *cli.Context) error { return checkScenarios(s, c) }},
			{Name: "explain", Usage: "say what a key of scenario files means", ArgsUsage: "KEY.PATH", Action: func(c *cli.Context) error { return explainKey(s, c) }},
			formatCommand(s),
			{Name: "schema", Usage: "print the JSON Schema of scenario files", Action: noArguments(func() error { return printSchema(s) })},
			{
				Name: "init", Usage: "write a scenario to start from", ArgsUsage: "[SOURCE] FILE",
				Flags: initFlags(), Action: func(c *cli.Context) error { return initScenario(s, c) },
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

// arrivalsFlag returns the flag that replaces a scenario's arrivals.
func arrivalsFlag() cli.Flag {
	return &cli.StringFlag{Name: "arrivals", Usage: "let people come as the CSV `FILE` of counts says, instead of as the scenario says", EnvVars: envVar("arrivals")}
}

// withArrivals returns the scenario with the arrivals that --arrivals names, if it names any.
func withArrivals(c *cli.Context, scenario *scenarios.Scenario, err error) (*scenarios.Scenario, error) {
	if err != nil || c.String("arrivals") == "" {
		return scenario, err
	}
	return loaded(scenario.WithArrivals(c.String("arrivals")))
}

func loaded(scenario *scenarios.Scenario, err error) (*scenarios.Scenario, error) {
	if err != nil {
		return nil, usageError{err}
	}
	return scenario, nil
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
	if c.Bool("sources") {
		return showSources(s, scenario)
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
		for _, step := range withoutBody(scenario) {
			fmt.Fprintf(s.err, "%s: step %s sends %s without a body or headers; if the service expects a body, write json, text or multipart\n", name, step.Name, step.Request.Method)
		}
		fmt.Fprintf(s.out, "%s: no fault; %s\n", name, uses(scenario))
	}
	if len(faults) > 0 {
		return usageError{errors.Join(faults...)}
	}
	return nil
}

// explainKey says what a key means, its type, its default and an example.
func explainKey(s streams, c *cli.Context) error {
	path, err := oneArgument(c, "key, as in journey.retry.attempts")
	if err != nil {
		return err
	}
	explained, err := scenarios.Explain(path)
	if err != nil {
		return usageError{err}
	}
	rows := [][]string{{"meaning", explained.Text}, {"type", explained.Type}}
	if explained.Default != "" {
		rows = append(rows, []string{"default", explained.Default})
	}
	if explained.Example != "" {
		rows = append(rows, []string{"example", explained.Example + "   (" + explained.From + ")"})
	}
	if len(explained.Keys) > 0 {
		rows = append(rows, []string{"keys", strings.Join(explained.Keys, ", ")})
	}
	_, err = fmt.Fprintf(s.out, "%s\n%s", path, units.Table("", rows))
	return err
}

// withoutBody returns the steps of which only the address is known, as in drafts from logs, although their
// method usually has a body.
func withoutBody(scenario *scenarios.Scenario) []scenarios.Step {
	var found []scenarios.Step
	for _, step := range scenario.Journey {
		request := step.Request
		if request != nil && slices.Contains([]string{"POST", "PUT", "PATCH"}, request.Method) && request.JSON == nil && request.Text == "" && len(request.Multipart)+len(request.Headers) == 0 {
			found = append(found, step)
		}
	}
	return found
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
