package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/ombak-sim/ombak/capacity"
	"github.com/ombak-sim/ombak/workload"
)

// formula is one form of ombak calc.
type formula struct {
	name, usage, source string
	flags               []cli.Flag
	arguments           string // what stands beside the flags; empty for nothing
	compute             func(*inputs) (answer, error)
}

func calcCommand(s streams) *cli.Command {
	command := &cli.Command{
		Name:  "calc",
		Usage: "compute a formula of queueing theory",
		Description: "Rates are per second (0.8) or name their unit (80000/m); times are in seconds (15) or durations (250ms).\n" +
			"docs/formulas.md lists every formula with its source and where it holds.",
		Action: func(c *cli.Context) error {
			if word := c.Args().First(); word != "" {
				return usageError{fmt.Errorf("there is no formula %q; ombak calc --help lists them", word)}
			}
			return cli.ShowSubcommandHelp(c)
		},
	}
	for _, f := range slices.Concat(stationFormulas(), otherFormulas(), generalFormulas(), moreFormulas()) {
		command.Subcommands = append(command.Subcommands, f.command(s))
	}
	return command
}

func (f formula) command(s streams) *cli.Command {
	asJSON := &cli.BoolFlag{Name: "json", Usage: "print a JSON object", EnvVars: twin("json")}
	return &cli.Command{
		Name: f.name, Usage: f.usage, Description: "Source: " + f.source, ArgsUsage: f.arguments, Flags: append(f.flags, asJSON),
		Action: func(c *cli.Context) error {
			if f.arguments == "" && c.NArg() > 0 {
				return usageError{fmt.Errorf("%q is too much; figures are given by flags, ombak calc %s --help shows them", c.Args().First(), f.name)}
			}
			in := &inputs{c: c, formula: f.name}
			result, err := f.compute(in)
			if in.fault != nil {
				err = in.fault // the formula was computed from nothing
			}
			if err != nil {
				return usageError{err}
			}
			if c.Bool("json") {
				return result.writeJSON(s)
			}
			return result.writeTable(s, f.source)
		},
	}
}

func rateFlag(name, of string) cli.Flag {
	return &cli.StringFlag{Name: name, Usage: of + ": `RATE` per second, or with its unit as in 80000/m", EnvVars: twin(name)}
}

func timeFlag(name, of string) cli.Flag {
	return &cli.StringFlag{Name: name, Usage: of + ": `SECONDS`, or a duration as in 250ms", EnvVars: twin(name)}
}

func numberFlag(name, of string, aliases ...string) cli.Flag {
	return &cli.StringFlag{Name: name, Aliases: aliases, Usage: of, EnvVars: twin(name)}
}

func arrivalRate() cli.Flag { return rateFlag("arrival-rate", "arrivals") }
func serviceRate() cli.Flag { return rateFlag("service-rate", "what one server can serve") }
func servers() cli.Flag     { return numberFlag("servers", "parallel servers, `N`") }
func offeredLoad() cli.Flag {
	return numberFlag("offered-load", "arrival rate times mean service time, in `ERLANG`")
}

func otherFormulas() []formula {
	return []formula{
		{
			name: "servers", usage: "fewest servers for a probability to wait",
			source:  "Erlang C, Erlang 1917; square-root rule: Halfin, Whitt, Operations Research 29(3), 1981",
			flags:   []cli.Flag{offeredLoad(), numberFlag("max-wait-probability", "largest share `P` of people who may have to wait")},
			compute: computeServers,
		},
		{
			name: "usl", usage: "fit the universal scalability law to measured points", arguments: "POINTS.csv",
			source: "Gunther, Guerrilla Capacity Planning, 2007, chapter 4: X = λN/(1 + σ(N−1) + κN(N−1)), σ and κ at least 0",
			flags: []cli.Flag{
				&cli.IntFlag{Name: "resamples", Usage: "draw residuals `N` times for the intervals; 0 leaves them out", Value: 1000, EnvVars: twin("resamples")},
				&cli.Uint64Flag{Name: "seed", Usage: "draw other residuals", EnvVars: twin("seed")},
			},
			compute: computeUSL,
		},
		{
			name: "forecast", usage: "the funnel of people who have not come yet, from reports", arguments: "REPORT…",
			source:  "beta-binomial prediction, Gelman et al., Bayesian Data Analysis, 2013, section 2.4; runs that differ: Hahn, Meeker, Statistical Intervals, 1991, chapter 4",
			flags:   []cli.Flag{numberFlag("people", "`N` who will come"), numberFlag("peak-per-minute", "most of them in a minute, `N`, to be warned where that was never measured")},
			compute: computeForecast,
		},
		{
			name: "mva", usage: "people who think and send requests in turn (mean value analysis)",
			source: "Reiser, Lavenberg, Journal of the ACM 27(2), 1980; several servers: Buzen, Communications of the ACM 16(9), 1973",
			flags: []cli.Flag{
				numberFlag("population", "people, `N`"), timeFlag("think", "mean time between an answer and the next request"),
				&cli.StringSliceFlag{Name: "demand", Usage: "`NAME=SECONDS` of service that one request needs at a center; once for each", EnvVars: twin("demand")},
				&cli.StringSliceFlag{Name: "delay", Usage: "`NAME=SECONDS` that one request spends at a center without a queue", EnvVars: twin("delay")},
				&cli.StringSliceFlag{Name: "servers", Usage: "`NAME=N` parallel servers of a center, 1 by default", EnvVars: twin("servers")},
				&cli.BoolFlag{Name: "approximate", Usage: "use Schweitzer's approximation, for very many people", EnvVars: twin("approximate")},
			},
			compute: computeMVA,
		},
		{
			name: "little", usage: "the third of number, rate and time from the other two",
			source: "Little, Operations Research 9(3), 1961: L = λW",
			flags: []cli.Flag{
				arrivalRate(), numberFlag("number", "mean `L` in the system", "l"),
				&cli.StringFlag{Name: "time", Aliases: []string{"w"}, Usage: "mean time in the system: `SECONDS`, or a duration", EnvVars: twin("time")},
			},
			compute: computeLittle,
		},
	}
}

