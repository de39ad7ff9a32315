package drill

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/ombak-sim/ombak/capacity"
	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/workload"
)

// fitWeb finds the CPU that a request takes, apart from what a batch of the store takes, whatever is
// in it: batches grow with the load, so that a demand per request alone would be too high beyond the
// loads that it is fitted to. It is apart from what the process takes when idle instead, where that
// foretells the greatest load better from the lesser ones.
func fitWeb(levels []level, reports []report.Report, how Calibrating) (FittedStation, []string, error) {
	demands, err := webDemands(levels, "batch", batchesOf)
	other := "batch"
	if err != nil || demands.Seconds[1] == 0 || surprise(levels, atAnyLoad) < surprise(levels, batchesOf) {
		demands, err = webDemands(levels, "idling", atAnyLoad)
		other = "idling"
	}
	var warnings []string
	if errors.Is(err, capacity.ErrUnidentified) {
		demands, err = webDemands(levels, "", nil)
		warnings = append(warnings, "web: all loads are alike, so that idling counts as work for requests")
	}
	if err != nil {
		return FittedStation{}, nil, err
	}
	if seconds(demands.Seconds[0]) == 0 {
		return FittedStation{}, nil, errors.New("the CPU used does not rise with the requests; measure higher loads")
	}
	station := FittedStation{Name: "web", Servers: levels[0].cpus, Unit: "request", RSquared: demands.RSquared}
	if how.Scenario != nil {
		station.Unit = "visit"
	}
	station.PerRequest = FittedDemand{Seconds: demands.Seconds[0], Interval: intervalOf(demands, 0, how.Seed)}
	switch {
	case len(demands.Seconds) == 1:
	case other == "batch":
		station.PerBatch = &FittedDemand{demands.Seconds[1], intervalOf(demands, 1, how.Seed)}
	default:
		station.Idling = demands.Seconds[1]
	}
	shape, more := shapeAtLowLoad(reports, station.PerRequest.Seconds, how.Seed)
	station.Shape = shape
	return station, append(append(warnings, prefixed("web: ", demands.Warnings)...), more...), nil
}

// batchesOf and atAnyLoad are the rates of what may take CPU beside requests.
func batchesOf(l level) float64 {
	if l.store == nil {
		return 0
	}
	return l.store.batches
}

func atAnyLoad(level) float64 { return 1 }

// surprise is by how much the CPU taken at the greatest load, on average over its runs, differs from what
// the lesser loads foretell. Among kinds of work that explain the loads of a fit alike, that with the
// least surprise is to be trusted beyond them. It is infinite where the lesser loads foretell nothing.
func surprise(levels []level, rate func(level) float64) float64 {
	const alike = 0.9 // runs of one load differ by less
	greatest := slices.MaxFunc(levels, func(a, b level) int { return cmp.Compare(a.requests, b.requests) }).requests
	var lesser, most []level
	for _, l := range levels {
		if l.requests > alike*greatest {
			most = append(most, l)
		} else {
			lesser = append(lesser, l)
		}
	}
	demands, err := webDemands(lesser, "other", rate)
	if err != nil {
		return math.Inf(1)
	}
	missed := 0.0
	for _, l := range most {
		missed += l.cpu - demands.Seconds[0]*l.requests - demands.Seconds[1]*rate(l)
	}
	return math.Abs(missed) / float64(len(most))
}

// webDemands fits the CPU to requests and one other kind of work, or to requests alone.
func webDemands(levels []level, other string, rate func(level) float64) (capacity.Demands, error) {
	kinds := []string{"request"}
	if rate != nil {
		kinds = append(kinds, other)
	}
	var steps []capacity.LoadStep
	for _, l := range levels {
		step := capacity.LoadStep{Busy: l.cpu, Rates: []float64{l.requests}}
		if rate != nil {
			step.Rates = append(step.Rates, rate(l))
		}
		steps = append(steps, step)
	}
	return capacity.FitDemands(kinds, steps)
}

