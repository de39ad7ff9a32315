package simulation

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ombak-sim/ombak/report"
)

// Accuracy is how well a model has foretold one service before, by band of load.
type Accuracy struct {
	Service string
	knee    float64                       // people per second
	off     map[string][bandCount]float64 // by kind of figure: factor by which predictions were off in each band; NaN where it is not known
}

// The bands of load, as shares of the knee.
const bandCount = 4

func bandNames() [bandCount]string {
	return [bandCount]string{"to 50 %", "50 to 85 %", "85 to 100 %", "beyond"}
}

func bandOf(share float64) int {
	for band, most := range [...]float64{0.5, 0.85, 1} {
		if share <= most {
			return band
		}
	}
	return bandCount - 1
}

// accuracySchema names the format of the file.
const accuracySchema = "ombak.accuracy/v1"

// accuracyFile is what is read of it.
type accuracyFile struct {
	Schema   string
	Services []struct {
		Name string
		Knee []float64 `json:"knee_per_s"`
	}
	Rows []struct {
		Service, Band, Figure string
		Predicted, Measured   float64
	}
}

// ReadAccuracy reads what an accuracy.json says of the service of a model: of the one whose name is in the name of the model's
// file, or of the only one.
func ReadAccuracy(text []byte, model string) (Accuracy, error) {
	var file accuracyFile
	if err := json.Unmarshal(text, &file); err != nil {
		return Accuracy{}, err
	}
	if file.Schema != accuracySchema {
		return Accuracy{}, fmt.Errorf("its schema is %q, not %s", file.Schema, accuracySchema)
	}
	a := Accuracy{off: map[string][bandCount]float64{}}
	best := -1
	for i, service := range file.Services {
		named := strings.Contains(filepath.Base(model), service.Name)
		if named && (best < 0 || len(service.Name) > len(file.Services[best].Name)) || len(file.Services) == 1 {
			best = i
		}
	}
	if best < 0 {
		return a, errors.New("it names several services, and none of them is in the name of the model's file")
	}
	a.Service = file.Services[best].Name
	knees := slices.Sorted(slices.Values(file.Services[best].Knee))
	if len(knees) == 0 || !(knees[0] > 0) {
		return a, fmt.Errorf("it does not say where the knee of %s is", a.Service)
	}
	a.knee = knees[len(knees)/2]
	sums := map[string][bandCount][2]float64{}
	for _, row := range file.Rows {
		band := slices.Index(bandSlice(), row.Band)
		off := math.Abs(math.Log(row.Predicted / row.Measured))
		if row.Service != a.Service || band < 0 || math.IsNaN(off) || math.IsInf(off, 0) {
			continue
		}
		sum := sums[row.Figure]
		sum[band][0], sum[band][1] = sum[band][0]+off, sum[band][1]+1
		sums[row.Figure] = sum
	}
	for figure, sum := range sums {
		var off [bandCount]float64
		for band := range sum {
			off[band] = math.Exp(sum[band][0] / sum[band][1]) // NaN without a row
		}
		a.off[figure] = off
	}
	return a, nil
}

func bandSlice() []string {
	names := bandNames()
	return names[:]
}

// factor returns by how much a figure was off in a band: the geometric mean of predicted over measured or its inverse. Of a
// band that was not measured, it is that of the nearest heavier one, or else of the nearest lighter one; it is 1 if none was
// measured.
func (a Accuracy) factor(figure string, band int) float64 {
	off, known := a.off[figure]
	if !known {
		return 1
	}
	for near := band; near < bandCount; near++ {
		if !math.IsNaN(off[near]) {
			return off[near]
		}
	}
	for near := band - 1; near >= 0; near-- {
		if !math.IsNaN(off[near]) {
			return off[near]
		}
	}
	return 1
}

// Widen returns a prediction whose ranges are wider by the factors by which the model was off before at the load of each row,
// which is that of the people who arrive at a step. Arrivals themselves are not widened.
func (a Accuracy) Widen(p report.Prediction, arrivals string) report.Prediction {
	load := p.Figures["step/"+arrivals+"/entered"].Mid
	figures := make(map[string]report.Ranges, len(p.Figures))
	for name, ranges := range p.Figures {
		wide := report.Ranges{Low: slices.Clone(ranges.Low), High: slices.Clone(ranges.High), Mid: ranges.Mid}
		for row := range min(len(wide.Low), len(load)) {
			band := bandOf(load[row] / a.knee)
			times, people := a.factor("p99", band), a.factor("people", band)
			switch {
			case strings.HasSuffix(name, "/p99"):
				wide.Low[row], wide.High[row] = wide.Low[row]/times, min(wide.High[row]*times, math.MaxFloat32)
			case strings.HasSuffix(name, "/passed"):
				wide.Low[row], wide.High[row] = wide.Low[row]/people, wide.High[row]*people
			case name == "lost": // whoever does not pass
				wide.Low[row], wide.High[row] = max(0, wide.Low[row]-(people-1)*load[row]), wide.High[row]+(people-1)*load[row]
			}
		}
		figures[name] = wide
	}
	p.Figures = figures
	return p
}
