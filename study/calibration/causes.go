package calibration

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/units"
)

// evidence is what a cause is looked for in.
type evidence struct {
	scenario *scenarios.Scenario
	measured []report.Report
}

// causeOf names the likely cause of a wrong prediction and what to do about it. It looks first for what spoils the
// measurement, then for what the model has wrong.
func (v *Validation) causeOf(p Prediction, seen evidence) string {
	step, kind, _ := cutLast(p.Figure)
	for _, cause := range []func() string{
		func() string { return seen.generatorNearItsLimit(p) },
		func() string { return v.noise(p) },
		func() string { return seen.fewValues(p, step, kind) },
		func() string { return seen.otherPeople(p, step, kind) },
		func() string { return v.demandOf(p, step, kind, seen) },
		func() string { return seen.dependencyOf(p, step) },
	} {
		if text := cause(); text != "" {
			return text
		}
	}
	switch {
	case kind == "p50" && p.Predicted > p.Measured:
		return fmt.Sprintf("the demand or the delay of %s is too high by %s; calibrate with levels of other mixes, in which more people or fewer come to it, on a quiet machine", step, units.Time(p.Predicted-p.Measured))
	case kind == "p50":
		return fmt.Sprintf("the delay of %s is wrong by %s, although its stations are near: a wait that is no CPU, such as a lock, the disk or the network; calibrate with a lighter load, or give the station fewer servers", step, units.Time(math.Abs(p.Predicted-p.Measured)))
	case kind == "p95" || kind == "p99":
		return fmt.Sprintf("the variation of the work of %s is wrong, or it waits for something that the model lacks (a lock, a pause of the process); look at its response times at the heaviest level", step)
	case kind == "utilization":
		return fmt.Sprintf("the demand of the steps at %s is wrong; calibrate with levels on both sides of this load, and with the mix of this run", step)
	}
	return "fewer or more people came through the steps before it; look at the first wrong step"
}

// cutLast splits a figure into the name of its part and what is measured there.
func cutLast(figure string) (part, kind string, found bool) {
	if at := strings.LastIndexByte(figure, '.'); at >= 0 {
		return figure[:at], figure[at+1:], true
	}
	return figure, "", false
}

// generatorNearItsLimit reports lag of the generator, or a machine without idle CPU, which slow down what is measured.
func (e evidence) generatorNearItsLimit(p Prediction) string {
	if p.Unit != "s" || p.Predicted > p.Measured {
		return ""
	}
	for _, r := range e.measured {
		if lag, quantile := lagOf(r, p.Figure); lag > 0.5*(p.Measured-p.Predicted) {
			return fmt.Sprintf("the generator sent late by %s (%s), which is in the measured time; it is near its limit, so give it another machine, or lower the load", units.Time(lag), quantile)
		}
		if r.Machine == nil {
			continue
		}
		if usage := r.Machine.Usage; usage != nil && usage.OthersCores > 0.1*float64(r.Machine.CPUs) && usage.CPUShare > 0.5 {
			return fmt.Sprintf("programs outside the run used %.2g of the machine's %d cores, and the service waited for them; repeat the run on a quiet machine", usage.OthersCores, r.Machine.CPUs)
		} else if usage != nil && usage.CPUShare > 0.8 {
			return fmt.Sprintf("the machine's CPU was %s in use, so generator and service waited for it; generate from another machine, or lower the load", units.Percent(usage.CPUShare))
		} else if usage != nil && usage.StealShare > 0.05 {
			return fmt.Sprintf("the machine's host gave %s of its CPU to others; repeat the run on a quiet machine", units.Percent(usage.StealShare))
		}
	}
	return ""
}

// lagOf returns how late requests were sent, in the quantile of a figure: the median explains no more than medians.
func lagOf(r report.Report, figure string) (lag float64, quantile string) {
	switch {
	case r.Generator == nil || r.Generator.ScheduleLagS == nil:
		return 0, ""
	case strings.HasSuffix(figure, ".p50"):
		return r.Generator.ScheduleLagS.P50, "median"
	}
	return r.Generator.ScheduleLagS.P99, "p99"
}