// fitStore finds what a row and what a batch takes of the store's one writer. What the store itself
// says of its fsyncs is a batch's; the rest of its busy time is shared out between rows and batches, so
// that a disk whose speed changes from run to run does not blur what a row costs.
func fitStore(levels []level, reports []report.Report, how Calibrating) (FittedStation, []string, error) {
	station := FittedStation{Name: "store", Servers: 1, Unit: "row"}
	var steps []capacity.LoadStep
	var batches, fsync, busy float64
	for _, l := range levels {
		steps = append(steps, capacity.LoadStep{Busy: max(0, l.store.busy-l.store.fsync), Rates: []float64{l.store.rows, l.store.batches}})
		batches, fsync, busy = batches+l.store.batches, fsync+l.store.fsync, busy+l.store.busy
	}
	demands, err := capacity.FitDemands([]string{"row", "batch"}, steps)
	var warnings []string
	perBatch := 0.0
	switch {
	case errors.Is(err, capacity.ErrUnidentified):
		for i := range steps {
			steps[i].Rates = steps[i].Rates[:1]
		}
		if demands, err = capacity.FitDemands([]string{"row"}, steps); err != nil {
			return station, nil, err
		}
		warnings = append(warnings, "store: batches grow with the rows, or are not counted, so that their cost is in that of a row; it is too high where batches are larger")
	case err != nil:
		return station, nil, err
	default:
		perBatch = demands.Seconds[1]
	}
	station.RSquared = demands.RSquared
	station.PerRequest = FittedDemand{demands.Seconds[0], intervalOf(demands, 0, how.Seed)}
	main := station.PerRequest.Seconds
	if batches > 0 {
		station.PerBatch = &FittedDemand{perBatch + fsync/batches, nil}
		if perBatch > 0 {
			station.PerBatch.Interval = shifted(intervalOf(demands, 1, how.Seed), fsync/batches)
		}
		main = station.PerBatch.Seconds
	}
	if station.PerRequest.Seconds < 1e-9 && main < 1e-9 {
		return station, nil, errors.New("its time busy does not rise with rows or batches; measure higher loads")
	}
	var more []string
	station.Shape, more, err = shapeOfBatches(main, reports)
	return station, append(append(warnings, prefixed("store: ", demands.Warnings)...), more...), err
}

func shifted(interval *capacity.Interval, by float64) *capacity.Interval {
	if interval == nil {
		return nil
	}
	return &capacity.Interval{interval[0] + by, interval[1] + by}
}

// shapeOfBatches gives the time of a batch the variation that the store counted, the mean of the
// reports that say; fsyncs have long tails, as a lognormal distribution has.
func shapeOfBatches(mean float64, reports []report.Report) (workload.Distribution, []string, error) {
	var scv, known float64
	for _, r := range reports {
		for _, station := range r.Stations {
			if station.Name == "store" && station.BatchSCV != nil {
				scv, known = scv+*station.BatchSCV, known+1
			}
		}
	}
	if !(scv > 0) || !(mean > 0) {
		return workload.ExponentialTime(seconds(mean)), []string{"store: nothing measured shows the shape of its times; exponential is assumed"}, nil
	}
	shape, err := withMean(mean, scv/known, false)
	return shape, nil, err
}

func prefixed(prefix string, texts []string) []string {
	var all []string
	for _, text := range texts {
		all = append(all, prefix+text)
	}
	return all
}

func intervalOf(d capacity.Demands, which int, seed uint64) *capacity.Interval {
	intervals, err := d.Intervals(resamples, workload.Seed{Value: seed})
	if err != nil { // too few levels: there is no interval
		return nil
	}
	return &intervals[which]
}

// mostTimes is how many service times show a shape well enough.
const mostTimes = 5000

// shapeAtLowLoad takes the shape of the first step's service times, as the generator saw them, at
// the least load, and gives it the fitted mean.
func shapeAtLowLoad(reports []report.Report, mean float64, seed uint64) (workload.Distribution, []string) {
	least := reports[0]
	for _, r := range reports {
		if r.Offered.Scheduled/r.DurationS < least.Offered.Scheduled/least.DurationS {
			least = r
		}
	}
	plain := workload.ExponentialTime(seconds(mean))
	if len(least.Steps) == 0 {
		return plain, nil
	}
	shape, err := capacity.ChooseShape(serviceTimes(least, least.Steps[0].Step), workload.Seed{Value: seed})
	if err != nil {
		return plain, []string{fmt.Sprintf("web: the shape of its times is not known (%v); exponential is assumed", err)}
	}
	scv := shape.Distribution.SCV()
	scaled, err := withMean(mean, scv, shape.Losses[workload.Gamma] < shape.Losses[workload.Lognormal])
	if err != nil || !(scv > 0) {
		return plain, []string{"web: the service times do not vary; exponential is assumed"}
	}
	return scaled, []string{fmt.Sprintf("web: the squared coefficient of variation %.3g of its times is that of step %s at the least load: the network and the generator are in it", scv, least.Steps[0].Step)}
}

// withMean returns a gamma or a lognormal distribution with a mean in seconds and a squared coefficient of
// variation.
func withMean(mean, scv float64, gamma bool) (workload.Distribution, error) {
	if gamma {
		return workload.GammaTime(seconds(mean), rounded(scv, 4))
	}
	return workload.LognormalTimeWithSCV(mean, scv)
}

// serviceTimes are those of passed attempts, thinned evenly, in seconds. The longest hundredth is left
// out: a pause of the whole machine is no work of the station's, and would be most of its variation.
func serviceTimes(r report.Report, step string) []float64 {
	histogram, err := r.Histograms.DecodeServiceTime(step, funnel.Completed)
	if err != nil || histogram == nil || histogram.TotalCount() == 0 {
		return nil
	}
	var times []float64
	count := int(min(mostTimes, histogram.TotalCount()))
	for k := range count {
		at := histogram.ValueAtQuantile(99 * (float64(k) + 0.5) / float64(count))
		times = append(times, float64(max(1, at))/1e6)
	}
	return times
}
