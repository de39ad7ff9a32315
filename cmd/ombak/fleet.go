package main

import (
	"cmp"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/ombak-sim/ombak/drill/host"
	"github.com/ombak-sim/ombak/fleet"
	"github.com/ombak-sim/ombak/units"
	"github.com/ombak-sim/ombak/workload"
)

const (
	fleetFolder = "ombak-fleet"    // of the server's authority and token, and of the agents' rows
	fleetListen = "127.0.0.1:4222" // the port is that of NATS
)

func fleetCommand(s streams) *cli.Command {
	return &cli.Command{
		Name:  "fleet",
		Usage: "play a run on several machines",
		Subcommands: []*cli.Command{
			fleetServeCommand(s), fleetJoinCommand(s), fleetListCommand(s), fleetCollectCommand(s),
		},
	}
}

// loginFlags returns the flags that say how to reach a fleet.
func loginFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "fleet-ca", Usage: "trust the authority of this `FILE|sha256:FINGERPRINT`, as ombak fleet serve printed it; by default those of the system", EnvVars: envVar("fleet-ca")},
		&cli.StringFlag{Name: "fleet-nkey", Usage: "log in with the NATS user key whose seed is in `FILE`, instead of a token", EnvVars: envVar("fleet-nkey")},
	}
}

// readLogin returns how to reach a fleet at a URL.
func readLogin(c *cli.Context, url string) fleet.Login {
	return fleet.Login{URL: url, CA: c.String("fleet-ca"), NKey: c.String("fleet-nkey")}
}

func fleetServeCommand(s streams) *cli.Command {
	return &cli.Command{
		Name:  "serve",
		Usage: "run the NATS server through which the machines of a fleet talk",
		Description: "On another address than loopback it uses TLS, with a certificate authority that it makes in DIR at the first start. Any NATS server or\n" +
			"cluster will do instead.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "listen", Usage: "listen at `HOST:PORT`", Value: fleetListen, EnvVars: envVar("listen")},
			&cli.StringFlag{Name: "token", DefaultText: "a random one, kept in DIR", Usage: "let in who shows `TOKEN`", EnvVars: envVar("token")},
			&cli.StringSliceFlag{Name: "nkey", Usage: "let in who has the key of the public NATS user key `U…`, instead of a token", EnvVars: envVar("nkey")},
			&cli.StringSliceFlag{Name: "host", Usage: "certify this `NAME` or address of the server too", EnvVars: envVar("host")},
			&cli.StringFlag{Name: "dir", Usage: "keep the authority and the token in `DIR`", Value: fleetFolder, EnvVars: envVar("dir")},
		},
		Action: func(c *cli.Context) error { return fleetServe(c, s) },
	}
}

func fleetServe(c *cli.Context, s streams) error {
	if c.NArg() > 0 {
		return usageError{fmt.Errorf("unexpected argument %q; give settings by flags", c.Args().First())}
	}
	config := fleet.ServerConfig{Listen: c.String("listen"), NKeys: c.StringSlice("nkey"), Folder: c.String("dir"), Hosts: c.StringSlice("host")}
	host, port, err := net.SplitHostPort(config.Listen)
	if err != nil || port == "" {
		return usageError{fmt.Errorf("--listen is %q; give HOST:PORT, for example %s", config.Listen, fleetListen)}
	}
	if len(config.NKeys) == 0 {
		if config.Token, err = fleetToken(c.String("token"), config.Folder); err != nil {
			return err
		}
	} else if c.IsSet("token") {
		return usageError{errors.New("--token and --nkey exclude each other; give one")}
	}
	server, err := fleet.Serve(c.Context, config)
	if err != nil {
		return err
	}
	defer server.Close()
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = ownAddress()
	}
	url := "nats://" + net.JoinHostPort(host, fmt.Sprint(server.Addr().Port))
	if config.Token != "" {
		url = "nats://" + config.Token + "@" + strings.TrimPrefix(url, "nats://")
	}
	fmt.Fprintf(s.out, "fleet %s\n", url)
	join := "ombak fleet join " + url
	if ca := server.CA; ca != nil {
		fmt.Fprintf(s.out, "ca %s %s\n", ca.Fingerprint, ca.File)
		join += " --fleet-ca " + ca.Fingerprint
	}
	fmt.Fprintf(s.err, "on every machine: %s --allow-target HOST[:PORT]\nready; Ctrl-C stops\n", join)
	<-c.Context.Done()
	return nil
}