// noise reports runs that differ among themselves by more than the prediction from their mean.
func (v *Validation) noise(p Prediction) string {
	if v.Runs < 2 || p.Measured == 0 {
		return ""
	}
	half := (p.Spread[1] - p.Spread[0]) / 2
	if p.Unit != "share" {
		half /= p.Measured
	}
	if half < 0.7*math.Abs(p.Error) {
		return ""
	}
	return fmt.Sprintf("the runs themselves differ by ±%s, so this is noise of the measurement; measure longer, on a quiet machine", p.errorText(half))
}

// fewValues reports a quantile of too few values in one run.
func (e evidence) fewValues(p Prediction, step, kind string) string {
	needed, is := map[string]float64{"p50": 20, "p95": 200, "p99": 1000}[kind]
	const beyondChance = 3 // times as long or as short: few values alone do not explain it
	if ratio := p.Predicted / p.Measured; !is || p.Unit != "s" || ratio > beyondChance || ratio < 1./beyondChance {
		return ""
	}
	count := 0.
	for _, r := range e.measured {
		if times := r.PassedTimes(step); times != nil {
			count += times.Count
		}
	}
	if count >= needed {
		return ""
	}
	return fmt.Sprintf("only %s answers were measured, and the %s of so few varies by chance; measure for %.2g times as long", units.Count(count), kind, math.Ceil(needed/max(1, count)))
}

// otherPeople reports people whom the service declined or failed, which the model of a step does not know.
func (e evidence) otherPeople(p Prediction, step, kind string) string {
	if kind != "passed" && kind != "goodput" || p.Predicted < p.Measured {
		return ""
	}
	var declined, failed, entered float64
	for _, r := range e.measured {
		for _, row := range r.Funnel {
			if row.Step == step {
				declined, failed, entered = declined+row.Declined, failed+row.Failed+row.Rejected+row.TimedOut, entered+row.Entered
			}
		}
	}
	switch missing := p.Allowed * entered; {
	case entered == 0:
		return ""
	case declined > missing:
		return fmt.Sprintf("%s of %s people were declined at %s, and no station declines anybody; send people and data that are new, or lower continue at the step before", units.Count(declined), units.Count(entered), step)
	case failed > missing:
		return fmt.Sprintf("%s of %s people failed, timed out or were turned away at %s, which the model's stations do not do; look at the reasons in the report", units.Count(failed), units.Count(entered), step)
	}
	return ""
}

// demandOf reports a station on the step's way whose utilization is wrong in the same direction.
func (v *Validation) demandOf(p Prediction, step, kind string, seen evidence) string {
	if kind == "utilization" || p.Unit != "s" {
		return ""
	}
	for _, s := range seen.scenario.Journey {
		for _, hop := range s.Route {
			at := slices.IndexFunc(v.Figures, func(f Prediction) bool { return f.Figure == hop.Station+".utilization" })
			if s.Name != step || hop.Station == "" || at < 0 {
				continue
			}
			f := v.Figures[at]
			if f.Error*p.Error > 0 && math.Abs(f.Error) > 0.1*f.Measured && math.Abs(f.Error) > 0.02 {
				return fmt.Sprintf("the demand at %s is wrong in the same direction (utilization %s predicted, %s measured); calibrate again with a level near this load, and with the mix of this run", hop.Station, units.Percent(f.Predicted), units.Percent(f.Measured))
			}
		}
	}
	return ""
}

// dependencyOf reports a dependency on the step's way.
func (e evidence) dependencyOf(p Prediction, step string) string {
	if p.Unit != "s" {
		return ""
	}
	for _, s := range e.scenario.Journey {
		for _, hop := range s.Route {
			if s.Name == step && hop.Call != "" {
				return fmt.Sprintf("its request waits for the dependency %s, whose times in the scenario may not be the real ones; measure them, and set its service", hop.Call)
			}
		}
	}
	return ""
}
