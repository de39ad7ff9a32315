package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/ombak-sim/ombak/drill"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/report/render"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/setup"
	"github.com/ombak-sim/ombak/workload"
)

const defaultScenario = "prakerja-2020-peak"

// runFlags returns the flags of every command that plays a scenario live.
func runFlags() []cli.Flag {
	flags := []cli.Flag{
		&cli.StringFlag{Name: "plan", Usage: "use the plan `NAME` instead of the scenario's first", EnvVars: envVar("plan")},
		&cli.StringFlag{Name: "window", Usage: "play only the part `FROM..TO` of the scenario, for example 10m..20m", EnvVars: envVar("window")},
		&cli.Float64Flag{Name: "speed", DefaultText: "1", Usage: "play the scenario `X` times as fast", EnvVars: envVar("speed")},
		&cli.Float64Flag{Name: "scale", DefaultText: "1", Usage: "scale the number of people by `F`", EnvVars: envVar("scale")},
		&cli.StringFlag{Name: "max-work", Usage: "fast-forward, but never offer more work than `N/min` people bring on average; by default the value of --max-rate", EnvVars: envVar("max-work")},
		&cli.StringFlag{Name: "max-rate", Usage: "fast-forward, but never above `N/min` people and never slower than real time", EnvVars: envVar("max-rate")},
		&cli.Uint64Flag{Name: "seed", DefaultText: "the scenario's", Usage: "draw people and instants from the seed `N`", EnvVars: envVar("seed")},
		&cli.StringSliceFlag{Name: "threshold", Usage: "add the threshold `EXPR`, for example \"sign-up.passed >= 99% of scheduled\"", EnvVars: envVar("threshold")},
		&cli.StringFlag{Name: "out", Usage: "write to `DIR`; by default ombak-out/SCENARIO-TIME", EnvVars: envVar("out")},
		arrivalsFlag(),
		&cli.StringFlag{Name: "model", Usage: "with --live: simulate the run beside it with the parameters in `MODEL`, which ombak calibrate writes", EnvVars: envVar("model")},
		runIDFlag(),
		&cli.BoolFlag{Name: "json", Usage: "print the report as JSON, and progress as JSON lines on standard error", EnvVars: envVar("json")},
		&cli.BoolFlag{Name: "quiet", Usage: "hide progress", EnvVars: envVar("quiet")},
	}
	return slices.Concat(flags, meterFlags(), liveFlags(), fleetFlags())
}

func drillCommand(s streams) *cli.Command {
	return &cli.Command{
		Name:      "drill",
		Usage:     "replay a scenario against the reference backend on this machine",
		ArgsUsage: "[SCENARIO]",
		Flags: append(append(runFlags(), placingFlags()...),
			&cli.StringFlag{Name: "store", Usage: "keep people in this `STORE`: sqlite:PATH, postgres://…, or postgres for a temporary server; by default ombak.db in the output folder", EnvVars: envVar("store")},
			&cli.Float64Flag{Name: "scale-system", DefaultText: "1", Usage: "scale servers, rates and quotas by `F`", EnvVars: envVar("scale-system")},
		),
		Action: func(c *cli.Context) error {
			scenario, options, err := readRun(c, defaultScenario)
			if err != nil {
				return err
			}
			options.ScaleSystem = c.Float64("scale-system")
			database, err := databasePath(c.String("store"))
			if err != nil {
				return err
			}
			run, err := setup.NewLive(scenario, options)
			if err != nil {
				return err
			}
			return conduct(c, s, run, database)
		},
	}
}