// fleetToken returns the token that was given, or the one in the folder, which is made if there is none.
func fleetToken(given, folder string) (string, error) {
	const shortest = 16
	if given != "" {
		if !regexp.MustCompile(`^[A-Za-z0-9._~-]+$`).MatchString(given) || len(given) < shortest {
			return "", usageError{fmt.Errorf("--token must have %d or more letters, digits and - . _ ~, because it stands in a URL", shortest)}
		}
		return given, nil
	}
	name := filepath.Join(folder, "fleet-token")
	text, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		if err = os.MkdirAll(folder, 0o700); err == nil {
			text = []byte(strings.ToLower(rand.Text()))
			err = os.WriteFile(name, text, 0o600)
		}
	}
	if err != nil {
		return "", fmt.Errorf("the token of the fleet: %w; give one with --token, or another folder with --dir", err)
	}
	return strings.TrimSpace(string(text)), nil
}

// ownAddress returns an address at which other machines may reach this one.
func ownAddress() string {
	addresses, _ := net.InterfaceAddrs() // without any, the name is shown
	for _, address := range addresses {
		if network, ok := address.(*net.IPNet); ok && network.IP.IsGlobalUnicast() {
			return network.IP.String()
		}
	}
	name, _ := os.Hostname() // likewise
	return name
}

func fleetJoinCommand(s streams) *cli.Command {
	return &cli.Command{
		Name:      "join",
		Usage:     "let this machine play parts of a fleet's runs, and replications of its studies",
		ArgsUsage: "URL",
		Description: "The agent takes the orders and jobs of its roles and of its own version, and nothing else: it runs no command from an order, opens no file\n" +
			"that an order names, and sends load only where --allow-target says. It plays a replication on each core, and none while it has a part of a run.\n" +
			"As a backend or as mocks it listens at its address, and keeps the database in DIR/NAME/RUN until the conductor has written its report.",
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "name", DefaultText: "the machine's", Usage: "call this agent `NAME`", EnvVars: envVar("name")},
			&cli.StringSliceFlag{Name: "allow-target", DefaultText: "this machine", Usage: "send load to `HOST[:PORT]`, as the URLs of targets name it", EnvVars: envVar("allow-target")},
			&cli.StringFlag{Name: "send-rate", DefaultText: "measured in two seconds", Usage: "say that this machine can send `RATE` requests as a generator, for example 20000/s", EnvVars: envVar("send-rate")},
			&cli.StringSliceFlag{Name: "role", DefaultText: "generator,study", Usage: "take on only this `ROLE`: generator, backend, mocks or study", EnvVars: envVar("role")},
			&cli.StringFlag{Name: "address", DefaultText: "where this machine reaches the fleet from", Usage: "serve as backend or mocks at `HOST[:PORT]` of this machine; a name is looked up once; PORT is the backend's", EnvVars: envVar("address")},
			&cli.StringSliceFlag{Name: "label", Usage: "describe this machine in the list and for --place, as `NAME=VALUE`", EnvVars: envVar("label")},
			&cli.StringFlag{Name: "dir", Usage: "keep rows in `DIR`/NAME until the conductor has written its report", Value: fleetFolder, EnvVars: envVar("dir")},
			&cli.DurationFlag{Name: "clock-shift", Hidden: true, Usage: "for tests: have a clock that is ahead by `TIME`", EnvVars: envVar("clock-shift")},
			&cli.DurationFlag{Name: "clock-step", Hidden: true, Usage: "for tests: take the machine's clock to be set forward by `TIME`", EnvVars: envVar("clock-step")},
			&cli.DurationFlag{Name: "clock-step-after", Hidden: true, Usage: "for tests: set it after `TIME`", EnvVars: envVar("clock-step-after")},
			&cli.Float64Flag{Name: "clock-drift", Hidden: true, Usage: "for tests: have a clock that gains `PPM` millionths", EnvVars: envVar("clock-drift")},
		}, loginFlags()...),
		Action: func(c *cli.Context) error { return fleetJoin(c, s) },
	}
}

