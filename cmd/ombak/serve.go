package main

import (
	"cmp"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/ombak-sim/ombak/backend"
	"github.com/ombak-sim/ombak/backend/store"
	"github.com/ombak-sim/ombak/drill"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/setup"
)

const defaultStore = "sqlite:ombak.db"

// leastToken is the least length of a token for operators, in characters.
const leastToken = 16

func serveCommand(s streams) *cli.Command {
	flags := func(more ...cli.Flag) []cli.Flag {
		return append([]cli.Flag{
			settingsFlag(),
			&cli.StringFlag{Name: "scenario", Usage: "take settings from `SCENARIO`", Value: defaultScenario, EnvVars: envVar("scenario")},
			&cli.StringFlag{Name: "plan", Usage: "use the plan `NAME` instead of the scenario's first", EnvVars: envVar("plan")},
			&cli.StringSliceFlag{Name: "listen", Usage: "listen at `NAME=HOST:PORT`; by default at a free port each", EnvVars: envVar("listen")},
		}, more...)
	}
	return &cli.Command{
		Name:  "serve",
		Usage: "run the reference backend, the mocks or a gate alone",
		Subcommands: []*cli.Command{
			{
				Name: "backend", Usage: "run the reference backend",
				Flags:  flags(backendFlags()...),
				Action: func(c *cli.Context) error { return serveBackend(c, s) },
			},
			{
				Name: "mocks", Usage: "run the mocks of registries, mail and SMS",
				Flags: flags(
					&cli.StringSliceFlag{Name: "record", Usage: "pass requests to a generic mock on to a real service and record them, as `NAME=URL`", EnvVars: envVar("record")},
				),
				Action: func(c *cli.Context) error { return serveMocks(c, s) },
			},
			{
				Name: "gate", Usage: "put the policies of a plan in front of a service that has none",
				Flags:  flags(gateFlags()...),
				Action: func(c *cli.Context) error { return serveGate(c, s) },
			},
		},
	}
}

// backendFlags returns the settings of a backend that a scenario does not have.
func backendFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "store", Usage: "keep people in this `STORE`: sqlite:PATH, postgres://…, or postgres for a temporary server", Value: defaultStore, EnvVars: envVar("store")},
		&cli.StringSliceFlag{Name: "address", Usage: "reach a dependency at `NAME=HOST:PORT`", EnvVars: envVar("address")},
		&cli.StringFlag{Name: "key", Usage: "sign and encrypt with the key in `FILE` (32 bytes, base64); by default PATH.key beside the SQLite file, created at the first start", EnvVars: envVar("key")},
		&cli.StringFlag{Name: "link-base", Usage: "begin links in mails with `URL`; by default with the listening address", EnvVars: envVar("link-base")},
		&cli.DurationFlag{Name: "session-ttl", DefaultText: "24h", Usage: "expire sessions after `DURATION`", EnvVars: envVar("session-ttl")},
		&cli.IntFlag{Name: "connections-per-client", DefaultText: "no limit", Usage: "accept at most `N` connections from one address", EnvVars: envVar("connections-per-client")},
		&cli.StringFlag{Name: "admin-token", DefaultText: "a random one", Usage: "let operators close batches, draw members and read profiles at the admin listener with `TOKEN`", EnvVars: envVar("admin-token")},
		&cli.StringFlag{Name: "backup", Usage: "copy the SQLite database, which may be in use, to a new `FILE` and end", EnvVars: envVar("backup")},
		&cli.BoolFlag{Name: "pprof", Usage: "serve profiles at /debug/pprof/ of the admin listener", EnvVars: envVar("pprof")},
	}
}

func serveBackend(c *cli.Context, s streams) error {
	run, alone, err := readAlone(c, s, setup.NewLive)
	if err != nil {
		return err
	}
	alone.Log = slog.New(slog.NewJSONHandler(s.err, nil))
	if alone.Database, err = databasePath(cmp.Or(c.String("store"), defaultStore)); err != nil {
		return err
	}
	if file := c.String("backup"); file != "" {
		return store.Backup(c.Context, alone.Database, file)
	}
	if alone.Addresses, err = addresses(c.StringSlice("address"), "address"); err != nil {
		return err
	}
	if err := readBackend(c, &alone); err != nil {
		return err
	}
	ready := alone.Ready
	alone.Ready = func(now drill.Ready) {
		ready(now)
		if now.Addresses["admin"] != "" && !c.IsSet("admin-token") {
			fmt.Fprintf(s.err, "operators: http://%s with the token %s\n", now.Addresses["admin"], alone.Token)
		}
	}
	return drill.ServeBackend(c.Context, run, alone)
}

