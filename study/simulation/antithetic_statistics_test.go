//go:build statistics

package simulation

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/stat"
)

// TestAntitheticPairsAreUnbiased: at a utilization of one half the mean wait of M/M/1 is ρ/(μ − λ) = 1 s.
func TestAntitheticPairsAreUnbiased(t *testing.T) {
	pairs := waits(t, 0.5, 5000, 40, Settings{Antithetic: true})
	mean, deviation := stat.MeanStdDev(pairs, nil)
	half := deviation / math.Sqrt(float64(len(pairs)))
	if off := math.Abs(mean-1) / half; off > 4 || half > 0.02 {
		t.Errorf("the mean wait is %.4f s, %.1f standard errors of %.4f from 1 s", mean, off, half)
	}
}