func fleetJoin(c *cli.Context, s streams) error {
	url, err := oneArgument(c, "URL of a fleet")
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("cannot find ombak's own program to start the parts: %w", err)
	}
	agent := fleet.Agent{Name: cmp.Or(c.String("name"), machineName()), Roles: c.StringSlice("role"), Build: build(), Command: []string{self, "part"}, Log: s.err}
	if err := fleet.CheckName(agent.Name); err != nil {
		return usageError{fmt.Errorf("--name: %w", err)}
	}
	if agent.Labels, err = pairs(c.StringSlice("label"), "label", false); err != nil {
		return err
	}
	for _, role := range agent.Roles {
		if !slices.Contains(fleet.Roles(), role) {
			return usageError{fmt.Errorf("--role is %q; give generator, backend, mocks or study", role)}
		}
	}
	if agent.Address = c.String("address"); agent.Address != "" {
		if agent.Address, err = fleet.ResolveAddress(c.Context, agent.Address); err != nil {
			return usageError{fmt.Errorf("--address: %w", err)}
		}
	}
	for _, text := range c.StringSlice("allow-target") {
		target, err := fleet.ParseTarget(text)
		if err != nil {
			return usageError{fmt.Errorf("--allow-target: %w", err)}
		}
		agent.Targets = append(agent.Targets, target)
	}
	if agent.Sends, err = sendRate(c, s, agent.Roles); err != nil {
		return err
	}
	agent.Folder = filepath.Join(c.String("dir"), agent.Name)
	agent.Clock = fleet.NewClock(c.Duration("clock-shift"), c.Float64("clock-drift"))
	if step := c.Duration("clock-step"); step != 0 {
		clock, set := agent.Clock.Settable()
		agent.Clock = clock
		time.AfterFunc(c.Duration("clock-step-after"), func() { set(step) })
	}
	login := readLogin(c, url)
	agent.Joined = func() {
		fmt.Fprintf(s.out, "joined %s as %s\n", login.Redacted(), agent.Name)
		fmt.Fprintln(s.err, "ready; Ctrl-C leaves")
	}
	return agent.Run(c.Context, login)
}

// sendRate returns how many requests a second this machine can send, as the flag says or as is measured.
func sendRate(c *cli.Context, s streams, roles []string) (float64, error) {
	if text := c.String("send-rate"); text != "" {
		rate, err := workload.ParseRate(text)
		if err != nil || rate == 0 {
			return 0, usageError{fmt.Errorf("--send-rate is %q; give a rate above 0, for example 20000/s", text)}
		}
		return float64(rate), nil
	}
	if len(roles) > 0 && !slices.Contains(roles, fleet.GeneratorRole) {
		return 0, nil
	}
	perSecond, err := host.MeasureCapacity(c.Context)
	if err != nil && c.Context.Err() != nil {
		return 0, interrupted{"this machine had not joined yet"}
	}
	if err == nil && perSecond > 0 {
		fmt.Fprintf(s.err, "this machine can send about %s requests/s\n", units.Rate(perSecond))
	}
	return perSecond, err
}

// machineName returns the machine's name, as an agent can be called.
func machineName() string {
	name, err := os.Hostname()
	if err != nil {
		return "agent"
	}
	name, _, _ = strings.Cut(name, ".")
	return regexp.MustCompile(`[^A-Za-z0-9_-]`).ReplaceAllString(name, "-")
}

func fleetListCommand(s streams) *cli.Command {
	return &cli.Command{
		Name:      "list",
		Usage:     "show the machines of a fleet, their versions, load and clocks",
		ArgsUsage: "URL",
		Flags:     append([]cli.Flag{&cli.BoolFlag{Name: "json", Usage: "print an object for each machine, a line each", EnvVars: envVar("json")}}, loginFlags()...),
		Action: func(c *cli.Context) error {
			url, err := oneArgument(c, "URL of a fleet")
			if err != nil {
				return err
			}
			listed, err := fleet.List(c.Context, readLogin(c, url))
			if err != nil && c.Context.Err() != nil {
				return interrupted{"the fleet had not answered yet"}
			}
			if err != nil {
				return err
			}
			return showFleet(s.out, listed, c.Bool("json"))
		},
	}
}

