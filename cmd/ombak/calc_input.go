package main

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/ombak-sim/ombak/workload"
)

// inputs reads the flags of a formula and keeps the first error.
type inputs struct {
	c       *cli.Context
	formula string
	fault   error
}

// text returns the value of a required flag.
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

// load returns the offered load, which must be above 0.
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
		in.fail(fmt.Errorf("--%s %q is not a %s", name, text, advice))
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
	errNoNumber = errors.New("this is not a number")
	errNoName   = errors.New("--station does not name it")
)
