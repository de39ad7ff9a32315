package simulation

import (
	"context"
	"math"
	"slices"
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/report/recorder"
	"github.com/ombak-sim/ombak/setup"
	"github.com/ombak-sim/ombak/sim"
)

// mostTwinRows is the number of rows above which the rows of a prediction become longer than a second.
const mostTwinRows = 4000

// The quantiles of a prediction.
const (
	lowQuantile  = 0.05
	highQuantile = 0.95
)

// Predict foretells a run with the actions that were taken so far, from replications on one goroutine. The figures are
// arrivals and passes at the step of the arrivals, passes of the last step, people lost, all per second, and the p99 of the
// response time at the step of the arrivals.
//
// Rest is called before each row of each replication, on the same goroutine; it may wait, and its error ends the prediction. It
// may be nil.
func Predict(ctx context.Context, model *setup.Model, actions []funnel.Action, replications int, rest func(context.Context) error) (report.Prediction, error) {
	own := *model
	acting, err := model.Acting()
	if err != nil {
		return report.Prediction{}, err
	}
	own.Config.Interventions = slices.Clone(model.Config.Interventions)
	for _, action := range actions {
		does, err := acting.Do(action)
		if err != nil {
			return report.Prediction{}, err
		}
		own.Config.Interventions = append(own.Config.Interventions, does)
	}
	own.Config.Open = true // people come in the same order whether somebody has acted or not
	p := newPredictor(&own)
	p.rest = rest
	var player sim.Player
	for number := range replications {
		// The replications of the run itself and of its report begin at 0.
		if err := p.play(ctx, &player, Settings{}.replication(own.Config, number+firstTwin)); err != nil {
			return report.Prediction{}, err
		}
	}
	return p.prediction(), nil
}

// firstTwin is the number of the first replication of a prediction. A run that is replication 0 itself is none of them.
const firstTwin = 1000

// predictor gathers the figures of replications.
type predictor struct {
	model   *setup.Model
	width   time.Duration
	names   []string
	title   map[string]string
	values  map[string][][]float64 // by figure and replication
	through []float64
	lost    []float64
	rest    func(context.Context) error
}

func newPredictor(model *setup.Model) *predictor {
	s := model.Scenario
	step, last := s.Arrivals.Step, s.Journey[len(s.Journey)-1].Name
	p := &predictor{model: model, width: max(time.Second, (model.Config.Until / mostTwinRows).Truncate(time.Second)), values: map[string][][]float64{}}
	noun := s.Arrivals.Words()
	p.title = map[string]string{
		"step/" + step + "/entered": noun + " arriving", "step/" + last + "/passed": "people through " + last, "lost": "people turned away, failed or gone",
		"step/" + step + "/p99": "p99 at " + step,
	}
	p.title["step/"+step+"/passed"] = noun + " passed"
	for name := range p.title {
		p.names = append(p.names, name)
	}
	slices.Sort(p.names)
	return p
}

// play plays one replication.
func (p *predictor) play(ctx context.Context, player *sim.Player, config sim.Config) error {
	steps := config.Journey.Funnel()
	seconds := recorder.NewSeconds(steps, config.Journey.Clock.Scenario)
	observers := recorder.NewRecorder(steps, 1, seconds.Add)
	play, err := player.Begin(config, func(shard int) funnel.Observer { return observers.Observer(shard) })
	if err != nil {
		return err
	}
	columns, through, lost := map[string][]float64{}, 0.0, 0.0
	for at := p.width; !play.Over(); at += p.width {
		err := play.Reach(ctx, at)
		if err == nil && p.rest != nil {
			err = p.rest(ctx)
		}
		if err != nil {
			play.End()
			return err
		}
		if observers.Reach(play.Reached()); play.Over() {
			observers.Close()
		}
		row := seconds.Cut(play.Reached(), "")
		figures := report.FiguresOf(row, p.names)
		for _, name := range p.names {
			columns[name] = append(columns[name], figures[name])
		}
		through += figures["step/"+steps[len(steps)-1].Name+"/passed"] * row.ForS
		lost += figures["lost"] * row.ForS
	}
	play.End()
	for _, name := range p.names {
		p.values[name] = append(p.values[name], columns[name])
	}
	p.through, p.lost = append(p.through, through), append(p.lost, lost)
	return nil
}

// prediction returns the ranges over the replications.
func (p *predictor) prediction() report.Prediction {
	made := report.Prediction{
		WidthS: p.width.Seconds(), Replications: len(p.through), Figures: map[string]report.Ranges{}, Title: p.title,
		Through: mean(p.through), Lost: mean(p.lost),
	}
	for name, all := range p.values {
		made.Figures[name] = rangesOf(all, -1)
	}
	made.Streak = p.streak()
	return made
}

// streak returns for how many rows a figure must be outside its range to be marked: more than any figure of any replication
// is outside the ranges of the others, with a quarter to spare. Of runs that the model describes, about one in twenty-five
// then gets a mark.
func (p *predictor) streak() int {
	longest := 0
	for _, all := range p.values {
		for left := range all {
			ranges, outside := rangesOf(all, left), 0
			for row, value := range all[left] {
				if !ranges.Outside(row, value) {
					outside = 0
					continue
				}
				outside++
				longest = max(longest, outside)
			}
		}
	}
	return int(math.Ceil(1.25*float64(longest))) + 1
}

// rangesOf returns the ranges over the replications apart from one. A figure that is not known in a row has no range there.
func rangesOf(all [][]float64, apart int) (ranges report.Ranges) {
	rows := 0
	for _, one := range all {
		rows = max(rows, len(one))
	}
	values := make([]float64, 0, len(all))
	for row := range rows {
		values = values[:0]
		for i, one := range all {
			if i != apart && row < len(one) && !math.IsNaN(one[row]) {
				values = append(values, one[row])
			}
		}
		low, mid, high := 0.0, 0.0, math.MaxFloat32
		if 2*len(values) > len(all) {
			slices.Sort(values)
			low, mid, high = at(values, lowQuantile), at(values, 0.5), at(values, highQuantile)
		}
		ranges.Low, ranges.Mid, ranges.High = append(ranges.Low, rounded(low)), append(ranges.Mid, rounded(mid)), append(ranges.High, rounded(high))
	}
	return ranges
}

// at returns a quantile of sorted values, between the two next to it.
func at(sorted []float64, quantile float64) float64 {
	place := quantile * float64(len(sorted)-1)
	low := int(place)
	if low+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[low] + (place-float64(low))*(sorted[low+1]-sorted[low])
}

// rounded keeps five digits, which no chart shows more of.
func rounded(value float64) float64 {
	if value == 0 || value == math.MaxFloat32 {
		return value
	}
	scale := math.Pow(10, 4-math.Floor(math.Log10(math.Abs(value))))
	return math.Round(value*scale) / scale
}

func mean(values []float64) float64 {
	sum := 0.0
	for _, value := range values {
		sum += value
	}
	return sum / float64(max(1, len(values)))
}
