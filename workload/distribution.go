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

	"gonum.org/v1/gonum/stat/distuv"
)

// Kind names the family of a [Distribution].
type Kind string

// The families. Parameters in their text form stand beside them.
const (
	Constant    Kind = "constant"    // constant(20ms)
	Exponential Kind = "exponential" // exponential(20ms): the mean
	Uniform     Kind = "uniform"     // uniform(1s, 3s)
	Lognormal   Kind = "lognormal"   // lognormal(median=20ms, p95=60ms) or (median=…, p99=…)
	Gamma       Kind = "gamma"       // gamma(mean=20ms, scv=0.5)
	Empirical   Kind = "empirical"   // empirical(10ms, 12ms, 40ms): each equally likely
)

// kinds are the families in the order of the numbers that a [Distribution] holds, which are compared
// faster than names.
var kinds = [...]Kind{Constant, Exponential, Uniform, Lognormal, Gamma, Empirical}

type family uint8

const (
	constantFamily family = iota
	exponentialFamily
	uniformFamily
	lognormalFamily
	gammaFamily
	empiricalFamily
)

// Distribution is a distribution of durations that are never negative. The zero value is the
// constant 0. Its text form ("exponential(20ms)", or just "20ms") is what scenario files hold.
//
// It is of four words, so that a draw passes it on in registers: what few draws need stands aside.
type Distribution struct {
	family family
	a, b   float64 // Constant, Exponential: a = mean; Uniform: a to b; Lognormal: a = mu, b = sigma; Gamma: a = shape, b = scale; seconds
	aside  *aside  // nil for the zero value; never changed once made
}

type aside struct {
	text   string
	points []float64 // Empirical: sorted seconds
}

// ConstantTime returns the distribution that is always d.
func ConstantTime(d time.Duration) Distribution {
	return Distribution{a: d.Seconds(), aside: &aside{text: d.String()}}
}

// ExponentialTime returns the exponential distribution with the given mean.
func ExponentialTime(mean time.Duration) Distribution {
	return Distribution{family: exponentialFamily, a: mean.Seconds(), aside: &aside{text: "exponential(" + mean.String() + ")"}}
}

// Kind returns the family; "constant" for the zero value.
func (d Distribution) Kind() Kind { return kinds[d.family] }

// IsZero says whether the distribution is the constant 0.
func (d Distribution) IsZero() bool { return d.family == constantFamily && d.a == 0 }

// Mean returns the expectation in seconds.
func (d Distribution) Mean() float64 {
	switch d.family {
	case uniformFamily:
		return (d.a + d.b) / 2
	case lognormalFamily:
		return math.Exp(d.a + d.b*d.b/2)
	case gammaFamily:
		return d.a * d.b
	case empiricalFamily:
		sum := 0.0
		for _, x := range d.aside.points {
			sum += x
		}
		return sum / float64(len(d.aside.points))
	default:
		return d.a
	}
}

// SCV returns the squared coefficient of variation: variance over squared mean (0 for a constant).
func (d Distribution) SCV() float64 {
	mean := d.Mean()
	if mean == 0 {
		return 0
	}
	switch d.family {
	case exponentialFamily:
		return 1
	case uniformFamily:
		return (d.b - d.a) * (d.b - d.a) / 12 / (mean * mean)
	case lognormalFamily:
		return math.Exp(d.b*d.b) - 1
	case gammaFamily:
		return 1 / d.a
	case empiricalFamily:
		sum := 0.0
		for _, x := range d.aside.points {
			sum += (x - mean) * (x - mean)
		}
		return sum / float64(len(d.aside.points)) / (mean * mean)
	default:
		return 0
	}
}

// Quantile returns the smallest duration that at least the share u of draws does not exceed; u in [0, 1).
func (d Distribution) Quantile(u float64) time.Duration {
	return time.Duration(d.seconds(u) * float64(time.Second))
}

// Draw takes one number from the stream and returns its quantile (inversion, so that common
// random numbers and antithetic draws work for every family).
func (d Distribution) Draw(stream *Stream) time.Duration {
	if d.family == constantFamily {
		return time.Duration(d.a * float64(time.Second))
	}
	return d.Quantile(stream.Float64())
}

// leastUniform is the smallest number above 0 that a stream draws; quantiles nearer to 0 are cut to
// its own, where inverse functions are still exact.
const leastUniform = 0x1p-53

func (d Distribution) seconds(u float64) float64 {
	switch d.family {
	case exponentialFamily:
		return -d.a * math.Log1p(-u)
	case uniformFamily:
		return d.a + u*(d.b-d.a)
	case lognormalFamily:
		return math.Exp(d.a + d.b*math.Sqrt2*math.Erfinv(2*max(u, leastUniform)-1))
	case gammaFamily:
		return distuv.Gamma{Alpha: d.a, Beta: 1 / d.b}.Quantile(max(u, leastUniform))
	case empiricalFamily:
		return d.aside.points[min(int(u*float64(len(d.aside.points))), len(d.aside.points)-1)]
	default:
		return d.a
	}
}

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

// readLognormal solves median = exp(mu) and quantile(q) = exp(mu + sigma·z(q)) for mu and sigma.
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
	d.a = math.Log(median)
	d.b = math.Log(high/median) / (math.Sqrt2 * math.Erfinv(2*q-1))
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
	d.a, d.b = 1/scv, mean*scv
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
		return 0, fmt.Errorf("%q is no duration; write for example 20ms or 1.5s", text)
	}
	if duration < 0 {
		return 0, fmt.Errorf("%q is negative; a duration must be 0 or more", text)
	}
	return duration.Seconds(), nil
}
