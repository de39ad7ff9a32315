package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/ombak-sim/ombak/drill"
	"github.com/ombak-sim/ombak/plots"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/setup"
	"github.com/ombak-sim/ombak/study/redline"
	"github.com/ombak-sim/ombak/units"
	"github.com/ombak-sim/ombak/workload"
)

func redlineCommand(s streams) *cli.Command {
	return &cli.Command{
		Name:      "redline",
		Usage:     "find the highest load that meets all thresholds",
		ArgsUsage: "SCENARIO",
		Flags: append(slices.Concat(levelFlags(), meterFlags(), liveFlags(), fleetFlags(), placingFlags()),
			&cli.StringFlag{Name: "plan", Usage: "use the plan `NAME` instead of the scenario's first", EnvVars: envVar("plan")},
			&cli.StringSliceFlag{Name: "target", Usage: "send requests for the target to `[NAME=]URL`; if neither this nor the scenario gives a URL, the reference backend is started here", EnvVars: envVar("target")},
			&cli.StringSliceFlag{Name: "var", Usage: "set a variable, as `NAME=VALUE`", EnvVars: envVar("var")},
			connectToFlag(), watchFlag(), behindGateFlags()[0], behindGateFlags()[1],
			&cli.StringFlag{Name: "mix", DefaultText: "the scenario's", Usage: "give the journeys these `SHARES` of the people, for example A=70,B=30; levels of several mixes let ombak calibrate tell steps apart", EnvVars: envVar("mix")},
			&cli.StringFlag{Name: "from", Value: "100/s", Usage: "start at this `RATE` of people", EnvVars: envVar("from")},
			&cli.Float64Flag{Name: "factor", Value: 1.5, Usage: "multiply the rate by `X` while all thresholds hold", EnvVars: envVar("factor")},
			&cli.Float64Flag{Name: "precision", Value: 0.05, Usage: "narrow the limit down to this `SHARE` of it", EnvVars: envVar("precision")},
			&cli.DurationFlag{Name: "for", Value: 20 * time.Second, DefaultText: "20s, and longer where a threshold needs more values or the service is slow", Usage: "offer each rate for `TIME`", EnvVars: envVar("for")},
			&cli.DurationFlag{Name: "longest", Value: 5 * time.Minute, Usage: "never make a level longer than `TIME`", EnvVars: envVar("longest")},
			&cli.IntFlag{Name: "repeats", Value: 1, Usage: "repeat a level that is invalid or undecided up to `N` times, and once one that broke while programs outside the run took more than a quarter of the cores", EnvVars: envVar("repeats")},
			&cli.IntFlag{Name: "most", Value: 20, Usage: "try at most `N` rates, repeated ones included", EnvVars: envVar("most")},
			&cli.StringFlag{Name: "closed", Usage: "run closed loops of `N,N,…` people instead, and fit the Universal Scalability Law", EnvVars: envVar("closed")},
			&cli.Uint64Flag{Name: "seed", DefaultText: "the scenario's", Usage: "draw people and instants from the seed `N`", EnvVars: envVar("seed")},
			runIDFlag(),
			&cli.StringSliceFlag{Name: "threshold", Usage: "add the threshold `EXPR`", EnvVars: envVar("threshold")},
			&cli.StringFlag{Name: "out", Usage: "write to `DIR`; by default ombak-out/SCENARIO-TIME", EnvVars: envVar("out")},
			&cli.BoolFlag{Name: "json", Usage: "print the report as JSON", EnvVars: envVar("json")},
			&cli.BoolFlag{Name: "quiet", Usage: "say only how long the search takes at most, and hide progress", EnvVars: envVar("quiet")},
		),
		Action: func(c *cli.Context) error { return playRedline(c, s) },
	}
}

// redliner plays one level after another.
type redliner struct {
	c        *cli.Context
	s        streams
	scenario *scenarios.Scenario
	options  setup.Options
	folder   string
	played   int // levels
	lengths  redline.Lengths
	page     *room // nil unless it is watched
	meter    *meter
}

