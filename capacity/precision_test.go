package capacity_test

import (
	"math"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/capacity"
	"github.com/ombak-sim/ombak/workload"
)

func segments(all ...workload.Segment) []workload.Segment { return all }

func segment(length time.Duration, from, to workload.Rate) workload.Segment {
	return workload.Segment{For: length, From: from, To: to}
}

// TestOfferedLoadOfPieces against closed forms: a ramp from empty (known answer 15), a steady rate, a burst of 10 s within
// a day, and arrivals that have ended.
func TestOfferedLoadOfPieces(t *testing.T) {
	of := func(rate []workload.Segment, serviceRate, at float64) float64 {
		return must(capacity.OfferedLoadOfPieces(rate, serviceRate, at))(t)
	}
	printed(t, "a ramp from empty", of(segments(segment(time.Hour, 0, 36_000)), .5, 10), "160.2695178800")
	within(t, "a steady rate", of(segments(segment(time.Hour, 3, 3)), .5, 10), 6*-math.Expm1(-5), 1e-14)
	within(t, "arrivals that have ended", of(segments(segment(10*time.Second, 3, 3)), .5, 14), 6*-math.Expm1(-5)*math.Exp(-2), 1e-14)

	day := segments(segment(12*time.Hour, 1, 1), segment(10*time.Second, 1333, 1333), segment(12*time.Hour, 1, 1))
	steady := 1000 * -math.Expm1(-43.27)
	burst := 1332 * 1000 * -math.Expm1(-.01) * math.Exp(-.06)
	within(t, "60 s after a burst", of(day, .001, 43_270), steady+burst, 1e-13)
	printed(t, "60 s after a burst", of(day, .001, 43_270), "13481.8")

	for _, serviceRate := range []float64{1e-9, 1e-3, .049, .051, 1, 1e3} { // on both sides of the series
		quadrature := must(capacity.OfferedLoad(func(t float64) float64 { return 5 + 2*t }, serviceRate, 10))(t)
		within(t, "a ramp", of(segments(segment(10*time.Second, 5, 25)), serviceRate, 10), quadrature, 1e-10)
	}
	if _, err := capacity.OfferedLoadOfPieces(segments(segment(time.Minute, -1, 5)), 1, 90); err == nil {
		t.Error("a negative rate was taken")
	}
}

// TestMMcNearSaturation: close to saturation M/M/c keeps the digits that its formulas have.
func TestMMcNearSaturation(t *testing.T) {
	for _, spare := range []float64{1e-3, 1e-6, 1e-9, 1e-12} {
		rate := .7 - spare
		alone, one := must(capacity.MM1(rate, .7))(t), must(capacity.MMc(rate, .7, 1))(t)
		within(t, "W of one server", one.W, alone.W, 1e-14)
		within(t, "L of one server", one.L, alone.L, 1e-14)
		within(t, "P0 of one server", one.P0, alone.P0, 1e-14)

		rate = 1.4 - spare // two servers: C = 2ρ²/(1 + ρ), Wq = C/(2μ − λ)
		share := rate / 1.4
		two := must(capacity.MMc(rate, .7, 2))(t)
		within(t, "Wq of two servers", two.Wq, 2*share*share/(1+share)/(1.4-rate), 1e-14)
		within(t, "P0 of two servers", two.P0, (1.4-rate)/1.4/(1+share), 1e-14)
	}
}
