package main

import (
	"github.com/urfave/cli/v2"

	"github.com/ombak-sim/ombak/capacity"
)

// stationFormulas are the forms whose answer is one station.
func stationFormulas() []formula {
	open := []string{"utilization", "l", "lq", "w", "wq", "p0", "p_wait", "throughput"}
	return []formula{
		{
			name: "mm1", usage: "one exponential server", source: "Kleinrock, Queueing Systems I, 1975, eq. 3.23–3.26",
			flags: []cli.Flag{arrivalRate(), serviceRate()},
			compute: station(open, func(in *inputs) (capacity.Station, error) {
				return capacity.MM1(in.rate("arrival-rate"), in.rate("service-rate"))
			}),
		},
		{
			name: "mmc", usage: "several exponential servers, one queue", source: "Erlang 1917; Kleinrock, Queueing Systems I, 1975, section 3.5",
			flags: []cli.Flag{arrivalRate(), serviceRate(), servers()},
			compute: station(open, func(in *inputs) (capacity.Station, error) {
				return capacity.MMc(in.rate("arrival-rate"), in.rate("service-rate"), in.whole("servers"))
			}),
		},
		{
			name: "mmck", usage: "several exponential servers and so many places in all", source: "Gross et al., Fundamentals of Queueing Theory, 4th ed., 2008, section 2.5; w, wq and p_wait over those admitted",
			flags: []cli.Flag{arrivalRate(), serviceRate(), servers(), numberFlag("capacity", "most requests in the whole system, `K`")},
			compute: station(append([]string{"p_block"}, open...), func(in *inputs) (capacity.Station, error) {
				return capacity.MMcK(in.rate("arrival-rate"), in.rate("service-rate"), in.whole("servers"), in.whole("capacity"))
			}),
		},
		{
			name: "mg1", usage: "one server with any service time", source: "Pollaczek 1930, Khinchine 1932; Kleinrock, Queueing Systems I, 1975, eq. 5.63",
			flags: []cli.Flag{arrivalRate(), timeFlag("service-mean", "mean service time"), numberFlag("scv", "variance of the service time over its squared mean, `C2`: 0 constant, 1 exponential")},
			compute: station(open, func(in *inputs) (capacity.Station, error) {
				return capacity.MG1(in.rate("arrival-rate"), in.seconds("service-mean"), in.number("scv"))
			}),
		},
		{
			name: "erlang-a", usage: "several servers, and people who lose patience", source: "Palm 1957; Mandelbaum, Zeltyn 2007, section 3; w and wq over all who come",
			flags: []cli.Flag{arrivalRate(), serviceRate(), servers(), rateFlag("abandon-rate", "1 over the mean patience")},
			compute: station(append([]string{"p_abandon"}, open...), func(in *inputs) (capacity.Station, error) {
				return capacity.ErlangA(in.rate("arrival-rate"), in.rate("service-rate"), in.whole("servers"), in.rate("abandon-rate"))
			}),
		},
		{
			name: "erlang-b", usage: "several servers and no queue", source: "Erlang 1917; Cooper, Introduction to Queueing Theory, 2nd ed., 1981, chapter 3",
			flags: []cli.Flag{servers(), offeredLoad()},
			compute: station([]string{"utilization", "l", "p0", "p_block"}, func(in *inputs) (capacity.Station, error) {
				return capacity.LossSystem(in.load(), 1, in.whole("servers"))
			}),
		},
		{
			name: "erlang-c", usage: "several servers and a queue, by load alone", source: "Erlang 1917; Cooper, Introduction to Queueing Theory, 2nd ed., 1981, chapter 3",
			flags: []cli.Flag{servers(), offeredLoad()},
			compute: station([]string{"utilization", "l", "lq", "p0", "p_wait"}, func(in *inputs) (capacity.Station, error) {
				return capacity.MMc(in.load(), 1, in.whole("servers"))
			}),
		},
	}
}

// station turns a station into an answer with the keys that apply.
func station(keys []string, compute func(*inputs) (capacity.Station, error)) func(*inputs) (answer, error) {
	return func(in *inputs) (answer, error) {
		steady, err := compute(in)
		return answerOf(steady, keys...), err
	}
}

func answerOf(s capacity.Station, keys ...string) answer {
	all := map[string]float64{
		"utilization": s.Utilization, "l": s.L, "lq": s.Lq, "w": s.W, "wq": s.Wq, "p0": s.P0,
		"p_wait": s.PWait, "p_block": s.PBlock, "p_abandon": s.PAbandon, "throughput": s.Throughput,
	}
	values := make(map[string]any)
	for _, key := range keys {
		values[key] = all[key]
	}
	return answer{values: values}
}