func playRedline(c *cli.Context, s streams) error {
	r, bisection, err := readRedline(c, s)
	if err != nil {
		return err
	}
	concurrencies, err := readConcurrencies(c.String("closed"))
	if err != nil {
		return err
	}
	first, err := r.setUp(bisection.From, 0)
	if err != nil {
		return err
	}
	if err := checkService(c, first); err != nil {
		return err
	}
	r.lengths.Needs = needsOf(first, r.scenario)
	if r.folder, err = makeFolder(c.String("out"), r.scenario.Name+"-redline", time.Now()); err != nil {
		return err
	}
	if r.page, err = openLiveRoom(c, s, first, r.folder); err != nil {
		_ = os.Remove(r.folder) // removed only if empty; the error matters
		return err
	}
	defer r.page.close()
	if r.meter, err = openMeter(c, s.err, &first.Planned, r.folder); err != nil {
		r.page.close()
		_ = os.Remove(r.folder) // removed only if empty; the error matters
		return err
	}
	defer r.meter.close()
	if err := r.page.await(c); err != nil {
		return r.ended(err, nil)
	}
	if len(concurrencies) > 0 {
		if each := r.options.For + setup.LevelRamp + first.Scenario.Drain; c.Bool("quiet") {
			r.announceQuietly(len(concurrencies), each, each)
		}
		closed, err := redline.RunClosed(concurrencies, r.playClosed)
		return r.ended(err, r.concludeClosed(closed, r.cut(err)))
	}
	r.announce(first, bisection)
	open, err := redline.RunOpen(r.scenario.Arrivals.Step, bisection, r.playOpen)
	return r.ended(err, r.conclude(open, r.cut(err)))
}

// cut reports whether an interrupt ended the level that failed.
func (r *redliner) cut(tried error) bool { return tried != nil && r.c.Context.Err() != nil }

// ended says what an interrupt leaves: the levels before the one that did not come to its end.
func (r *redliner) ended(tried, concluded error) error {
	if !r.cut(tried) {
		return errors.Join(tried, concluded)
	}
	if concluded != nil {
		return concluded
	}
	if r.played <= 1 {
		_ = os.Remove(r.folder) // empty unless the user's
		return interrupted{"the first level did not come to its end, so nothing is written"}
	}
	return interrupted{fmt.Sprintf("level %d did not come to its end; what the levels before it say is in %s", r.played, filepath.Join(r.folder, "report.json"))}
}

func readRedline(c *cli.Context, s streams) (*redliner, redline.Bisection, error) {
	if err := errors.Join(checkLive(c), checkFleet(c)); err != nil {
		return nil, redline.Bisection{}, err
	}
	bisection := redline.Bisection{Factor: c.Float64("factor"), Precision: c.Float64("precision"), Most: c.Int("most"), Repeats: c.Int("repeats")}
	name, err := oneArgument(c, "scenario")
	if err != nil {
		return nil, bisection, err
	}
	r := &redliner{c: c, s: s, options: setup.Options{Plan: c.String("plan"), Thresholds: c.StringSlice("threshold"), For: c.Duration("for")}}
	if r.scenario, err = loadScenario(name); err != nil {
		return nil, bisection, err
	}
	if r.scenario, err = mixed(r.scenario, c.String("mix")); err != nil {
		return nil, bisection, err
	}
	r.options.Mix = c.String("mix")
	rate, err := workload.ParseRate(c.String("from"))
	switch {
	case err != nil || rate == 0:
		return nil, bisection, usageError{fmt.Errorf("--from is %q; give a rate above 0, for example 100/s", c.String("from"))}
	case !(bisection.Factor > 1) || !(bisection.Precision > 0) || bisection.Most < 1 || r.options.For <= 0:
		return nil, bisection, usageError{errors.New("--factor must be above 1, --precision above 0, --most " +
			"at least 1 and --for above 0")}
	case bisection.Repeats < 0 || c.Duration("longest") <= 0:
		return nil, bisection, usageError{errors.New("--repeats must be 0 or more and --longest above 0")}
	}
	r.lengths = redline.Lengths{Least: r.options.For, Most: max(r.options.For, c.Duration("longest")), Fixed: c.IsSet("for")}
	bisection.From, bisection.Noun = float64(rate), r.scenario.Arrivals.Words()
	if err := readRunID(c, &r.options); err != nil {
		return nil, bisection, err
	}
	if c.IsSet("seed") {
		seed := c.Uint64("seed")
		r.options.Seed = &seed
	}
	if r.options.Targets, err = pairs(c.StringSlice("target"), "target", true); err != nil {
		return nil, bisection, err
	}
	if r.options.ConnectTo, err = pairs(c.StringSlice("connect-to"), "connect-to", false); err != nil {
		return nil, bisection, err
	}
	if r.options.Watch, err = pairs(c.StringSlice("watch"), "watch", false); err != nil {
		return nil, bisection, err
	}
	if err := readGate(c, &r.options); err != nil {
		return nil, bisection, err
	}
	r.options.Vars, err = pairs(c.StringSlice("var"), "var", false)
	return r, bisection, err
}