func showFleet(out io.Writer, listed []fleet.Listed, asJSON bool) error {
	if asJSON {
		lines := json.NewEncoder(out)
		for _, one := range listed {
			if err := lines.Encode(one); err != nil {
				return err
			}
		}
		return nil
	}
	if len(listed) == 0 {
		_, err := fmt.Fprintln(out, "nobody has joined; ombak fleet join adds a machine")
		return err
	}
	rows := [][]string{{"agent", "roles", "version", "cores", "requests/s", "load", "address", "clock ahead by", "known within", "plays", "keeps rows of", "sends load to", "labels"}}
	for _, one := range listed {
		load, ahead, within, sends := "?", "?", "?", "-"
		if one.Sends > 0 {
			sends = units.Rate(one.Sends)
		}
		if one.Load != nil {
			load = fmt.Sprintf("%.2f", *one.Load)
		}
		if one.ClockOffsetS != nil && one.ClockBoundS != nil {
			ahead, within = units.Time(*one.ClockOffsetS), units.Time(*one.ClockBoundS)
		}
		var labels []string
		for _, name := range slices.Sorted(maps.Keys(one.Labels)) {
			labels = append(labels, name+"="+one.Labels[name])
		}
		version := one.Build.Version
		if one.Build.Commit != "" {
			version += fmt.Sprintf(" (%.7s)", one.Build.Commit)
		}
		rows = append(rows, []string{
			one.Agent, strings.Join(one.Roles, ","), version, fmt.Sprint(one.CPUs), sends, load, strings.TrimSuffix(one.Address, ":0"), ahead, within,
			cmp.Or(one.Playing, one.Studies, "-"), cmp.Or(strings.Join(one.Holds, ","), "-"), strings.Join(one.Targets, ","), cmp.Or(strings.Join(labels, ","), "-"),
		})
	}
	_, err := io.WriteString(out, units.Table("lllnnnlnnllll", rows))
	return err
}

func fleetCollectCommand(s streams) *cli.Command {
	return &cli.Command{
		Name:      "collect",
		Usage:     "write the report of a run whose conductor is gone, from what the machines of a fleet have kept",
		ArgsUsage: "RUN",
		Description: "RUN is the name that the conductor printed when it began. The report is invalid and says why. If every machine has sent all of its rows,\n" +
			"the machines forget the run.",
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "fleet", Usage: "reach the fleet at `URL`", EnvVars: envVar("fleet")},
			&cli.StringFlag{Name: "out", Usage: "write to `DIR`; by default ombak-out/SCENARIO-TIME", EnvVars: envVar("out")},
			&cli.BoolFlag{Name: "json", Usage: "print the report as JSON", EnvVars: envVar("json")},
		}, loginFlags()...),
		Action: func(c *cli.Context) error { return fleetCollect(c, s) },
	}
}

func fleetCollect(c *cli.Context, s streams) error {
	name, err := oneArgument(c, "run")
	if err != nil {
		return err
	}
	if c.String("fleet") == "" {
		return usageError{errors.New("say where the fleet is with --fleet URL")}
	}
	result, whole, forget, err := fleet.Collect(c.Context, readLogin(c, c.String("fleet")), name)
	if err != nil {
		return err
	}
	result.Command = commandLine(s.arguments)
	folder, err := makeFolder(c.String("out"), result.Scenario.Name, time.Now())
	if err != nil {
		return err
	}
	if err := errors.Join(writeFiles(folder, result), showReport(c, s.out, result, folder, "")); err != nil {
		return err
	}
	forget()
	if !whole {
		fmt.Fprintf(s.err, "not every agent has sent its rows, so those that have keep them; %s makes the report again\n", collecting(name, readLogin(c, c.String("fleet"))))
	}
	return verdictError{result.Verdict}
}