// readBackend reads the settings other than store and address.
func readBackend(c *cli.Context, alone *drill.Alone) error {
	alone.KeyFile, alone.LinkBase, alone.Profiling = c.String("key"), c.String("link-base"), c.Bool("pprof")
	if alone.Token = c.String("admin-token"); alone.Token == "" {
		alone.Token = drill.NewToken()
	} else if len(alone.Token) < leastToken {
		return usageError{fmt.Errorf("--admin-token is shorter than %d characters; give a longer one", leastToken)}
	}
	alone.Wall = injectedWall()
	alone.SessionTTL, alone.ConnectionsPerClient = c.Duration("session-ttl"), c.Int("connections-per-client")
	if err := backend.CheckLinkBase(alone.LinkBase); alone.LinkBase != "" && err != nil {
		return usageError{fmt.Errorf("--link-base: %w", err)}
	}
	if c.IsSet("session-ttl") && alone.SessionTTL <= 0 {
		return usageError{fmt.Errorf("--session-ttl is %v; give a duration above 0", alone.SessionTTL)}
	}
	if c.IsSet("connections-per-client") && alone.ConnectionsPerClient < 1 {
		return usageError{fmt.Errorf("--connections-per-client is %d; give 1 or more", alone.ConnectionsPerClient)}
	}
	return nil
}

// addresses reads NAME=HOST:PORT. To listen, the host may be omitted and the port may be 0.
func addresses(texts []string, flag string) (map[string]string, error) {
	values, err := pairs(texts, flag, false)
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		host, port, err := net.SplitHostPort(values[name])
		n, errPort := strconv.ParseUint(port, 10, 16)
		if err != nil || errPort != nil || strings.ContainsAny(host, "/@?# ") || flag != "listen" && (host == "" || n == 0) {
			return nil, usageError{fmt.Errorf("--%s %s=%s is not an address; write %s=HOST:PORT with a port "+
				"up to 65535", flag, name, values[name], name)}
		}
	}
	return values, nil
}

func serveMocks(c *cli.Context, s streams) error {
	run, alone, err := readAlone(c, s, setup.NewMocks)
	if err != nil {
		return err
	}
	if alone.Record, err = pairs(c.StringSlice("record"), "record", false); err != nil {
		return err
	}
	alone.Token = drill.NewToken()
	ready := alone.Ready
	alone.Ready = func(now drill.Ready) {
		ready(now)
		if now.Addresses["dukcapil"] != "" {
			fmt.Fprintf(s.err, "dukcapil takes %s\n", setup.DukcapilAccount())
		}
		fmt.Fprintf(s.err, "faults: ombak fault list --url http://%s --token %s\n", now.Addresses["admin"], alone.Token)
	}
	return drill.ServeMocks(c.Context, run, alone)
}

// readAlone reads the flags that both parts take, and sets the part up.
func readAlone[T any](c *cli.Context, s streams, setUp func(*scenarios.Scenario, setup.Options) (*T, error)) (*T, drill.Alone, error) {
	alone := drill.Alone{Log: slog.New(slog.NewTextHandler(s.err, nil))}
	if err := readSettings(c); err != nil {
		return nil, alone, err
	}
	if c.NArg() > 0 {
		return nil, alone, usageError{fmt.Errorf("unexpected argument %q; give settings by flags", c.Args().First())}
	}
	scenario, err := loadScenario(c.String("scenario"))
	if err != nil {
		return nil, alone, err
	}
	if alone.Listen, err = addresses(c.StringSlice("listen"), "listen"); err != nil {
		return nil, alone, err
	}
	part, err := setUp(scenario, setup.Options{Plan: c.String("plan")})
	alone.Ready = func(ready drill.Ready) {
		for _, name := range slices.Sorted(maps.Keys(ready.Addresses)) {
			fmt.Fprintf(s.out, "%s %s\n", name, ready.Addresses[name])
		}
		fmt.Fprintln(s.err, "ready; Ctrl-C stops")
	}
	return part, alone, err
}