// mixed returns the scenario with another mix of journeys, or itself if none is given.
func mixed(scenario *scenarios.Scenario, text string) (*scenarios.Scenario, error) {
	if text == "" {
		return scenario, nil
	}
	mix, err := scenarios.ParseMix(text)
	if err != nil {
		return nil, usageError{fmt.Errorf("--mix: %w", err)}
	}
	return loaded(scenario.WithMix(mix))
}

// setUp turns a rate, or a number of people under way, into a live run.
func (r *redliner) setUp(rate float64, closed int) (*setup.Live, error) {
	options := r.options
	options.RunID, options.Fresh = fmt.Sprintf("%s-%d", r.options.RunID, r.played+1), setup.RunsElsewhere(r.scenario, options)
	options.Rate, options.Closed = workload.Rate(rate), closed
	if setup.RunsElsewhere(r.scenario, options) {
		return setup.NewLoad(r.scenario, options)
	}
	return setup.NewLive(r.scenario, options)
}

// needsOf returns how many values each threshold is judged from, in terms of people at the step of the arrivals.
func needsOf(live *setup.Live, scenario *scenarios.Scenario) (needs []redline.Need) {
	for _, condition := range live.Conditions {
		if values := condition.Needs(); values > 0 {
			needs = append(needs, redline.Need{Source: condition.Source, People: values / max(0.001, setup.ShareReaching(scenario, condition.Step()))})
		}
	}
	return needs
}

// announce says how long the search may take, before anything is sent.
func (r *redliner) announce(first *setup.Live, bisection redline.Bisection) {
	beside := setup.LevelRamp + first.Scenario.Drain
	length, why := r.lengths.At(bisection.From)
	if r.c.Bool("quiet") {
		r.announceQuietly(bisection.Most, length+beside, r.lengths.Longest(bisection.Repeats)+beside)
		return
	}
	each := units.Duration(length + beside)
	r.say("at most %d levels; the first, at %s/s, takes about %s with ramp and drain%s; if all took as long, the search would take %s\n",
		bisection.Most, units.Rate(bisection.From), each, why, units.Duration(time.Duration(bisection.Most)*(length+beside)))
}

// announceQuietly says how long all levels take at the most, for a user who sees nothing else until they are over. With
// --json, standard error stays empty.
func (r *redliner) announceQuietly(levels int, first, longest time.Duration) {
	if !r.c.Bool("json") {
		fmt.Fprintln(r.s.err, searchTakes(levels, first, longest))
	}
}

// searchTakes says in one line how long levels take together at the most.
func searchTakes(levels int, first, longest time.Duration) string {
	number := "1 level"
	if levels != 1 {
		number = fmt.Sprintf("%d levels", levels)
	}
	text := fmt.Sprintf("the search takes at most %s: %s of up to %s", units.Duration(time.Duration(levels)*longest), number, units.Duration(longest))
	if first < longest {
		text += "; the first takes about " + units.Duration(first)
	}
	return text
}

// playOpen plays a level of the open loop.
func (r *redliner) playOpen(rate float64) (redline.Level, error) {
	length, why := r.lengths.At(rate)
	r.options.For = length
	if why != "" {
		r.say("level-%02d: %s/s for %s%s\n", r.played+1, units.Rate(rate), units.Duration(length), why)
	}
	level, err := r.play(rate, 0)
	if err != nil {
		return level, err
	}
	r.page.over(level.Report, "The next level follows.")
	level.Rate, level.For = rate, length
	r.lengths.Learn(level, r.scenario.Arrivals.Step)
	r.say("%s: %s %s/s: %s\n", level.Name, units.Rate(rate), r.scenario.Arrivals.Words(), level.WhyAt(r.scenario.Arrivals.Step))
	return level, nil
}