func loadCommand(s streams) *cli.Command {
	return &cli.Command{
		Name:      "load",
		Usage:     "replay a scenario against your own service",
		ArgsUsage: "SCENARIO",
		Flags: append(runFlags(),
			&cli.StringSliceFlag{Name: "target", Usage: "send requests for the target to `[NAME=]URL`", EnvVars: envVar("target")},
			&cli.StringSliceFlag{Name: "var", Usage: "set a variable, as `NAME=VALUE`", EnvVars: envVar("var")},
			connectToFlag(), watchFlag(), behindGateFlags()[0], behindGateFlags()[1], mocksFlags()[0], mocksFlags()[1],
			&cli.IntFlag{Name: "closed", Usage: "keep `N` people under way instead of following the arrivals (a closed loop, which hides waits)", EnvVars: envVar("closed")},
			&cli.StringFlag{Name: "part", Usage: "play part `K/N` of the people, K from 1", EnvVars: envVar("part")},
		),
		Action: func(c *cli.Context) error {
			scenario, options, err := readRun(c, "")
			if err != nil {
				return err
			}
			if options.Targets, err = pairs(c.StringSlice("target"), "target", true); err != nil {
				return err
			}
			if options.Vars, err = pairs(c.StringSlice("var"), "var", false); err != nil {
				return err
			}
			if options.ConnectTo, err = pairs(c.StringSlice("connect-to"), "connect-to", false); err != nil {
				return err
			}
			if options.Watch, err = pairs(c.StringSlice("watch"), "watch", false); err != nil {
				return err
			}
			if options.Part, options.Parts, err = readPart(c.String("part")); err != nil {
				return err
			}
			if err := errors.Join(readGate(c, &options), readMocks(c, &options)); err != nil {
				return err
			}
			options.Closed = c.Int("closed")
			run, err := setup.NewLoad(scenario, options)
			if err != nil {
				return err
			}
			return conduct(c, s, run, "")
		},
	}
}

// variable returns a variable of the environment, which may be in lower case.
func variable(name string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return os.Getenv(strings.ToLower(name))
}

func connectToFlag() cli.Flag {
	return &cli.StringSliceFlag{Name: "connect-to", Usage: "connect to another address for a target, as `HOST:PORT=HOST:PORT`", EnvVars: envVar("connect-to")}
}

func watchFlag() cli.Flag {
	return &cli.StringSliceFlag{Name: "watch", Usage: "report CPU and memory of a process of your service, as `NAME=PID|cgroup:PATH|PROMETHEUS-URL`", EnvVars: envVar("watch")}
}

// readRun reads the scenario and the flags of every live command.
func readRun(c *cli.Context, fallback string) (*scenarios.Scenario, setup.Options, error) {
	var options setup.Options
	if err := errors.Join(checkLive(c), checkFleet(c), checkModel(c)); err != nil {
		return nil, options, err
	}
	name := c.Args().First()
	if name == "" {
		name = fallback
	}
	if name == "" || c.NArg() > 1 {
		return nil, options, usageError{fmt.Errorf("name one scenario; ombak scenario list shows the bundled ones")}
	}
	scenario, err := loadScenario(name)
	scenario, err = withArrivals(c, scenario, err)
	if err == nil {
		err = setFlags(c, scenario)
	}
	if err != nil {
		return nil, options, err
	}
	options = setup.Options{Plan: c.String("plan"), Scale: c.Float64("scale"), Speed: c.Float64("speed"), Thresholds: c.StringSlice("threshold")}
	for _, flag := range []string{"scale", "speed", "scale-system"} {
		if c.IsSet(flag) && !(c.Float64(flag) > 0) {
			return nil, options, usageError{fmt.Errorf("--%s is %v; give a number above 0", flag, c.Float64(flag))}
		}
	}
	if c.IsSet("seed") {
		seed := c.Uint64("seed")
		options.Seed = &seed
	}
	for flag, rate := range map[string]*workload.Rate{"max-rate": &options.MaxRate, "max-work": &options.MaxWork} {
		if !c.IsSet(flag) {
			continue
		}
		if *rate, err = workload.ParseRate(c.String(flag)); err != nil || *rate == 0 {
			return nil, options, usageError{fmt.Errorf("--%s is %q; give a rate above 0, for example 80000/min", flag, c.String(flag))}
		}
	}
	if options.Portable, err = portable(os.Getenv("OMBAK_WIRE")); err != nil {
		return nil, options, err
	}
	options.Proxy.HTTP, options.Proxy.HTTPS, options.Proxy.Except = variable("HTTP_PROXY"), variable("HTTPS_PROXY"), variable("NO_PROXY")
	if log := os.Getenv("SSLKEYLOGFILE"); log != "" {
		if options.KeyLog, err = filepath.Abs(log); err != nil {
			return nil, options, err
		}
	}
	if err := readRunID(c, &options); err != nil {
		return nil, options, err
	}
	options.From, options.To, err = readWindow(c.String("window"))
	return scenario, options, err
}

