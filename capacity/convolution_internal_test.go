package capacity

import (
	"math"
	"testing"
)

// TestAPoorGuessIsCorrected: guesses that are far off give the same figures at any scale.
func TestAPoorGuessIsCorrected(t *testing.T) {
	for _, network := range []ClosedNetwork{
		{Population: 1000, Think: 1, Centers: []Center{{Demand: 1, Servers: 450}}},
		{Population: 1000, Think: 1, Centers: []Center{{Demand: 1, Servers: 500}, {Demand: 1, Servers: 500}}},
		{Population: 1000, Think: 1, Centers: []Center{{Demand: 1, Servers: 16}, {Demand: 1, Servers: 16}, {Demand: 3, Delay: true}}},
	} {
		want, err := network.Exact()
		if err != nil {
			t.Fatal(err)
		}
		for _, times := range []float64{.01, .3, .6, 1.5, 3, 50} {
			got, err := network.convolveFrom(times * want.Throughput)
			if err != nil {
				t.Errorf("%+v from %v times the throughput: %v", network, times, err)
				continue
			}
			for i, figure := range got.figures() {
				if !(math.Abs(figure-want.figures()[i]) <= 1e-9*want.figures()[i]) {
					t.Errorf("%+v from %v times the throughput: figure %d is %v, want %v", network, times, i, figure, want.figures()[i])
				}
			}
		}
	}
}
