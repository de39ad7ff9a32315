package report

import (
	"math"
	"slices"
	"strings"
)

// Prediction is what a model foretells of a run: the range of each figure over its replications, row by row.
type Prediction struct {
	WidthS       float64           `json:"width_s"`         // length of a row
	Replications int               `json:"replications"`    // on which it is based
	Streak       int               `json:"streak"`          // rows outside its range after which a figure is marked
	Figures      map[string]Ranges `json:"figures"`         // by name
	Title        map[string]string `json:"title,omitempty"` // what readers call the figures
	Through      float64           `json:"through"`         // people who pass the last step, on average
	Lost         float64           `json:"lost"`            // people who are turned away, fail or give up, on average
}

// Scaled returns the prediction of a model with a share of the people and of the servers, for all of them: what counts
// people is multiplied.
func (p Prediction) Scaled(factor float64) Prediction {
	figures := make(map[string]Ranges, len(p.Figures))
	for name, ranges := range p.Figures {
		if !strings.HasSuffix(name, "/p99") {
			ranges = Ranges{times(ranges.Low, factor), times(ranges.High, factor), times(ranges.Mid, factor)}
		}
		figures[name] = ranges
	}
	p.Figures, p.Through, p.Lost = figures, p.Through*factor, p.Lost*factor
	return p
}

func times(values []float64, factor float64) []float64 {
	scaled := make([]float64, len(values))
	for i, value := range values {
		scaled[i] = value * factor
	}
	return scaled
}

// Ranges are the 5 % and 95 % quantiles and the median of a figure in each row.
type Ranges struct {
	Low  []float64 `json:"low"`
	High []float64 `json:"high"`
	Mid  []float64 `json:"mid"`
}

// Outside reports whether a value lies outside the range in a row. It does not beyond the last row.
func (r Ranges) Outside(row int, value float64) bool {
	return row >= 0 && row < len(r.Low) && (value < r.Low[row] || value > r.High[row])
}

// FiguresOf returns the named figures of a row: lost, step/NAME/entered, step/NAME/passed, all per second, and step/NAME/p99
// of passed and timed-out attempts, in seconds. One that is not known is NaN.
func FiguresOf(row Second, names []string) map[string]float64 {
	figures := make(map[string]float64, len(names))
	length := max(row.ForS, 1e-9)
	for _, name := range names {
		kind, rest, _ := strings.Cut(name, "/")
		if kind == "lost" {
			lost := uint64(0)
			for _, step := range row.Steps {
				lost += step.Rejected + step.Failed + step.TimedOut + step.Left
			}
			figures[name] = float64(lost) / length
			continue
		}
		place := strings.LastIndexByte(rest, '/')
		step, known := SecondStep{}, slices.IndexFunc(row.Steps, func(s SecondStep) bool { return s.Step == rest[:max(0, place)] })
		if known >= 0 {
			step = row.Steps[known]
		}
		switch rest[place+1:] {
		case "entered":
			figures[name] = float64(step.Entered) / length
		case "passed":
			figures[name] = float64(step.Passed) / length
		default:
			figures[name] = math.NaN()
			if step.Served != nil {
				figures[name] = step.Served.P99
			}
		}
	}
	return figures
}