func runIDFlag() cli.Flag {
	return &cli.StringFlag{Name: "run-id", Usage: "use `ID` for ${run.id}, idempotency keys and fresh identities; by default a random one", EnvVars: envVar("run-id")}
}

// readRunID sets the run's id to that of --run-id, or to a random one.
func readRunID(c *cli.Context, options *setup.Options) error {
	options.RunID, options.RunIDGiven = c.String("run-id"), c.IsSet("run-id")
	if !options.RunIDGiven {
		options.RunID = strings.ToLower(rand.Text()[:10])
	}
	if !regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`).MatchString(options.RunID) {
		return usageError{fmt.Errorf("--run-id is %q; give up to 64 letters, digits, dots, hyphens and underscores", options.RunID)}
	}
	return nil
}

// readWindow reads FROM..TO. Either end may be omitted.
func readWindow(text string) (from, to time.Duration, err error) {
	if text == "" {
		return 0, 0, nil
	}
	first, last, found := strings.Cut(text, "..")
	if found && first != "" {
		from, err = time.ParseDuration(first)
	}
	if found && err == nil && last != "" {
		to, err = time.ParseDuration(last)
	}
	if !found || err != nil || from < 0 || to < 0 || last != "" && to == 0 {
		return 0, 0, usageError{fmt.Errorf("--window is %q; write FROM..TO, as in 10m..20m", text)}
	}
	return from, to, nil
}

// pairs reads NAME=VALUE, each name once. If nameless is set, a URL may stand without a name.
func pairs(texts []string, flag string, nameless bool) (map[string]string, error) {
	values := map[string]string{}
	for _, text := range texts {
		name, value, found := strings.Cut(text, "=")
		if nameless && (!found || strings.Contains(name, "://")) {
			name, value, found = "", text, true
		}
		if !found || value == "" || !nameless && name == "" {
			return nil, usageError{fmt.Errorf("--%s %q has no value; write NAME=VALUE", flag, text)}
		}
		if _, twice := values[name]; twice {
			return nil, usageError{fmt.Errorf("--%s is given twice for %s; give it once", flag, cmp.Or(name, "the value without a name"))}
		}
		values[name] = value
	}
	return values, nil
}

// readPart reads K/N with K from 1 to N. The returned part counts from 0.
func readPart(text string) (part, parts int, err error) {
	if text == "" {
		return 0, 0, nil
	}
	first, last, found := strings.Cut(text, "/")
	k, errK := strconv.Atoi(first)
	n, errN := strconv.Atoi(last)
	if !found || errK != nil || errN != nil || k < 1 || n < k {
		return 0, 0, usageError{fmt.Errorf("--part is %q; write K/N with K from 1 to N, as in 1/3", text)}
	}
	return k - 1, n, nil
}

// databasePath reads --store.
func databasePath(store string) (string, error) {
	path, isSQLite := strings.CutPrefix(store, "sqlite:")
	switch {
	case store == "", store == drill.OwnPostgres, strings.HasPrefix(store, "postgres://"):
		return store, nil
	case isSQLite && strings.HasPrefix(path, "postgres"):
		return "./" + path, nil // a file whose name looks like a URL
	case isSQLite && path != "":
		return path, nil
	}
	return "", usageError{fmt.Errorf("--store is %q; give sqlite:PATH, "+
		"postgres://USER:PASSWORD@HOST/DATABASE, or postgres for a temporary server", store)}
}

// conduct plays the run, writes its files and prints its verdict.
func conduct(c *cli.Context, s streams, run *setup.Live, database string) error {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("cannot find ombak's own program to start the parts: %w", err)
	}
	agents, err := openFleet(c, s, run)
	if err != nil {
		return err
	}
	defer agents.close()
	front, err := openGate(c, s, run)
	if err != nil {
		return err
	}
	defer front.restore(c.Context)
	mocks, err := findMocks(c, run)
	if err != nil {
		return err
	}
	folder, err := makeFolder(c.String("out"), run.Scenario.Name, time.Now())
	if err != nil {
		return err
	}
	watch := newProgress(s.err, run.Scenario.Arrivals.Step, c.Bool("quiet"), c.Bool("json"))
	defer watch.onSignal()()
	page, meter, err := openWatched(c, s, run, folder)
	if err != nil {
		return err
	}
	defer page.close()
	defer meter.close()
	beside := page.foretell(c, run)
	defer beside.stop()
	result, ended := drill.Conduct(c.Context, run, front.stands(meter.metered(agents.joined(drill.Environment{
		Command: []string{self, "part"}, Folder: folder, Database: database, Build: build(), Log: s.err, Progress: watch.show, Beside: beside.cost,
		Room: page.conducted(c, s), Control: mocks,
	}))))
	front.restore(c.Context)
	meter.close()
	watch.close()
	if result.Schema == "" {
		agents.abandon(c.Context)
		page.close()
		_ = os.Remove(folder) // removed only if empty; the error below matters
		return ended
	}
	result.Command = commandLine(s.arguments)
	again, unmade := page.replay(c, &run.Planned, folder)
	result.Replay = again.command(c, s.arguments)
	written := writeConducted(c, &result, folder, beside, page)
	if written == nil {
		agents.release(c.Context)
	}
	if err := conclude(c, s, run, page, result, again, errors.Join(written, unmade)); err != nil {
		return errors.Join(ended, err)
	}
	if ended != nil && !errors.Is(ended, drill.ErrStopped) {
		return stopped{ended, folder}
	}
	return verdictError{result.Verdict}
}

// openWatched opens the page and the metrics of a run. If it cannot, it leaves no folder.
func openWatched(c *cli.Context, s streams, run *setup.Live, folder string) (page *room, meter *meter, err error) {
	defer func() {
		if err != nil {
			_ = os.Remove(folder) // removed only if empty; the error matters
		}
	}()
	if page, err = openLiveRoom(c, s, run, folder); err != nil {
		return nil, nil, err
	}
	if meter, err = openMeter(c, s.err, &run.Planned, folder); err != nil {
		page.close()
		return nil, nil, err
	}
	return page, meter, nil
}

// writeConducted writes the files of a live run. What the actions changed is simulated once report.json is there, which nothing
// that happens meanwhile takes away.
func writeConducted(c *cli.Context, result *report.Report, folder string, beside *twin, page *room) error {
	if len(beside.taken()) > 0 {
		if err := writeFile(filepath.Join(folder, "report.json"), func(w io.Writer) error { return report.Write(w, *result) }); err != nil {
			return fmt.Errorf("cannot write the report: %w", err)
		}
		result.HadWeNot = beside.hadWeNot(c.Context, page)
	}
	return writeFiles(folder, *result)
}

// conclude writes the replay, prints the verdict and shows it on the page until nobody looks any more. Written is what became
// of the report's files.
func conclude(c *cli.Context, s streams, run *setup.Live, page *room, result report.Report, again replay, written error) error {
	written = errors.Join(written, again.write())
	at := again.folder
	if _, err := os.Stat(filepath.Join(at, "report.json")); err != nil {
		at = "" // there is none to name
	}
	if err := errors.Join(show(c, s.out, &run.Planned, result, at), written); err != nil {
		return err
	}
	page.conclude(&run.Planned, result, again.names)
	if c.Context.Err() == nil {
		page.linger(c.Context)
	}
	return nil
}

// stopped is a run that ended early. The report holds what was measured.
type stopped struct {
	cause  error
	folder string
}

func (s stopped) Error() string {
	if errors.Is(s.cause, context.Canceled) {
		return "interrupted; the partial report is in " + s.folder
	}
	return s.cause.Error() + "; the partial report is in " + s.folder
}

func (s stopped) Unwrap() error { return s.cause }

// show prints the report as JSON, or the funnel and the verdict for people.
func show(c *cli.Context, out io.Writer, run *setup.Planned, result report.Report, folder string) error {
	return showReport(c, out, result, folder, run.TryNext(result))
}

// showReport is show of a report alone, and of what to try next.
func showReport(c *cli.Context, out io.Writer, result report.Report, folder, next string) error {
	if c.Bool("json") {
		return report.Write(out, result)
	}
	if err := render.Text(out, result); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(out, "\n%s\n", render.Conclusion(result, next)); err != nil || folder == "" {
		return err
	}
	absolute, err := filepath.Abs(folder)
	if err != nil {
		absolute = folder
	}
	_, err = fmt.Fprintf(out, "report: %s\n", absolute)
	return err
}
