package main

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/ombak-sim/ombak/capacity"
	"github.com/ombak-sim/ombak/workload"
)

func scv() cli.Flag {
	return numberFlag("scv", "variance of the service time over its squared mean, `C2`: 0 constant, 1 exponential")
}

func listFlag(name, usage string) cli.Flag {
	return &cli.StringSliceFlag{Name: name, Usage: usage, EnvVars: twin(name)}
}

// generalFormulas are those of one station with any service time beside M/G/1.
func generalFormulas() []formula {
	open := []string{"utilization", "l", "lq", "w", "wq", "p0", "p_wait", "throughput"}
	anyService := []cli.Flag{arrivalRate(), timeFlag("service-mean", "mean service time"), scv()}
	return []formula{
		{
			name: "mgc", usage: "several servers with any service time, approximately", source: "Allen, Cunneen; Allen, Probability, Statistics and Queueing Theory, 2nd ed., 1990, chapter 5",
			flags: append(slices.Clone(anyService), servers(), &cli.StringFlag{Name: "arrival-scv", Usage: "the same of the times between arrivals, `C2`", Value: "1", EnvVars: twin("arrival-scv")}),
			compute: station(open, func(in *inputs) (capacity.Station, error) {
				return capacity.GGc(in.rate("arrival-rate"), in.number("arrival-scv"), in.seconds("service-mean"), in.number("scv"), in.whole("servers"))
			}),
		},
		{
			name: "set-up", usage: "one server with any service time that goes off when idle", source: "Welch, Operations Research 12(5), 1964; Takagi, Queueing Analysis I, 1991, section 2.2",
			flags: append(slices.Clone(anyService), timeFlag("set-up-mean", "mean time until an idle server serves"), numberFlag("set-up-scv", "variance of the set-up over its squared mean, `C2`")),
			compute: station(open, func(in *inputs) (capacity.Station, error) {
				return capacity.MG1SetUp(in.rate("arrival-rate"), in.seconds("service-mean"), in.number("scv"), in.seconds("set-up-mean"), in.number("set-up-scv"))
			}),
		},
		{
			name: "pauses", usage: "one server with any service time that pauses while it works", source: "Avi-Itzhak, Naor, Operations Research 11(3), 1963, model A",
			flags: append(slices.Clone(anyService), rateFlag("pause-rate", "pauses of a busy server"), timeFlag("pause-mean", "mean pause"), numberFlag("pause-scv", "variance of the pause over its squared mean, `C2`")),
			compute: station(open, func(in *inputs) (capacity.Station, error) {
				return capacity.MG1Pauses(in.rate("arrival-rate"), in.seconds("service-mean"), in.number("scv"), in.rate("pause-rate"), in.seconds("pause-mean"), in.number("pause-scv"))
			}),
		},
	}
}

