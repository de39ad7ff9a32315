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

// inputs read the flags of a formula and keep the first fault.
type inputs struct {
	c       *cli.Context
	formula string
	fault   error
}

// text returns a flag that must be given.
func (in *inputs) text(name string) string {
	text := strings.TrimSpace(in.c.String(name))
	if text == "" {
		in.fail(fmt.Errorf("--%s is missing; ombak calc %s --help shows the flags", name, in.formula))
	}
	return text
}

func (in *inputs) fail(err error) {
	if in.fault == nil {
		in.fault = err
	}
}

func (in *inputs) ifSet(name string) string {
	if in.c.IsSet(name) {
		return name
	}
	return ""
}

func (in *inputs) number(name string) float64 {
	return read(in, name, parseNumber, "number; give one as in 0.8")
}

func (in *inputs) rate(name string) float64 {
	return read(in, name, parsePerSecond, "rate; give one per second, or with its unit as in 80000/m")
}

func (in *inputs) seconds(name string) float64 {
	return read(in, name, parseSeconds, "time; give seconds, or a duration as in 250ms")
}

func (in *inputs) whole(name string) int {
	return read(in, name, strconv.Atoi, "whole number; give one as in 4")
}

// load is the offered load, which must be above 0.
func (in *inputs) load() float64 {
	load := in.number("offered-load")
	if in.fault == nil && !(load > 0 && load <= math.MaxFloat64) {
		in.fail(fmt.Errorf("--offered-load is %v; give a number above 0: arrival rate times mean service time", load))
	}
	return load
}

func read[T any](in *inputs, name string, parse func(string) (T, error), advice string) T {
	text := in.text(name)
	value, err := parse(text)
	if err != nil {
		in.fail(fmt.Errorf("--%s %q is no %s", name, text, advice))
	}
	return value
}

func parseNumber(text string) (float64, error) { return strconv.ParseFloat(text, 64) }

func parsePerSecond(text string) (float64, error) {
	if !strings.Contains(text, "/") {
		return parseNumber(text)
	}
	rate, err := workload.ParseRate(text)
	return rate.PerSecond(), err
}

func parseSeconds(text string) (float64, error) {
	if value, err := parseNumber(text); err == nil {
		return value, nil
	}
	span, err := time.ParseDuration(text)
	return span.Seconds(), err
}

// centers reads --demand NAME=SECONDS, --delay NAME=SECONDS and --servers NAME=N.
func (in *inputs) centers() []capacity.Center {
	var centers []capacity.Center
	at := func(name string) int {
		return slices.IndexFunc(centers, func(c capacity.Center) bool { return c.Name == name })
	}
	for _, flag := range []string{"demand", "delay"} {
		for _, text := range in.c.StringSlice(flag) {
			name, value, _ := strings.Cut(text, "=")
			demand, err := parseSeconds(value)
			switch {
			case name == "" || err != nil:
				in.fail(fmt.Errorf("--%s %q is no demand; write NAME=SECONDS, as in cpu=0.605 or disk=40ms", flag, text))
			case at(name) >= 0:
				in.fail(fmt.Errorf("--%s names %q twice; give each center once", flag, name))
			}
			centers = append(centers, capacity.Center{Name: name, Demand: demand, Delay: flag == "delay"})
		}
	}
	if len(centers) == 0 {
		in.fail(errors.New("--demand is missing; give one NAME=SECONDS for each center, as in --demand cpu=0.605 --demand disk=2.1"))
	}
	for _, text := range in.c.StringSlice("servers") {
		name, value, _ := strings.Cut(text, "=")
		count, err := strconv.Atoi(value)
		i := at(name)
		switch {
		case err != nil || count < 1:
			in.fail(fmt.Errorf("--servers %q is no number of servers; write NAME=N, as in cpu=4", text))
		case i >= 0 && centers[i].Servers != 0:
			in.fail(fmt.Errorf("--servers names %q twice; give each center once", name))
		case i < 0:
			in.fail(fmt.Errorf("--servers names %q, which has no --demand; give it one", name))
		default:
			centers[i].Servers = count
		}
	}
	return centers
}
