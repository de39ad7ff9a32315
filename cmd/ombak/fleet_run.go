package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/ombak-sim/ombak/drill"
	"github.com/ombak-sim/ombak/fleet"
	"github.com/ombak-sim/ombak/setup"
)

// fleetFlags returns the flags of every command whose generators may be on other machines.
func fleetFlags() []cli.Flag {
	return append([]cli.Flag{
		&cli.StringFlag{Name: "fleet", Usage: "generate the load on the machines that have joined the fleet at `URL`", EnvVars: envVar("fleet")},
		&cli.IntFlag{Name: "generators", DefaultText: "all that are idle", Usage: "use `N` machines of the fleet", EnvVars: envVar("generators")},
		&cli.StringFlag{Name: "tolerate", DefaultText: "none", Usage: "judge the run although up to `K/N` of its generators were lost; counts are then lower bounds", EnvVars: envVar("tolerate")},
		&cli.StringFlag{Name: "fleet-host", Usage: "serve the backend and the mocks that people talk to at this `ADDRESS` of this machine, where the fleet reaches them", EnvVars: envVar("fleet-host")},
	}, loginFlags()...)
}

// checkFleet refuses flags of a fleet without a fleet, and with it those that a fleet does not have.
func checkFleet(c *cli.Context) error {
	if c.String("fleet") == "" {
		for _, flag := range []string{"generators", "tolerate", "fleet-host", "fleet-ca", "fleet-nkey"} {
			if c.IsSet(flag) {
				return usageError{fmt.Errorf("--%s is about a fleet; give --fleet URL too", flag)}
			}
		}
		return nil
	}
	if c.IsSet("generators") && (c.Int("generators") < 1 || c.Int("generators") > fleet.MostGenerators) {
		return usageError{fmt.Errorf("--generators is %d; give a number from 1 to %d", c.Int("generators"), fleet.MostGenerators)}
	}
	if c.String("part") != "" {
		return usageError{errors.New("--part and --fleet exclude each other: the fleet divides the people itself; remove --part")}
	}
	if os.Getenv("SSLKEYLOGFILE") != "" {
		return usageError{errors.New("the generators of a fleet write no secrets of TLS to files; unset SSLKEYLOGFILE")}
	}
	_, err := readTolerated(c.String("tolerate"))
	return err
}

// readTolerated reads K/N as a share of the generators, K from 0.
func readTolerated(text string) (float64, error) {
	if text == "" {
		return 0, nil
	}
	first, last, found := strings.Cut(text, "/")
	k, errK := strconv.Atoi(first)
	n, errN := strconv.Atoi(last)
	if !found || errK != nil || errN != nil || k < 0 || n <= k {
		return 0, usageError{fmt.Errorf("--tolerate is %q; write K/N with K below N, as in 1/8", text)}
	}
	return float64(k) / float64(n), nil
}

// agents are the machines of a run's generators. Nil means this machine, and its methods then do nothing.
type agents struct {
	run       *fleet.Run
	tolerated float64
	login     fleet.Login
	s         streams
}

// openFleet picks the agents of a run if --fleet is given.
func openFleet(c *cli.Context, s streams, run *setup.Live) (*agents, error) {
	if c.String("fleet") == "" {
		return nil, nil
	}
	if err := reachable(c.String("fleet-host"), run); err != nil {
		return nil, err
	}
	tolerated, err := readTolerated(c.String("tolerate"))
	if err != nil {
		return nil, err
	}
	a := &agents{tolerated: tolerated, login: readLogin(c, c.String("fleet")), s: s}
	a.run, err = fleet.Open(c.Context, a.login, fleet.Request{
		Build: build(), Generators: c.Int("generators"), Bound: run.Validity.MaxScheduleLagP99 / 2, Log: s.err,
		Outline: func(n int) drill.Outline { return drill.OutlineOf(run, n, build()) },
	})
	if err != nil {
		return nil, err
	}
	if !c.Bool("quiet") {
		fmt.Fprintf(s.err, "fleet run %s on %s\n", a.run.Name, strings.Join(a.run.Agents(), ", "))
	}
	return a, nil
}

// reachable lets the parts that people talk to listen where the fleet reaches them.
func reachable(address string, run *setup.Live) error {
	switch {
	case address == "":
		return nil
	case run.Service == nil:
		return usageError{errors.New("--fleet-host says where the reference backend listens, which this run does not start; remove it")}
	case net.ParseIP(address) == nil || net.ParseIP(address).IsUnspecified():
		return usageError{fmt.Errorf("--fleet-host is %q; give an IP address of this machine", address)}
	}
	free := net.JoinHostPort(address, "0")
	run.Service.Backend.Listen, run.Service.Mocks.Mail.Listen = free, free
	if run.Service.Mocks.SMS != nil {
		run.Service.Mocks.SMS.Listen = free
	}
	return nil
}

// joined returns the environment with the generators on the agents.
func (a *agents) joined(environment drill.Environment) drill.Environment {
	if a == nil {
		return environment
	}
	environment.Generators, environment.Tolerated, environment.Notice = a.run.Carriers(), a.tolerated, fleet.Notice
	return environment
}

// parting is how long the agents may take to forget a run.
const parting = 5 * time.Second

// abandon lets the agents forget a run of which nothing is reported.
func (a *agents) abandon(ctx context.Context) {
	if a == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), parting)
	defer cancel()
	a.run.Abandon(ctx)
}

// release lets the agents forget the run, whose report is written.
func (a *agents) release(ctx context.Context) {
	if a == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), parting)
	defer cancel()
	if !a.run.Release(ctx) {
		fmt.Fprintf(a.s.err, "not all rows of the fleet have come, so its agents keep them: %s makes the report again\n", collecting(a.run.Name, a.login))
	}
}

// collecting returns the command that collects a run, without the token of the fleet.
func collecting(run string, login fleet.Login) string {
	command := fmt.Sprintf("ombak fleet collect %s --fleet %s", run, quoted(login.Redacted()))
	if login.CA != "" {
		command += " --fleet-ca " + quoted(login.CA)
	}
	if login.NKey != "" {
		command += " --fleet-nkey " + quoted(login.NKey)
	}
	return command
}

func (a *agents) close() {
	if a != nil {
		a.run.Close()
	}
}