// play conducts the next level and writes its report.
func (r *redliner) play(rate float64, closed int) (redline.Level, error) {
	live, err := r.setUp(rate, closed)
	if err != nil {
		return redline.Level{}, err
	}
	r.played++
	level := redline.Level{Name: fmt.Sprintf("level-%02d", r.played), Concurrency: closed}
	folder := filepath.Join(r.folder, level.Name)
	made := os.Mkdir(folder, 0o755)
	if made != nil && !errors.Is(made, os.ErrExist) {
		return level, made
	}
	self, err := os.Executable()
	if err != nil {
		return level, err
	}
	if err := levelCommand(r.c, r.s, "before-level", r.played, folder); err != nil {
		return level, err
	}
	r.page.next(live, level.Name)
	r.meter.next(live)
	agents, err := openFleet(r.c, r.s, live)
	if err != nil {
		return level, err
	}
	defer agents.close()
	front, err := openGate(r.c, r.s, live)
	if err != nil {
		return level, err
	}
	beside := r.page.foretellLevel(r.c, r.scenario, live)
	defer beside.stop()
	level.Report, err = drill.Conduct(r.c.Context, live, front.stands(r.meter.metered(agents.joined(drill.Environment{
		Command: []string{self, "part"}, Folder: folder, Build: build(), Log: r.s.err, Room: r.page.level(), Beside: beside.cost,
	}))))
	front.restore(r.c.Context)
	if level.Report.Schema == "" || r.cut(err) {
		agents.abandon(r.c.Context) // no report of the level is written
	}
	level.Report = r.page.measured(level.Report)
	write := func() error {
		err := writeFile(filepath.Join(folder, "report.json"), func(w io.Writer) error { return report.Write(w, level.Report) })
		if err == nil {
			agents.release(r.c.Context)
		}
		return err
	}
	switch {
	case errors.Is(err, drill.ErrStopped):
		return level, errors.Join(fmt.Errorf("%s: %w", level.Name, err), write())
	case r.cut(err) && made == nil:
		return level, errors.Join(err, os.RemoveAll(folder))
	case err != nil:
		return level, err
	}
	if err := levelCommand(r.c, r.s, "after-level", r.played, folder); err != nil {
		return level, err
	}
	return level, write()
}

func (r *redliner) say(format string, words ...any) {
	if !r.c.Bool("quiet") {
		fmt.Fprintf(r.s.err, format, words...)
	}
}

// conclude writes the report of all levels and, unless an interrupt cut them short, prints the result.
func (r *redliner) conclude(open redline.Open, cut bool) error {
	if len(open.Levels) == 0 {
		return nil
	}
	whole := open.Report()
	path := filepath.Join(r.folder, "report.json")
	if err := writeFile(path, func(w io.Writer) error { return report.Write(w, whole) }); err != nil {
		return err
	}
	if err := r.draw(open.Levels); err != nil {
		return err
	}
	if cut {
		return nil
	}
	if r.c.Bool("json") {
		if err := report.Write(r.s.out, whole); err != nil {
			return err
		}
	} else {
		r.print(open)
	}
	r.page.sentence(open.Sentence())
	r.page.linger(r.c.Context)
	if open.Limit.Refused > 0 {
		return verdictError{report.Inconclusive}
	}
	if open.Limit.Held == 0 {
		return verdictError{open.Levels[len(open.Levels)-1].Report.Verdict}
	}
	return nil
}

// draw draws goodput and response time against the offered load.
func (r *redliner) draw(levels []redline.Level) error {
	var loads []plots.Load
	for _, level := range levels {
		load := plots.Load{OfferedPerS: level.Rate, Held: level.Held()}
		if row, found := level.Step(r.scenario.Arrivals.Step); found {
			load.GoodputPerS = row.GoodputPerS * level.Report.DurationS / (level.For + setup.LevelRamp/2).Seconds()
			if row.ResponseTimePassedS != nil {
				load.P99S = row.ResponseTimePassedS.P99
			}
		}
		loads = append(loads, load)
	}
	figure, err := plots.Cliff("scenario "+r.scenario.Name+" · plan "+levels[0].Report.Plan, loads)
	if err != nil {
		return err
	}
	return writeFigures(filepath.Join(r.folder, "plots"), []plots.Figure{figure})
}

func (r *redliner) print(open redline.Open) {
	rows := [][]string{{"level", "offered/s", "passed", "p50", "p99", "verdict"}}
	for _, level := range open.Levels {
		p50, p99 := "-", "-"
		if row, _ := level.Step(open.Step); row.ResponseTimePassedS != nil {
			p50, p99 = units.Time(row.ResponseTimePassedS.P50), units.Time(row.ResponseTimePassedS.P99)
		}
		rows = append(rows, []string{level.Name, units.Rate(level.Rate), units.Count(level.Passed(open.Step)), p50, p99, level.WhyAt(open.Step)})
	}
	fmt.Fprintf(r.s.out, "%s\n%s\nreport: %s\n", units.Table("lrrrrl", rows), open.Sentence(), filepath.Join(r.folder, "report.json"))
}
