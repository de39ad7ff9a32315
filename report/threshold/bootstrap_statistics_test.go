//go:build statistics

package threshold

import (
	"math/rand/v2"
	"testing"
)

// Of 200 steady windows the interval of the median holds the truth in about 95 of 100. Blocks are
// short beside the window, so that the bootstrap is a little too sure: 85 % is asked for, where single
// answers taken for independent would hold it in fewer than half.
func TestBlockBootstrapCovers(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	const runs = 200
	held, unsure := 0, 0
	for range runs {
		judged := judgeWindow(t, steadyRun(random, 300, 0), "go.response_time.p50 < 1s during 0s..300s")
		switch {
		case judged.CI95 == nil:
			unsure++
		case judged.CI95[0] <= 0.1 && 0.1 <= judged.CI95[1]:
			held++
		}
	}
	if unsure > runs/20 || float64(held) < 0.85*float64(runs-unsure) {
		t.Errorf("%d of %d intervals hold the median; %d runs were called unsteady", held, runs, unsure)
	}
}
