package main

import (
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/ombak-sim/ombak/capacity"
)

// stationFigures lists the figures of a station in the steady state, in the order of the table.
func stationFigures() []stationFigure {
	return []stationFigure{
		{figure{"utilization", "", "busy share of the servers"}, func(s capacity.Station) float64 { return s.Utilization }},
		{figure{"l", "", "requests in the system"}, func(s capacity.Station) float64 { return s.L }},
		{figure{"lq", "", "requests waiting"}, func(s capacity.Station) float64 { return s.Lq }},
		{figure{"w", " s", "time in the system"}, func(s capacity.Station) float64 { return s.W }},
		{figure{"wq", " s", "time waiting"}, func(s capacity.Station) float64 { return s.Wq }},
		{figure{"p0", "", "probability that the system is empty"}, func(s capacity.Station) float64 { return s.P0 }},
		{figure{"p_wait", "", "probability of having to wait"}, func(s capacity.Station) float64 { return s.PWait }},
		{figure{"p_block", "", "probability of being turned away"}, func(s capacity.Station) float64 { return s.PBlock }},
		{figure{"p_abandon", "", "probability of leaving before service"}, func(s capacity.Station) float64 { return s.PAbandon }},
		{figure{"throughput", "/s", "requests through the system"}, func(s capacity.Station) float64 { return s.Throughput }},
	}
}

// stationFigure is a figure of one station.
type stationFigure struct {
	figure
	of func(capacity.Station) float64
}

// figuresOf returns the figures of a station with the given keys.
func figuresOf(keys ...string) (some []figure) {
	for _, f := range stationFigures() {
		if slices.Contains(keys, f.key) {
			some = append(some, f.figure)
		}
	}
	return some
}

// answerOf returns the values of a station with the given keys.
func answerOf(s capacity.Station, keys ...string) answer {
	values := make(map[string]any)
	for _, f := range stationFigures() {
		if slices.Contains(keys, f.key) {
			values[f.key] = f.of(s)
		}
	}
	return answer{values: values}
}

// openKeys returns the keys of a station at which everybody is served, and further keys.
func openKeys(more ...string) []string {
	return append([]string{"utilization", "l", "lq", "w", "wq", "p0", "p_wait", "throughput"}, more...)
}

// station completes the descriptor of a formula that answers the figures of one station with the given keys.
func station(f formula, keys []string, solve func(*inputs) (capacity.Station, error)) formula {
	f.figures = figuresOf(keys...)
	f.compute = func(in *inputs) (answer, error) {
		steady, err := solve(in)
		return answerOf(steady, keys...), err
	}
	return f
}

func mm1() formula {
	return station(formula{
		name: "mm1", summary: "one exponential server",
		source:  "Kleinrock, Queueing Systems I, 1975, eq. 3.23–3.26",
		example: "--arrival-rate 0.8 --service-rate 1",
		flags:   []cli.Flag{arrivalRate(), serviceRate()},
	}, openKeys(), func(in *inputs) (capacity.Station, error) {
		return capacity.MM1(in.rate("arrival-rate"), in.rate("service-rate"))
	})
}

func mmc() formula {
	return station(formula{
		name: "mmc", summary: "several exponential servers, one queue",
		source:  "Erlang 1917; Kleinrock, Queueing Systems I, 1975, section 3.5",
		example: "--arrival-rate 9 --service-rate 5 --servers 4",
		flags:   []cli.Flag{arrivalRate(), serviceRate(), servers()},
	}, openKeys(), func(in *inputs) (capacity.Station, error) {
		return capacity.MMc(in.rate("arrival-rate"), in.rate("service-rate"), in.whole("servers"))
	})
}

func mmck() formula {
	return station(formula{
		name: "mmck", summary: "several exponential servers and a bounded queue",
		source:  "Gross et al., Fundamentals of Queueing Theory, 4th ed., 2008, section 2.5; w, wq and p_wait over those admitted",
		example: "--arrival-rate 40 --service-rate 30 --servers 3 --capacity 7",
		flags:   []cli.Flag{arrivalRate(), serviceRate(), servers(), numberFlag("capacity", "most requests in the whole system, those in service included, `K`")},
	}, openKeys("p_block"), func(in *inputs) (capacity.Station, error) {
		return capacity.MMcK(in.rate("arrival-rate"), in.rate("service-rate"), in.whole("servers"), in.whole("capacity"))
	})
}

