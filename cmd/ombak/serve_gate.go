package main

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/ombak-sim/ombak/drill"
	"github.com/ombak-sim/ombak/gate"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/setup"
	"github.com/ombak-sim/ombak/units"
)

// gateFlags returns the settings of a gate that a scenario does not have.
func gateFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "target", Usage: "stand in front of the service at `[NAME=]URL`; NAME is needed if the scenario has several targets", EnvVars: envVar("target")},
		&cli.StringFlag{Name: "person", Usage: "tell people apart by `header:NAME`, cookie:NAME or address", Value: "header:Authorization", EnvVars: envVar("person")},
		&cli.StringFlag{Name: "ca", Usage: "trust the certificates of `FILE` (PEM) at the target, besides those of the system", EnvVars: envVar("ca")},
		&cli.StringFlag{Name: "cert", Usage: "speak TLS with the certificate in `FILE` (PEM)", EnvVars: envVar("cert")},
		&cli.StringFlag{Name: "admin-token", DefaultText: "a random one", Usage: "let operators change policies at the admin listener with `TOKEN`", EnvVars: envVar("admin-token")},
		&cli.StringFlag{Name: "cert-key", Usage: "`FILE` of the certificate's key (PEM)", EnvVars: envVar("cert-key")},
	}
}

func serveGate(c *cli.Context, s streams) error {
	person, err := gate.ParseIdentity(c.String("person"))
	if err != nil {
		return usageError{fmt.Errorf("--person is %q; %w", c.String("person"), err)}
	}
	target, location := "", c.String("target")
	if name, rest, named := strings.Cut(location, "="); named && !strings.ContainsAny(name, ":/") {
		target, location = name, rest
	}
	if location == "" {
		return usageError{errors.New("a gate stands in front of a service; give its address with --target URL")}
	}
	run, alone, err := readAlone(c, s, func(scenario *scenarios.Scenario, options setup.Options) (*setup.Gate, error) {
		return setup.NewGate(scenario, options, target, location, person)
	})
	if err != nil {
		return err
	}
	config := gate.Config{Listen: alone.Listen["gate"], Metrics: alone.Listen["metrics"], Person: person, Target: run.URL, Socket: run.Socket, Doors: run.Doors, Log: alone.Log}
	for name := range alone.Listen {
		if name != "gate" && name != "metrics" && name != "admin" {
			return usageError{fmt.Errorf("--listen %s is unknown; the listeners are admin, gate, metrics", name)}
		}
	}
	if config.Admin, err = readAdmin(c, alone.Listen["admin"]); err != nil {
		return err
	}
	if config.TLS, config.Serving, err = gateTLS(c); err != nil {
		return err
	}
	return runGate(c, s, run, config)
}

// readAdmin reads the listener for operators. There always is one.
func readAdmin(c *cli.Context, listen string) (gate.Admin, error) {
	admin := gate.Admin{Listen: cmp.Or(listen, ":0"), Token: cmp.Or(c.String("admin-token"), drill.NewToken())}
	if len(admin.Token) < leastToken {
		return admin, usageError{fmt.Errorf("--admin-token is shorter than %d characters; give a longer one", leastToken)}
	}
	return admin, nil
}

// runGate serves until the command is interrupted, and then says what each door did.
func runGate(c *cli.Context, s streams, run *setup.Gate, config gate.Config) error {
	standing, err := gate.New(config)
	if err != nil {
		return usageError{err}
	}
	for _, warning := range run.Warnings {
		fmt.Fprintln(s.err, "warning:", warning)
	}
	address, metrics := standing.Address()
	fmt.Fprintln(s.out, "gate", address)
	if metrics != "" {
		fmt.Fprintln(s.out, "metrics", metrics)
	}
	fmt.Fprintln(s.out, "admin", standing.AdminAddress())
	if !c.IsSet("admin-token") {
		fmt.Fprintf(s.err, "policies: ombak load ... --gate-url http://%s --gate-token %s\n", standing.AdminAddress(), config.Admin.Token)
	}
	fmt.Fprintf(s.err, "the policies of plan %s stand in front of %s; Ctrl-C stops\n", run.Scenario.Plan(), cmp.Or(config.Socket, config.Target.Redacted()))
	err = standing.Serve(c.Context)
	for _, door := range standing.Counts() {
		fmt.Fprintf(s.err, "%s at %s: %s passed, %s turned away", door.Policy, door.At, units.Count(float64(door.Passed)), units.Count(float64(door.TurnedAway)))
		if door.Left > 0 {
			fmt.Fprintf(s.err, ", %s left while they waited", units.Count(float64(door.Left)))
		}
		fmt.Fprintln(s.err)
	}
	return err
}

// gateTLS reads the certificates that the gate trusts and those with which it serves.
func gateTLS(c *cli.Context) (towards, serving *tls.Config, err error) {
	if file := c.String("ca"); file != "" {
		pool, err := x509.SystemCertPool()
		if err != nil {
			pool = x509.NewCertPool()
		}
		text, err := os.ReadFile(file)
		if err != nil || !pool.AppendCertsFromPEM(text) {
			return nil, nil, usageError{fmt.Errorf("--ca %s holds no certificates that can be read; give a PEM file", file)}
		}
		towards = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	}
	certFile, keyFile := c.String("cert"), c.String("cert-key")
	if (certFile == "") != (keyFile == "") {
		return nil, nil, usageError{errors.New("--cert and --cert-key go together; give both")}
	}
	if certFile == "" {
		return towards, nil, nil
	}
	certificate, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return nil, nil, usageError{fmt.Errorf("--cert: %w; give PEM files of a certificate and its key", err)}
	}
	return towards, &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}, nil
}
