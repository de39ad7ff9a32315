package workload

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"
)

// String returns the text form.
func (d Distribution) String() string {
	if d.aside == nil {
		return "0s"
	}
	return d.aside.text
}

// MarshalText implements encoding.TextMarshaler.
func (d Distribution) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler; see [ParseDistribution].
func (d *Distribution) UnmarshalText(text []byte) error {
	parsed, err := ParseDistribution(string(text))
	if err == nil {
		*d = parsed
	}
	return err
}

// ParseDistribution reads the text form of a distribution.
func ParseDistribution(text string) (Distribution, error) {
	text = strings.TrimSpace(text)
	name, rest, found := strings.Cut(text, "(")
	if !found {
		name, rest = string(Constant), text+")"
	}
	body, closed := strings.CutSuffix(rest, ")")
	if !closed {
		return Distribution{}, fmt.Errorf("distribution %q: the closing bracket is missing", text)
	}
	kind := Kind(strings.TrimSpace(name))
	d := Distribution{family: family(max(0, slices.Index(kinds[:], kind))), aside: &aside{text: text}}
	arguments := splitArguments(body)
	var err error
	switch kind {
	case Constant, Exponential:
		err = d.readMean(arguments)
	case Uniform:
		err = d.readUniform(arguments)
	case Lognormal:
		err = d.readLognormal(arguments)
	case Gamma:
		err = d.readGamma(arguments)
	case Empirical:
		err = d.readEmpirical(arguments)
	default:
		err = fmt.Errorf("no such family; use constant, exponential, uniform, lognormal, gamma or empirical")
	}
	if err != nil {
		return Distribution{}, fmt.Errorf("distribution %q: %w", text, err)
	}
	return d, nil
}

type argument struct{ name, value string }

func splitArguments(body string) []argument {
	var arguments []argument
	for part := range strings.SplitSeq(body, ",") {
		name, value, named := strings.Cut(part, "=")
		if !named {
			name, value = "", part
		}
		arguments = append(arguments, argument{strings.TrimSpace(name), strings.TrimSpace(value)})
	}
	return arguments
}

func (d *Distribution) readMean(arguments []argument) (err error) {
	if len(arguments) != 1 || arguments[0].name != "" {
		return fmt.Errorf("wants one duration, as in %s(20ms)", d.Kind())
	}
	d.a, err = parseSeconds(arguments[0].value)
	return err
}

func (d *Distribution) readUniform(arguments []argument) error {
	if len(arguments) != 2 {
		return fmt.Errorf("wants two durations, as in uniform(1s, 3s)")
	}
	var err error
	if d.a, err = parseSeconds(arguments[0].value); err != nil {
		return err
	}
	if d.b, err = parseSeconds(arguments[1].value); err != nil {
		return err
	}
	if d.b < d.a {
		return fmt.Errorf("the second duration must not be below the first")
	}
	return nil
}

func (d *Distribution) readLognormal(arguments []argument) error {
	const form = "wants a median and a higher quantile, as in lognormal(median=20ms, p95=60ms)"
	if len(arguments) != 2 || arguments[0].name != "median" {
		return errors.New(form)
	}
	quantiles := map[string]float64{"p90": 0.9, "p95": 0.95, "p99": 0.99}
	q, known := quantiles[arguments[1].name]
	if !known {
		return errors.New(form)
	}
	median, err := parseSeconds(arguments[0].value)
	if err != nil {
		return err
	}
	high, err := parseSeconds(arguments[1].value)
	if err != nil {
		return err
	}
	if median <= 0 || high < median {
		return fmt.Errorf("the median must be above 0 and %s at least the median", arguments[1].name)
	}
	d.a, d.b = lognormalParameters(median, high, q)
	return nil
}

func (d *Distribution) readGamma(arguments []argument) error {
	const form = "wants a mean and a squared coefficient of variation, as in gamma(mean=20ms, scv=0.5)"
	if len(arguments) != 2 || arguments[0].name != "mean" || arguments[1].name != "scv" {
		return errors.New(form)
	}
	mean, err := parseSeconds(arguments[0].value)
	if err != nil {
		return err
	}
	scv, err := strconv.ParseFloat(arguments[1].value, 64)
	if err != nil || !(scv > 0) || math.IsInf(scv, 0) || mean <= 0 {
		return errors.New(form + ", both above 0")
	}
	d.a, d.b = gammaParameters(mean, scv)
	return nil
}

func (d *Distribution) readEmpirical(arguments []argument) error {
	for _, argument := range arguments {
		seconds, err := parseSeconds(argument.value)
		if err != nil {
			return err
		}
		d.aside.points = append(d.aside.points, seconds)
	}
	sort.Float64s(d.aside.points)
	return nil
}

func parseSeconds(text string) (float64, error) {
	duration, err := time.ParseDuration(text)
	if err != nil {
		return 0, fmt.Errorf("%q is not a duration; write for example 20ms or 1.5s", text)
	}
	if duration < 0 {
		return 0, fmt.Errorf("%q is negative; a duration must be 0 or more", text)
	}
	return duration.Seconds(), nil
}