func mg1() formula {
	return station(formula{
		name: "mg1", summary: "one server, any service time",
		source:  "Pollaczek 1930, Khinchine 1932; Kleinrock, Queueing Systems I, 1975, eq. 5.63",
		example: "--arrival-rate 0.8 --service-mean 1 --scv 4",
		flags:   anyService(),
	}, openKeys(), func(in *inputs) (capacity.Station, error) {
		return capacity.MG1(in.rate("arrival-rate"), in.seconds("service-mean"), in.number("scv"))
	})
}

func mgc() formula {
	return station(formula{
		name: "mgc", summary: "several servers, any service time (approximate)",
		source:  "Allen, Cunneen; Allen, Probability, Statistics and Queueing Theory, 2nd ed., 1990, chapter 5",
		example: "--arrival-rate 9 --service-mean 0.2 --scv 2 --servers 4 --arrival-scv 1",
		flags:   append(anyService(), servers(), &cli.StringFlag{Name: "arrival-scv", Usage: "variance of the time between arrivals over its squared mean, `C2`", Value: "1", EnvVars: envVar("arrival-scv")}),
	}, openKeys(), func(in *inputs) (capacity.Station, error) {
		return capacity.GGc(in.rate("arrival-rate"), in.number("arrival-scv"), in.seconds("service-mean"), in.number("scv"), in.whole("servers"))
	})
}

func erlangA() formula {
	return station(formula{
		name: "erlang-a", summary: "several servers, and people who lose patience",
		source:  "Palm 1957; Mandelbaum, Zeltyn 2007, section 3; w and wq over everyone who arrives",
		example: "--arrival-rate 48 --service-rate 1 --servers 50 --abandon-rate 0.5",
		flags:   []cli.Flag{arrivalRate(), serviceRate(), servers(), rateFlag("abandon-rate", "1 over the mean patience")},
	}, openKeys("p_abandon"), func(in *inputs) (capacity.Station, error) {
		return capacity.ErlangA(in.rate("arrival-rate"), in.rate("service-rate"), in.whole("servers"), in.rate("abandon-rate"))
	})
}

func erlangB() formula {
	return station(formula{
		name: "erlang-b", summary: "several servers and no queue",
		source:  "Erlang 1917; Cooper, Introduction to Queueing Theory, 2nd ed., 1981, chapter 3",
		example: "--servers 10 --offered-load 8",
		flags:   []cli.Flag{servers(), offeredLoad()},
	}, []string{"utilization", "l", "p0", "p_block"}, func(in *inputs) (capacity.Station, error) {
		return capacity.LossSystem(in.load(), 1, in.whole("servers"))
	})
}

func erlangC() formula {
	return station(formula{
		name: "erlang-c", summary: "several servers and a queue, from the offered load alone",
		source:  "Erlang 1917; Cooper, Introduction to Queueing Theory, 2nd ed., 1981, chapter 3",
		example: "--servers 10 --offered-load 8",
		flags:   []cli.Flag{servers(), offeredLoad()},
	}, []string{"utilization", "l", "lq", "p0", "p_wait"}, func(in *inputs) (capacity.Station, error) {
		return capacity.MMc(in.load(), 1, in.whole("servers"))
	})
}

func setUp() formula {
	return station(formula{
		name: "set-up", summary: "one server that switches off when idle, any service time",
		source:  "Welch, Operations Research 12(5), 1964; Takagi, Queueing Analysis I, 1991, section 2.2",
		example: "--arrival-rate 0.5 --service-mean 1 --scv 1 --set-up-mean 30 --set-up-scv 0",
		flags:   append(anyService(), timeFlag("set-up-mean", "mean time until an idle server serves"), numberFlag("set-up-scv", "variance of the set-up time over its squared mean, `C2`")),
	}, openKeys(), func(in *inputs) (capacity.Station, error) {
		return capacity.MG1SetUp(in.rate("arrival-rate"), in.seconds("service-mean"), in.number("scv"), in.seconds("set-up-mean"), in.number("set-up-scv"))
	})
}

func pauses() formula {
	return station(formula{
		name: "pauses", summary: "one server that pauses while it works, any service time",
		source:  "Avi-Itzhak, Naor, Operations Research 11(3), 1963, model A",
		example: "--arrival-rate 80 --service-mean 10ms --scv 1 --pause-rate 0.2 --pause-mean 100ms --pause-scv 0",
		flags:   append(anyService(), rateFlag("pause-rate", "pauses of a busy server"), timeFlag("pause-mean", "mean pause"), numberFlag("pause-scv", "variance of the pause over its squared mean, `C2`")),
	}, openKeys(), func(in *inputs) (capacity.Station, error) {
		return capacity.MG1Pauses(in.rate("arrival-rate"), in.seconds("service-mean"), in.number("scv"), in.rate("pause-rate"), in.seconds("pause-mean"), in.number("pause-scv"))
	})
}
