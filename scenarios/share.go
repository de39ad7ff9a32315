package scenarios

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Share is a part of a whole, from 0 to 1. Its text form may be a percentage: "74.23%" or 0.7423.
type Share float64

// MarshalText implements encoding.TextMarshaler.
func (s Share) MarshalText() ([]byte, error) {
	return []byte(strconv.FormatFloat(float64(s)*100, 'g', 12, 64) + "%"), nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *Share) UnmarshalText(text []byte) error {
	number, percent := strings.CutSuffix(strings.TrimSpace(string(text)), "%")
	value, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if err != nil || math.IsNaN(value) {
		return fmt.Errorf("%q is not a share; write for example 74.23%% or 0.7423", text)
	}
	if percent {
		value /= 100
	}
	if value < 0 || value > 1 {
		return fmt.Errorf("%q is outside 0%% to 100%%", text)
	}
	*s = Share(value)
	return nil
}
