package calibration

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

// fitWeb finds the CPU that a request takes. The CPU that a batch of the store takes, whatever its size, is fitted as
// a separate constant: batches grow with the load, so a demand per request alone would be too high beyond the loads
// that it is fitted to. If it predicts the heaviest load better, the idle CPU is fitted as the constant instead.
func fitWeb(levels []level, reports []report.Report, how Calibrating) (FittedStation, []string, error) {
	demands, err := webDemands(levels, "batch", batchesOf)
	other := "batch"
	if err != nil || demands.Seconds[1] == 0 || predictionError(levels, atAnyLoad) < predictionError(levels, batchesOf) {
		demands, err = webDemands(levels, "idling", atAnyLoad)
		other = "idling"
	}
	var warnings []string
	if errors.Is(err, capacity.ErrUnidentified) {
		demands, err = webDemands(levels, "", nil)
		warnings = append(warnings, "web: all loads are nearly the same, so idling counts as work for requests")
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

// batchesOf and atAnyLoad are the rates of work that may take CPU besides requests.
func batchesOf(l level) float64 {
	if l.store == nil {
		return 0
	}
	return l.store.batches
}

func atAnyLoad(level) float64 { return 1 }

// predictionError returns how far the CPU at the heaviest load, on average over its runs, is from what the lighter
// loads predict. Of several kinds of work that fit the loads equally well, the one with the smallest error
// extrapolates best. The error is infinite if the lighter loads determine no prediction.
func predictionError(levels []level, rate func(level) float64) float64 {
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

// fitStore finds the time that a row and a batch take of the store's single writer. The store measures its fsyncs
// itself, and they belong to batches. The rest of its busy time is divided between rows and batches by regression, so
// a disk whose speed changes from run to run does not disturb the cost of a row.
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
		warnings = append(warnings, "store: batches grow with the rows, or are not counted, so the cost of a row includes that of batches; it is too high for larger batches")
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

// shapeOfBatches returns the lognormal distribution of the time of a batch. Its variation is the mean of what the
// store measured. Fsyncs have long tails, as a lognormal distribution has.
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
		return workload.ExponentialTime(seconds(mean)), []string{"store: the reports do not hold the variation of its times; exponential is assumed"}, nil
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

// maxTimes is the number of service times that a shape is fitted to at most.
const maxTimes = 5000

// shapeAtLowLoad returns a distribution with the fitted mean and the shape of the first step's service times at the
// lightest load, as the generator measured them.
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
		return plain, []string{fmt.Sprintf("web: the shape of its times is unknown (%v); exponential is assumed", err)}
	}
	scv := shape.Distribution.SCV()
	scaled, err := withMean(mean, scv, shape.Losses[workload.Gamma] < shape.Losses[workload.Lognormal])
	if err != nil || !(scv > 0) {
		return plain, []string{"web: the service times do not vary; exponential is assumed"}
	}
	return scaled, []string{fmt.Sprintf("web: the squared coefficient of variation %.3g of its times is that of step %s at the lightest load, which includes the network and the generator", scv, least.Steps[0].Step)}
}

// withMean returns a gamma or a lognormal distribution with a mean in seconds and a squared coefficient of
// variation.
func withMean(mean, scv float64, gamma bool) (workload.Distribution, error) {
	if gamma {
		return workload.GammaTime(seconds(mean), rounded(scv, 4))
	}
	return workload.LognormalTimeWithSCV(mean, scv)
}

// serviceTimes returns the service times of passed attempts in seconds, thinned evenly. It leaves out the longest
// hundredth: a pause of the whole machine is not work of the station and would dominate its variation.
func serviceTimes(r report.Report, step string) []float64 {
	histogram, err := r.Histograms.DecodeServiceTime(step, funnel.Completed)
	if err != nil || histogram == nil || histogram.TotalCount() == 0 {
		return nil
	}
	var times []float64
	count := int(min(maxTimes, histogram.TotalCount()))
	for k := range count {
		at := histogram.ValueAtQuantile(99 * (float64(k) + 0.5) / float64(count))
		times = append(times, float64(max(1, at))/1e6)
	}
	return times
}
