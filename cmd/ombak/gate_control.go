package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/ombak-sim/ombak/backend"
	"github.com/ombak-sim/ombak/drill"
	"github.com/ombak-sim/ombak/gate"
	"github.com/ombak-sim/ombak/setup"
)

// behindGateFlags returns the flags that name the gate in front of a service.
func behindGateFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "gate-url", Usage: "change policies at the gate whose admin listener is at `URL`, which ombak serve gate prints: as the plan's schedule and interventions say, and from the page", EnvVars: envVar("gate-url")},
		&cli.StringFlag{Name: "gate-token", Usage: "the `TOKEN` for --gate-url", EnvVars: envVar("gate-token")},
	}
}

// readGate reads whether a gate stands in front of the service.
func readGate(c *cli.Context, options *setup.Options) (err error) {
	options.Gated, err = readOperators(c, "gate")
	return err
}

// readOperators reports whether the flags --NAME-url and --NAME-token name an admin listener, as ombak serve NAME prints it.
func readOperators(c *cli.Context, name string) (named bool, err error) {
	address, token := c.String(name+"-url"), c.String(name+"-token")
	if (address == "") != (token == "") {
		return false, usageError{fmt.Errorf("--%[1]s-url and --%[1]s-token go together; ombak serve %[1]s prints both, and a replay keeps the URL alone", name)}
	}
	if address == "" {
		return false, nil
	}
	if parsed, err := url.Parse(address); err != nil || parsed.Scheme != "http" || parsed.Host == "" {
		return false, usageError{fmt.Errorf("--%s-url is %q; give a URL, for example http://127.0.0.1:9000", name, address)}
	}
	return true, nil
}

// standingGate is the gate in front of a service, for the time of one run. A nil one does nothing.
type standingGate struct {
	control drill.Control
	before  []gate.Standing // its policies when the run began
	changed []string        // names of policies that the run has changed
	errs    io.Writer
}

// openGate finds the gate that the flags name, and compares it with the plan of the run.
func openGate(c *cli.Context, s streams, run *setup.Live) (*standingGate, error) {
	if !run.Options.Gated {
		return nil, nil
	}
	g := &standingGate{control: drill.Control{URL: c.String("gate-url"), Token: c.String("gate-token")}, errs: s.err}
	var there gate.Policies
	if err := g.ask(c.Context, http.MethodGet, nil, &there); err != nil {
		return nil, unanswered(err, "the gate does not answer: %w; check --gate-url, which ombak serve gate prints")
	}
	g.before = there.Policies
	return g, run.Compare(g.before)
}

func (g *standingGate) ask(ctx context.Context, method string, question, result any) error {
	return g.control.Ask(ctx, http.DefaultClient, askPatience, method, "/v1/policies", question, result)
}

// stands lets the conductor of a run change the policies of the gate.
func (g *standingGate) stands(environment drill.Environment) drill.Environment {
	if g != nil {
		environment.Gate = g.change
	}
	return environment
}

// change changes a policy.
func (g *standingGate) change(ctx context.Context, change backend.PolicyChange) error {
	to := gate.Standing{At: change.Door, Policy: change.Policy, Off: change.Off}
	if !slices.Contains(g.changed, to.Name()) { // before it is known whether it was: an answer may be lost
		g.changed = append(g.changed, to.Name())
	}
	return g.ask(ctx, http.MethodPut, to, nil)
}

// restore gives the policies that the run has changed their settings from before the run, so that the next one begins as this
// one did.
func (g *standingGate) restore(ctx context.Context) {
	if g == nil {
		return
	}
	const patience = 3 * time.Second
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	for _, policy := range g.before {
		if !slices.Contains(g.changed, policy.Name()) {
			continue
		}
		if err := g.ask(ctx, http.MethodPut, policy, nil); err != nil {
			fmt.Fprintf(g.errs, "warning: the gate keeps the changed %s: %v\n", policy.Name(), err)
		}
	}
	g.changed = nil
}
