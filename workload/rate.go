package workload

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Rate is a rate per second. Its text form names the unit: "1350/s", "80000/m", "30000/h".
type Rate float64

// PerSecond returns the rate as a plain number per second.
func (r Rate) PerSecond() float64 { return float64(r) }

// String returns the text form per second.
func (r Rate) String() string { return strconv.FormatFloat(float64(r), 'g', -1, 64) + "/s" }

// MarshalText implements encoding.TextMarshaler.
func (r Rate) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler; see [ParseRate].
func (r *Rate) UnmarshalText(text []byte) error {
	parsed, err := ParseRate(string(text))
	if err == nil {
		*r = parsed
	}
	return err
}

// ParseRate reads a rate such as "80000/m"; units are s, m (or min), h and d.
func ParseRate(text string) (Rate, error) {
	number, unit, found := strings.Cut(strings.TrimSpace(text), "/")
	units := map[string]time.Duration{"s": time.Second, "m": time.Minute, "min": time.Minute, "h": time.Hour, "d": 24 * time.Hour}
	per, known := units[strings.TrimSpace(unit)]
	value, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	switch {
	case !found || !known:
		return 0, fmt.Errorf("rate %q has no unit; write for example 1350/s or 80000/m", text)
	case err != nil || math.IsInf(value, 0) || math.IsNaN(value):
		return 0, fmt.Errorf("rate %q is not a number per unit; write for example 1350/s or 80000/m", text)
	case value < 0:
		return 0, fmt.Errorf("rate %q is negative; a rate must be 0 or more", text)
	}
	return Rate(value / per.Seconds()), nil
}
