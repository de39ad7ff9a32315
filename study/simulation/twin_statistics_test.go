//go:build statistics

package simulation

import (
	"testing"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/sim"
)

// Of 400 runs that the model describes, at most one in twenty gets a mark on any figure.
func TestFewRunsAreMarked(t *testing.T) {
	model := modelOf(t, smoke(t))
	prediction, err := Predict(t.Context(), model, nil, 20, nil)
	if err != nil {
		t.Fatal(err)
	}
	marked := 0
	var player sim.Player
	const runs = 400
	for number := range runs {
		p := newPredictor(model)
		if err := p.play(t.Context(), &player, Settings{}.replication(model.Config, 5000+number)); err != nil {
			t.Fatal(err)
		}
		if isMarked(prediction, p) {
			marked++
		}
	}
	if marked > runs/20 {
		t.Errorf("%d of %d runs are marked; the streak is %d", marked, runs, prediction.Streak)
	}
	t.Logf("%d of %d runs are marked; the streak is %d", marked, runs, prediction.Streak)
}

func isMarked(prediction report.Prediction, p *predictor) bool {
	for _, name := range p.names {
		outside := 0
		for row, value := range p.values[name][0] {
			if !prediction.Figures[name].Outside(row, value) {
				outside = 0
			} else if outside++; outside >= prediction.Streak {
				return true
			}
		}
	}
	return false
}