func computeServers(in *inputs) (answer, error) {
	load, target := in.load(), in.number("max-wait-probability")
	if in.fault != nil {
		return answer{}, in.fault
	}
	count, err := capacity.Servers(load, target)
	if err != nil {
		return answer{}, err
	}
	rule, err := capacity.SquareRootServers(load, target)
	if err != nil {
		return answer{}, err
	}
	station, err := capacity.MMc(load, 1, count)
	result := answerOf(station, "utilization", "l", "lq", "p_wait", "p0")
	result.values["servers"] = count
	result.notes = append(result.notes, fmt.Sprintf("the square-root rule gives %.4g servers", rule))
	return result, err
}

func computeUSL(in *inputs) (answer, error) {
	name, err := oneArgument(in.c, "file of points")
	if err != nil {
		return answer{}, err
	}
	file, err := os.Open(name)
	if err != nil {
		return answer{}, fmt.Errorf("the points cannot be opened: %w; name a CSV file with the header concurrency,throughput", err)
	}
	defer file.Close()
	points, err := capacity.ReadPoints(file)
	if err != nil {
		return answer{}, fmt.Errorf("%s: %w", name, err)
	}
	fit, err := capacity.FitUSL(points)
	if err != nil {
		return answer{}, fmt.Errorf("%s: %w", name, err)
	}
	result := answer{values: map[string]any{"sigma": fit.Sigma, "kappa": fit.Kappa, "lambda": fit.Lambda}}
	if peak, found := fit.PeakConcurrency(); found {
		height, _ := fit.PeakThroughput()
		result.values["peak_concurrency"], result.values["peak_throughput"] = peak, height
	}
	result.warnings = fit.Warnings
	result.notes = append(result.notes, fmt.Sprintf("fitted to %d points by least squares; it explains %.4g %% of the variance", len(points), 100*fit.RSquared))
	if resamples := in.c.Int("resamples"); resamples != 0 {
		return addIntervals(result, fit, resamples, in.c.Uint64("seed"))
	}
	return result, nil
}

func addIntervals(result answer, fit capacity.USLFit, resamples int, seed uint64) (answer, error) {
	intervals, err := fit.Intervals(resamples, workload.Seed{Value: seed})
	if err != nil {
		return result, err
	}
	result.intervals = map[string]capacity.Interval{"sigma": intervals.Sigma, "kappa": intervals.Kappa, "lambda": intervals.Lambda}
	if intervals.PeakConcurrency != nil && intervals.PeakThroughput != nil {
		result.intervals["peak_concurrency"], result.intervals["peak_throughput"] = *intervals.PeakConcurrency, *intervals.PeakThroughput
	}
	result.warnings = append(result.warnings, intervals.Warnings...)
	result.notes = append(result.notes, fmt.Sprintf("95 %% intervals by residual bootstrap, %d resamples, seed %d", resamples, seed))
	return result, nil
}

func computeMVA(in *inputs) (answer, error) {
	network := capacity.ClosedNetwork{Population: in.whole("population"), Centers: in.centers()}
	if in.c.IsSet("think") {
		network.Think = in.seconds("think")
	}
	if in.fault != nil {
		return answer{}, in.fault
	}
	solve := network.Exact
	if in.c.Bool("approximate") {
		solve = network.Schweitzer
	}
	solution, err := solve()
	if err != nil {
		return answer{}, err
	}
	queues := make(map[string]float64)
	var busiest capacity.CenterSolution
	for _, center := range solution.Centers {
		queues[center.Name] = center.Queue
		if center.Utilization >= busiest.Utilization {
			busiest = center
		}
	}
	result := answer{values: map[string]any{
		"throughput": solution.Throughput, "response_time": solution.ResponseTime, "queue": queues, "utilization": busiest.Utilization,
	}}
	result.notes = append(result.notes, fmt.Sprintf("the utilization is of the busiest center, %s", busiest.Name))
	if in.c.Bool("approximate") {
		result.notes = append(result.notes, "approximate: Schweitzer 1979, several servers by Seidmann 1987")
	}
	return result, nil
}

func computeLittle(in *inputs) (answer, error) {
	given := strings.Fields(strings.Join([]string{in.ifSet("arrival-rate"), in.ifSet("number"), in.ifSet("time")}, " "))
	if len(given) != 2 {
		return answer{}, fmt.Errorf("give exactly two of --arrival-rate, --number and --time, not %d; the third is computed", len(given))
	}
	var number, rate, span float64
	var err error
	switch {
	case !in.c.IsSet("number"):
		rate, span = in.rate("arrival-rate"), in.seconds("time")
		number, err = capacity.NumberInSystem(rate, span)
	case !in.c.IsSet("time"):
		rate, number = in.rate("arrival-rate"), in.number("number")
		span, err = capacity.TimeInSystem(number, rate)
	default:
		number, span = in.number("number"), in.seconds("time")
		rate, err = capacity.RateThroughSystem(number, span)
	}
	return answer{values: map[string]any{"l": number, "throughput": rate, "w": span}}, err
}