// moreFormulas are those of several classes or stations, of time-varying load, of retries and caches.
func moreFormulas() []formula {
	return []formula{
		{
			name: "priority", usage: "one server and classes of requests, the most important first", source: "Cobham, Operations Research 2(1), 1954; pre-emptive: White, Christie, Operations Research 6(1), 1958",
			flags: []cli.Flag{
				listFlag("class", "`NAME=RATE,MEAN,C2`: arrivals, mean service time and its squared coefficient of variation; once for each, in their order"),
				&cli.BoolFlag{Name: "preemptive", Usage: "drop what is served for who is more important, and resume it later", EnvVars: twin("preemptive")},
			},
			compute: computePriority,
		},
		{
			name: "jackson", usage: "an open network of stations", source: "Jackson, Operations Research 5(4), 1957",
			flags: []cli.Flag{
				listFlag("station", "`NAME=RATE` that one server of a station serves; once for each"),
				listFlag("arrivals", "`NAME=RATE` from outside at a station"),
				listFlag("servers", "`NAME=N` parallel servers of a station, 1 by default"),
				listFlag("route", "`FROM:TO=P`, the probability to go on to a station; the rest leaves"),
			},
			compute: computeJackson,
		},
		{
			name: "mtm-infinity", usage: "servers in use at a time, if there were always one more", source: "Eick, Massey, Whitt, Operations Research 41(4), 1993, theorem 1",
			flags: []cli.Flag{
				listFlag("arrivals", "`FOR,FROM,TO`: a piece of the arrival rate, as in 15m,0,80000/m; once for each, in their order"),
				serviceRate(), timeFlag("at", "when, since the first piece began"),
			},
			compute: computeInfinite,
		},
		{
			name: "fluid", usage: "the backlog of arrivals beyond the capacity", source: "Newell, Applications of Queueing Theory, 2nd ed., 1982, chapter 2",
			flags: []cli.Flag{
				listFlag("arrivals", "`FOR,FROM,TO`: a piece of the arrival rate, as in 15m,80000/m,80000/m; once for each, in their order"),
				listFlag("capacity", "`RATE`, or pieces as of the arrivals; the last rate stays"),
			},
			compute: computeFluid,
		},
		{
			name: "retries", usage: "what retries add to a load, and from when on they keep it up", source: "Bronson et al., HotOS 2021, section 2",
			flags:   []cli.Flag{arrivalRate(), rateFlag("capacity", "attempts that can be served"), numberFlag("failure", "share `P` of attempts that fail"), numberFlag("retries", "most retries of a request, `N`")},
			compute: computeRetries,
		},
		{
			name: "ttl", usage: "share of requests that a cache answers", source: "Jung, Berger, Balakrishnan, INFOCOM 2003; renewed by hits: Che, Tung, Wang 2002",
			flags: []cli.Flag{
				listFlag("keys", "`N=RATE`: so many keys that are each asked for at a rate; once for each"),
				timeFlag("ttl", "how long an entry lives"), &cli.BoolFlag{Name: "sliding", Usage: "an entry lives on with each hit", EnvVars: twin("sliding")},
			},
			compute: computeTTL,
		},
	}
}

// named reads flags of the form NAME=VALUE, each name once, and calls set for each.
func (in *inputs) named(flag, form string, set func(name, value string) error) {
	seen := make(map[string]bool)
	for _, text := range in.c.StringSlice(flag) {
		name, value, found := strings.Cut(text, "=")
		name = strings.TrimSpace(name)
		if !found || name == "" {
			in.fail(fmt.Errorf("--%s %q cannot be read; write %s", flag, text, form))
			return
		}
		if seen[name] {
			in.fail(fmt.Errorf("--%s names %q twice; give it once", flag, name))
		}
		seen[name] = true
		if err := set(name, strings.TrimSpace(value)); err != nil {
			in.fail(fmt.Errorf("--%s %q: %w; write %s", flag, text, err, form))
		}
	}
}

var (
	errNoNumber = errors.New("there is no such number")
	errNoName   = errors.New("there is no such station")
)

func computePriority(in *inputs) (answer, error) {
	var names []string
	var classes []capacity.Class
	in.named("class", "NAME=RATE,MEAN,C2, as in urgent=0.3,1,1", func(name, value string) error {
		parts := strings.Split(value, ",")
		if len(parts) != 3 {
			return errNoNumber
		}
		rate, first := parsePerSecond(parts[0])
		mean, second := parseSeconds(parts[1])
		scv, third := parseNumber(parts[2])
		if errors.Join(first, second, third) != nil {
			return errNoNumber
		}
		names, classes = append(names, name), append(classes, capacity.Class{ArrivalRate: rate, ServiceMean: mean, SCV: scv})
		return nil
	})
	if in.fault == nil && len(classes) == 0 {
		in.fail(errors.New("--class is missing; give one NAME=RATE,MEAN,C2 for each class, the most important first"))
	}
	if in.fault != nil {
		return answer{}, in.fault
	}
	solve, note := capacity.NonPreemptive, "a request that has begun is finished"
	if in.c.Bool("preemptive") {
		solve, note = capacity.PreemptiveResume, "pre-emptive: wq is all the time but the service, interruptions included"
	}
	stations, err := solve(classes)
	if err != nil {
		return answer{}, err
	}
	var utilization float64
	for _, class := range classes {
		utilization += class.ArrivalRate * class.ServiceMean
	}
	result := eachOf(names, stations)
	result.values["utilization"] = utilization
	result.notes = append(result.notes, note)
	return result, nil
}

