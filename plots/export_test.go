package plots

import "github.com/ombak-sim/ombak/report"

// Drawings returns how every figure of a report is drawn, whether it applies or not, by its name.
func Drawings() map[string]func(report.Report) (Figure, error) {
	draws := map[string]func(report.Report) (Figure, error){}
	for _, d := range drawings() {
		draws[d.name] = d.of
	}
	return draws
}
