package main

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/ombak-sim/ombak/capacity"
)

func jackson() formula {
	return formula{
		name: "jackson", summary: "an open network of stations",
		source:  "Jackson, Operations Research 5(4), 1957",
		example: "--station web=50 --station disk=25 --arrivals web=10 --servers disk=2 --route web:disk=0.5",
		flags: []cli.Flag{
			listFlag("station", "`NAME=RATE` that one server of a station completes; repeat for each station"),
			listFlag("arrivals", "`NAME=RATE` from outside at a station"),
			listFlag("servers", "`NAME=N` parallel servers of a station, 1 by default"),
			listFlag("route", "`FROM:TO=P`, the probability of going on to a station; the rest leave"),
		},
		figures: append(figuresOf("utilization", "l", "lq", "w", "wq", "throughput"), figure{"response_time", " s", "from arrival to departure, over all stations"}),
		compute: computeJackson,
	}
}

// eachOf returns the figures of several stations by name.
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
