package calibration

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/setup"
	"github.com/ombak-sim/ombak/workload"
)

// shareMachine gives the station that works most what the generator and the other processes take of the machine for each
// request, if the station has all its cores. Requests wait for the others there alone, as if all stood in one line.
func (m *Model) shareMachine(reports []report.Report) {
	if at := m.busiest(); at >= 0 && m.Stations[at].Servers == reports[0].Machine.CPUs {
		m.Stations[at].Beside = besideOf(reports)
		for i, other := range m.Stations {
			if i != at && other.Process && other.Servers == reports[0].Machine.CPUs {
				m.Stations[at].Beside += other.PerRequest.Seconds
			}
		}
	}
}

// busiest returns the index of the process that works most for a request, or −1 if there is none.
func (m *Model) busiest() int {
	at := -1
	for i, station := range m.Stations {
		if station.Process && (at < 0 || station.PerRequest.Seconds > m.Stations[at].PerRequest.Seconds) {
			at = i
		}
	}
	return at
}

// besideOf returns by how much the CPU of the generator rises with each request: the slope of a line through the runs, so
// that what it uses without requests does not count.
func besideOf(reports []report.Report) float64 {
	var requests, others []float64
	for _, r := range reports {
		if r.Generator != nil && r.Generator.CPUS != nil && r.Verdict != report.Invalid {
			requests, others = append(requests, requestsOf(r)/r.DurationS), append(others, *r.Generator.CPUS/r.DurationS)
		}
	}
	if len(requests) < fewestLevels {
		return 0
	}
	if _, _, slope := lineThrough(requests, others); slope > 0 {
		return slope
	}
	return 0
}

// clearlyNearer is the share of the error of the model as it is up to which another is chosen. One whose figures are
// within their tolerance on average stays, because what is left may be chance.
const clearlyNearer = 0.8

// fitStalls finds how requests wait for each other at the busiest process, besides their work together. It tries first how
// long a core works on one request before it turns to the next, and then which part of the work is done in large pieces,
// such as collecting garbage, that requests wait for. It takes what brings the waits at all loads but the quietest nearest
// to those measured, if that explains much. It needs the scenario that was played.
func (m *Model) fitStalls(ctx context.Context, reports []report.Report, how Calibrating) error {
	at, quiet := m.busiest(), quietest(reports)
	same := func(r report.Report) bool {
		return how.Scenario != nil && r.Scenario.SHA256 == how.Scenario.SHA256() && r.Verdict != report.Invalid
	}
	if at < 0 || !same(quiet) {
		return nil
	}
	least := loadsOf([]report.Report{quiet}, how)[0]
	var others []load
	for _, r := range reports {
		if same(r) && (r.Offered.Scheduled != quiet.Offered.Scheduled || mixOf(r) != mixOf(quiet)) {
			others = append(others, loadsOf([]report.Report{r}, how)[0])
		}
	}
	err := m.fitStation(ctx, at, least, others, how.Scenario)
	if errors.Is(err, setup.ErrRefused) {
		m.Warnings = append(m.Warnings, fmt.Sprintf("a load cannot be simulated, so how requests wait for each other is not fitted: %v", err))
		return nil
	}
	return err
}

// fitStation chooses slices and then chores of a station.
func (m *Model) fitStation(ctx context.Context, at int, least load, others []load, scenario *scenarios.Scenario) error {
	if mayShare(scenario, m.Stations[at].Name) && m.Stations[at].Servers > 1 {
		if err := m.chooseNearest(ctx, m.withSlices(at), least, others); err != nil {
			return err
		}
		if m.Stations[at].Slice > 0 {
			m.Warnings = slices.DeleteFunc(m.Warnings, func(warning string) bool { return warning == unknownDiscipline(m.Stations[at].Name) })
		}
	}
	if m.Stations[at].Together.Within > 0 || scenario.Stations[m.Stations[at].Name].Batch != nil {
		return nil
	}
	return m.chooseNearest(ctx, m.withPieces(at), least, others)
}

// mixOf returns the mix of journeys that a run had, or "" if it was the scenario's.
func mixOf(r report.Report) string {
	if r.Played == nil {
		return ""
	}
	return r.Played.Mix
}

// chooseNearest replaces the model by the candidate whose waits are nearest to those measured, if it is clearly nearer than
// the first, which is the model as it is.
func (m *Model) chooseNearest(ctx context.Context, all []*Model, least load, others []load) error {
	judged := 0
	for _, other := range others {
		judged += len(waitsJudged) * len(mediansOf(other.reports[0]))
	}
	misses, err := missesOf(ctx, all, least, others)
	if err != nil {
		return err
	}
	if best := slices.Index(misses, slices.Min(misses)); misses[0] > float64(judged) && misses[best] < clearlyNearer*misses[0] {
		*m = *all[best]
	}
	return nil
}

// withSlices returns the model, and those in which the cores of a station turn from one request to the next after some
// time that is shorter than the dearest work. Linux and the scheduler of goroutines let nobody work longer than 20 ms beside
// others who wait.
func (m *Model) withSlices(at int) []*Model {
	dearest := 0.
	for _, route := range m.Routes {
		for _, hop := range route.Hops {
			if hop.Station == m.Stations[at].Name {
				dearest = max(dearest, hop.Work.Mean())
			}
		}
	}
	all := []*Model{m}
	for _, length := range []time.Duration{1, 2, 3, 5, 7, 10, 15, 20} {
		if slice := length * time.Millisecond; slice.Seconds() < dearest {
			sliced := *m
			sliced.Stations = slices.Clone(m.Stations)
			sliced.Stations[at].Discipline, sliced.Stations[at].Slice = workload.Sharing, slice
			all = append(all, &sliced)
		}
	}
	return all
}

// withPieces returns the model, and those in which a station does a part of its work in pieces.
func (m *Model) withPieces(at int) []*Model {
	all := []*Model{m}
	for _, share := range []scenarios.Share{0.1, 0.2, 0.3, 0.4} {
		for _, length := range []time.Duration{5 * time.Millisecond, 10 * time.Millisecond, 20 * time.Millisecond, 40 * time.Millisecond} {
			all = append(all, m.stalling(at, scenarios.Chores{Share: share, Time: length}))
		}
	}
	return all
}

// stalling returns the model in which a part of a station's work is done in pieces. All work together stays.
func (m *Model) stalling(at int, chores scenarios.Chores) *Model {
	fitted := *m
	fitted.Stations, fitted.Routes = slices.Clone(m.Stations), slices.Clone(m.Routes)
	fitted.Stations[at].Chores = chores
	for i, route := range fitted.Routes {
		fitted.Routes[i].Hops = slices.Clone(route.Hops)
		for k, hop := range route.Hops {
			if hop.Station == fitted.Stations[at].Name {
				fitted.Routes[i].Hops[k].Work = lessWork(hop.Work, 1-float64(chores.Share))
			}
		}
	}
	return &fitted
}

// lessWork returns a share of a work, with the same variation.
func lessWork(work workload.Distribution, share float64) workload.Distribution {
	if work.Kind() == workload.Constant {
		return workload.ConstantTime(seconds(share * work.Mean()))
	}
	if less, err := workload.LognormalTimeWithSCV(share*work.Mean(), rounded(work.SCV(), 3)); err == nil {
		return less
	}
	return work
}
