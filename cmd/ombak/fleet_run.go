package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/ombak-sim/ombak/drill"
	"github.com/ombak-sim/ombak/drill/host"
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

// placingFlags returns the flags of every command that starts a backend and mocks.
func placingFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "place", Usage: "run the backend or the mocks on a machine of the fleet, as `PART=LABEL`, for example backend=zone=b; LABEL is NAME=VALUE of fleet join --label, or an agent's name", EnvVars: envVar("place")},
		&cli.IntFlag{Name: "backends", Value: 1, Usage: "run `N` backends where --place backend=LABEL says, on one PostgreSQL", EnvVars: envVar("backends")},
		&cli.StringFlag{Name: "backend-url", DefaultText: "the backend's own address", Usage: "send people to `URL`, which stands in front of the backends", EnvVars: envVar("backend-url")},
	}
}

// readPlaces reads where the parts other than generators are.
func readPlaces(c *cli.Context) (places []fleet.Place, err error) {
	count := map[string]int{fleet.BackendRole: 1, fleet.MocksRole: 1}
	if c.IsSet("backends") {
		count[fleet.BackendRole] = c.Int("backends")
	}
	for _, text := range c.StringSlice("place") {
		part, label, found := strings.Cut(text, "=")
		switch {
		case !found || label == "" || count[part] == 0 && part != fleet.BackendRole:
			return nil, usageError{fmt.Errorf("--place is %q; write backend=LABEL or mocks=LABEL, where LABEL is NAME=VALUE or the name of an agent", text)}
		case slices.ContainsFunc(places, func(p fleet.Place) bool { return p.Role == part }):
			return nil, usageError{fmt.Errorf("--place is given twice for %s; give it once (--backends N places several backends)", part)}
		}
		places = append(places, fleet.Place{Role: part, Label: label, Count: count[part]})
	}
	backend := slices.ContainsFunc(places, func(p fleet.Place) bool { return p.Role == fleet.BackendRole })
	for _, flag := range []string{"backends", "backend-url"} {
		if c.IsSet(flag) && !backend {
			return nil, usageError{fmt.Errorf("--%s is about backends on machines of the fleet; say where with --place backend=LABEL", flag)}
		}
	}
	const most = 100
	if n := count[fleet.BackendRole]; n < 1 || n > most {
		return nil, usageError{fmt.Errorf("--backends is %d; give a number from 1 to %d", n, most)}
	}
	if text := c.String("backend-url"); text != "" {
		if parsed, err := url.Parse(text); err != nil || parsed.Scheme != "http" && parsed.Scheme != "https" || parsed.Host == "" || strings.Trim(parsed.Path, "/") != "" {
			return nil, usageError{fmt.Errorf("--backend-url is %q; give http://HOST:PORT", text)}
		}
	} else if count[fleet.BackendRole] > 1 {
		return nil, usageError{fmt.Errorf("%d backends need something in front of them; give its URL with --backend-url", count[fleet.BackendRole])}
	}
	return places, nil
}

// checkFleet refuses flags of a fleet without a fleet, and with it those that a fleet does not have.
func checkFleet(c *cli.Context) error {
	if c.String("fleet") == "" {
		for _, flag := range []string{"generators", "tolerate", "fleet-host", "fleet-ca", "fleet-nkey", "place", "backends", "backend-url"} {
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
	if _, err := readTolerated(c.String("tolerate")); err != nil {
		return err
	}
	_, err := readPlaces(c)
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
	balancer  string // URL in front of the backends
	login     fleet.Login
	s         streams
}

// openFleet picks the agents of a run if --fleet is given.
func openFleet(c *cli.Context, s streams, run *setup.Live) (*agents, error) {
	if c.String("fleet") == "" {
		return nil, nil
	}
	places, err := readPlaces(c)
	if err != nil {
		return nil, err
	}
	if err := checkService(c, run); err != nil {
		return nil, err
	}
	if err := reachable(c.String("fleet-host"), run, places); err != nil {
		return nil, err
	}
	tolerated, err := readTolerated(c.String("tolerate"))
	if err != nil {
		return nil, err
	}
	a := &agents{tolerated: tolerated, balancer: strings.TrimSuffix(c.String("backend-url"), "/"), login: readLogin(c, c.String("fleet")), s: s}
	a.run, err = fleet.Open(c.Context, a.login, fleet.Request{
		Build: build(), Generators: c.Int("generators"), Bound: run.Validity.MaxScheduleLagP99 / 2, Log: s.err,
		Places: places, Here: c.String("fleet-host"), Balanced: c.String("backend-url") != "", Requests: host.PeakRequests(run),
		Outline: func(n int) drill.Outline { return drill.OutlineOf(run, n, build()) },
	})
	if err != nil {
		return nil, err
	}
	run.Warnings = append(run.Warnings, a.run.Warnings...)
	if !c.Bool("quiet") {
		where := strings.Join(a.run.On(fleet.GeneratorRole), ", ")
		for _, role := range []string{fleet.BackendRole, fleet.MocksRole} {
			if on := a.run.On(role); len(on) > 0 {
				where += "; " + role + " on " + strings.Join(on, ", ")
			}
		}
		fmt.Fprintf(s.err, "fleet run %s on %s\n", a.run.Name, where)
	}
	return a, nil
}

// checkService refuses flags about the reference backend for a run that does not start it.
func checkService(c *cli.Context, run *setup.Live) error {
	switch {
	case run.Service != nil:
		return nil
	case len(c.StringSlice("place")) > 0:
		return usageError{errors.New("--place says where the reference backend and its mocks run, which this run does not start; remove it")}
	case c.String("fleet-host") != "":
		return usageError{errors.New("--fleet-host says where the reference backend listens, which this run does not start; remove it")}
	}
	return nil
}

// reachable lets the parts that people talk to listen where the fleet reaches them.
func reachable(address string, run *setup.Live, places []fleet.Place) error {
	switch {
	case address == "":
		return nil
	case net.ParseIP(address) == nil || net.ParseIP(address).IsUnspecified():
		return usageError{fmt.Errorf("--fleet-host is %q; give an IP address of this machine", address)}
	}
	free := net.JoinHostPort(address, "0")
	if slices.ContainsFunc(places, func(p fleet.Place) bool { return p.Role == fleet.BackendRole }) { // it asks all of them
		run.Service.Mocks = run.Service.Mocks.At(address)
	}
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
	environment.Backends, environment.BackendURL = a.run.Placed(fleet.BackendRole), a.balancer
	if mocks := a.run.Placed(fleet.MocksRole); len(mocks) > 0 {
		environment.Mocks = mocks[0]
	}
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