// eachOf returns the figures of several stations by their names.
func eachOf(names []string, stations []capacity.Station) answer {
	l, lq, w, wq := make(map[string]float64), make(map[string]float64), make(map[string]float64), make(map[string]float64)
	for i, s := range stations {
		l[names[i]], lq[names[i]], w[names[i]], wq[names[i]] = s.L, s.Lq, s.W, s.Wq
	}
	return answer{values: map[string]any{"l": l, "lq": lq, "w": w, "wq": wq}}
}

// openStations reads --station, --arrivals, --servers and --route.
func (in *inputs) openStations() (names []string, stations []capacity.OpenStation) {
	in.named("station", "NAME=RATE, as in web=50", func(name, value string) error {
		rate, err := parsePerSecond(value)
		names, stations = append(names, name), append(stations, capacity.OpenStation{ServiceRate: rate})
		return err
	})
	if in.fault == nil && len(stations) == 0 {
		in.fail(errors.New("--station is missing; give one NAME=RATE for each, as in --station web=50"))
	}
	of := func(name string) (*capacity.OpenStation, error) {
		i := slices.Index(names, name)
		if i < 0 {
			return &capacity.OpenStation{}, errNoName
		}
		return &stations[i], nil
	}
	in.named("arrivals", "NAME=RATE of a station that --station names", func(name, value string) error {
		rate, err := parsePerSecond(value)
		s, unknown := of(name)
		s.ArrivalRate = rate
		return errors.Join(unknown, err)
	})
	in.named("servers", "NAME=N of a station that --station names", func(name, value string) error {
		n, err := strconv.Atoi(value)
		if err == nil && n < 1 {
			err = errNoNumber
		}
		s, unknown := of(name)
		s.Servers = n
		return errors.Join(unknown, err)
	})
	in.named("route", "FROM:TO=P of stations that --station names", func(way, value string) error {
		from, to, _ := strings.Cut(way, ":")
		p, err := parseNumber(value)
		s, unknown := of(from)
		if _, err := of(to); err != nil || unknown != nil {
			return errNoName
		}
		if s.Next == nil {
			s.Next = make([]float64, len(stations))
		}
		s.Next[slices.Index(names, to)] = p
		return err
	})
	return names, stations
}

func computeJackson(in *inputs) (answer, error) {
	names, stations := in.openStations()
	if in.fault != nil {
		return answer{}, in.fault
	}
	network, err := capacity.OpenJackson(stations)
	if err != nil {
		return answer{}, err
	}
	result := eachOf(names, network.Stations)
	busy := make(map[string]float64)
	for i, s := range network.Stations {
		busy[names[i]] = s.Utilization
	}
	result.values["utilization"] = busy
	result.values["throughput"], result.values["response_time"] = network.Throughput, network.ResponseTime
	return result, nil
}

// curve reads pieces FOR,FROM,TO.
func (in *inputs) curve(flag string) workload.Curve {
	const form = "FOR,FROM,TO, as in 15m,0,80000/m"
	var curve workload.Curve
	for _, text := range in.c.StringSlice(flag) {
		parts := strings.Split(text, ",")
		if len(parts) != 3 {
			in.fail(fmt.Errorf("--%s %q is no piece of a curve; write %s", flag, text, form))
			return nil
		}
		span, first := parseSeconds(parts[0])
		from, second := parsePerSecond(parts[1])
		to, third := parsePerSecond(parts[2])
		if errors.Join(first, second, third) != nil {
			in.fail(fmt.Errorf("--%s %q is no piece of a curve; write %s", flag, text, form))
			return nil
		}
		if !(span > 0 && span <= mostSeconds) {
			in.fail(fmt.Errorf("--%s %q lasts %g s; a piece may last up to %g s", flag, text, span, float64(mostSeconds)))
			return nil
		}
		curve = append(curve, workload.Segment{For: time.Duration(span * float64(time.Second)), From: workload.Rate(from), To: workload.Rate(to)})
	}
	if len(curve) == 0 {
		in.fail(fmt.Errorf("--%s is missing; give one %s for each piece", flag, form))
	}
	return curve
}

// mostSeconds bounds a piece of a curve, whose length is kept in nanoseconds.
const mostSeconds = 1e9

