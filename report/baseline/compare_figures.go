package baseline

import "github.com/ombak-sim/ombak/report"

// comparedFigure is one scalar of a run.
type comparedFigure struct {
	name       string
	higherGood bool
	value      func(r *report.Report, step string) (float64, bool)
}

// comparedFigures returns all figures that can be compared: those of the step, and the CPU time of each
// process.
func comparedFigures(r report.Report) []comparedFigure {
	var figures []comparedFigure
	for _, quantile := range []string{"p50", "p95", "p99"} {
		figures = append(figures, comparedFigure{"response_time_passed." + quantile, false, func(r *report.Report, step string) (float64, bool) {
			q := r.PassedTimes(step)
			if q == nil {
				return 0, false
			}
			return map[string]float64{"p50": q.P50, "p95": q.P95, "p99": q.P99}[quantile], true
		}})
	}
	for _, word := range []string{"goodput_per_s", "passed", "peak_passed_per_min"} {
		figures = append(figures, comparedFigure{word, true, func(r *report.Report, step string) (float64, bool) {
			value, err := report.Count(*r, step, word)
			return value, err == nil
		}})
	}
	if r.Generator != nil && r.Generator.CPUS != nil {
		figures = append(figures, comparedFigure{"cpu_s.generator", false, func(r *report.Report, _ string) (float64, bool) {
			if r.Generator == nil || r.Generator.CPUS == nil {
				return 0, false
			}
			return *r.Generator.CPUS, true
		}})
	}
	if r.Generator != nil && r.Generator.ScheduleLagS != nil {
		figures = append(figures, comparedFigure{"schedule_lag.p99", false, func(r *report.Report, _ string) (float64, bool) {
			if r.Generator == nil || r.Generator.ScheduleLagS == nil {
				return 0, false
			}
			return r.Generator.ScheduleLagS.P99, true
		}})
	}
	for _, process := range r.Processes {
		figures = append(figures, comparedFigure{"cpu_s." + process.Name, false, func(r *report.Report, _ string) (float64, bool) {
			return cpuOf(r, process.Name)
		}})
	}
	return figures
}

func cpuOf(r *report.Report, process string) (float64, bool) {
	for _, p := range r.Processes {
		if p.Name == process && p.CPUS != nil {
			return *p.CPUS, true
		}
	}
	return 0, false
}

func figureNames(r report.Report) (names []string) {
	for _, figure := range comparedFigures(r) {
		names = append(names, figure.name)
	}
	return names
}