// rateAt returns the rate of a curve at a time in seconds; 0 behind its end.
func rateAt(curve workload.Curve, t float64) float64 {
	for _, s := range curve {
		if span := s.For.Seconds(); t < span {
			return s.From.PerSecond() + (s.To.PerSecond()-s.From.PerSecond())*t/span
		}
		t -= s.For.Seconds()
	}
	return 0
}

func computeInfinite(in *inputs) (answer, error) {
	curve, rate, at := in.curve("arrivals"), in.rate("service-rate"), in.seconds("at")
	if in.fault != nil {
		return answer{}, in.fault
	}
	busy, err := capacity.OfferedLoad(func(t float64) float64 { return rateAt(curve, t) }, rate, at)
	return answer{values: map[string]any{"l": busy}, notes: []string{"the number is Poisson with this mean"}}, err
}

func computeFluid(in *inputs) (answer, error) {
	arrivals := in.curve("arrivals")
	var limit workload.Curve
	if given := in.c.StringSlice("capacity"); len(given) == 1 && !strings.Contains(given[0], ",") {
		rate, err := parsePerSecond(given[0])
		if err != nil {
			in.fail(fmt.Errorf("--capacity %q is no rate; give one per second, or with its unit as in 60000/m", given[0]))
		}
		limit = workload.Curve{{For: time.Second, From: workload.Rate(rate), To: workload.Rate(rate)}}
	} else {
		limit = in.curve("capacity")
	}
	if in.fault != nil {
		return answer{}, in.fault
	}
	overloads, err := capacity.Fluid(arrivals, limit)
	if err != nil {
		return answer{}, err
	}
	var result answer
	var backlog, wait float64
	spans := []map[string]float64{}
	for _, o := range overloads {
		spans = append(spans, map[string]float64{
			"begin": o.Begin, "end": o.End, "clear": o.Clear, "backlog": o.Backlog, "backlog_at": o.BacklogAt, "longest_wait": o.LongestWait, "longest_wait_at": o.LongestWaitAt,
		})
		backlog, wait = math.Max(backlog, o.Backlog), math.Max(wait, o.LongestWait)
		result.notes = append(result.notes, fmt.Sprintf("from %s s to %s s more come than can be served: at most %s wait, at %s s; all are served at %s s",
			digits(o.Begin), digits(o.End), digits(o.Backlog), digits(o.BacklogAt), digits(o.Clear)))
	}
	if len(overloads) == 0 {
		result.notes = append(result.notes, "the capacity always suffices")
	}
	result.values = map[string]any{"overloads": spans, "backlog": backlog, "longest_wait": wait}
	return result, nil
}

func computeRetries(in *inputs) (answer, error) {
	storm, err := capacity.Retries(in.rate("arrival-rate"), in.rate("capacity"), in.number("failure"), in.whole("retries"))
	if err != nil {
		return answer{}, err
	}
	result := answer{values: map[string]any{
		"attempts": storm.Attempts, "amplification": storm.Amplification, "overload": storm.Overload, "critical_failure": storm.CriticalFailure, "safe_rate": storm.SafeRate,
	}}
	result.notes = append(result.notes, fmt.Sprintf("attempts exceed the capacity: %v", storm.Overload))
	return result, nil
}

// mostKeys bounds how many keys are reckoned one by one.
const mostKeys = 10_000_000

func computeTTL(in *inputs) (answer, error) {
	var rates []float64
	for _, text := range in.c.StringSlice("keys") {
		number, value, _ := strings.Cut(text, "=")
		n, first := strconv.Atoi(number)
		rate, second := parsePerSecond(value)
		if errors.Join(first, second) != nil || n < 1 || len(rates)+n > mostKeys {
			in.fail(fmt.Errorf("--keys %q cannot be read; write N=RATE, as in 1000=0.2, with at most %d keys in all", text, mostKeys))
			break
		}
		rates = append(rates, slices.Repeat([]float64{rate}, n)...)
	}
	if len(rates) == 0 {
		in.fail(errors.New("--keys is missing; give N=RATE, as in --keys 1000=0.2"))
	}
	ttl := in.seconds("ttl")
	if in.fault != nil {
		return answer{}, in.fault
	}
	hits := capacity.TTLHitRate
	if in.c.Bool("sliding") {
		hits = capacity.SlidingTTLHitRate
	}
	share, err := hits(rates, ttl)
	return answer{values: map[string]any{"hit_rate": share}}, err
}
