package recorder

import (
	"cmp"
	"slices"
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
)

// Seconds turns what happens in a run into the rows of its feed. Every Delta, reading and mark is in exactly one row,
// whenever it comes, so rows add up to the report.
type Seconds struct {
	journey funnel.Journey
	clock   func(realTime time.Duration) time.Duration
	row     int
	at      time.Duration // end of the last row
	now     report.Second // counts since then
	lag     Sparse
	steps   []secondStep
	latest  []funnel.Reading // of each station, in order of their names
	before  map[string]funnel.Reading
	timed   bool // rows keep response times by outcome
}

// secondStep is one step since the last row.
type secondStep struct {
	report.SecondStep
	response Sparse
	served   Sparse                      // of attempts that passed or timed out
	refused  Sparse                      // of attempts that were turned away
	times    [funnel.OutcomeCount]Sparse // of the response time, if they are kept
	inside   int64                       // people at the step
}

// NewSeconds returns the rows of a journey. Clock returns the scenario time at a real time; nil means the two are equal.
func NewSeconds(journey funnel.Journey, clock func(realTime time.Duration) time.Duration) *Seconds {
	if clock == nil {
		clock = func(realTime time.Duration) time.Duration { return realTime }
	}
	return &Seconds{journey: journey, clock: clock, steps: make([]secondStep, len(journey)), before: map[string]funnel.Reading{}}
}

// KeepTimes makes the rows keep the response times of each step and outcome.
func (s *Seconds) KeepTimes() { s.timed = true }

// Add adds what one shard saw. The Delta must be valid.
func (s *Seconds) Add(delta Delta) {
	s.now.Scheduled += delta.Scheduled
	s.now.Started += delta.Started
	s.now.Dropped += delta.Dropped
	s.now.Finished += delta.Finished
	s.lag = s.lag.plus(delta.Lag)
	for _, step := range delta.Steps {
		s.steps[step.Step].add(step, s.timed)
	}
}

func (s *secondStep) add(delta StepDelta, timed bool) {
	s.Entered += delta.Entered
	s.inside += int64(delta.Entered)
	if again := delta.Again; again != nil {
		s.Entered += again.Entered
		s.inside += int64(again.Entered)
		for outcome, people := range again.Ended {
			s.end(funnel.Outcome(outcome), people)
		}
	}
	for _, ended := range delta.Ended {
		s.end(ended.Outcome, ended.People)
		if ended.Outcome != funnel.Dropped {
			s.Requests += ended.Attempts
		}
		s.response = s.response.plus(ended.Response)
		switch ended.Outcome {
		case funnel.Completed, funnel.TimedOut:
			s.served = s.served.plus(ended.Response)
		case funnel.Rejected:
			s.refused = s.refused.plus(ended.Response)
		}
		if timed {
			s.times[ended.Outcome] = s.times[ended.Outcome].plus(ended.Response)
		}
	}
}

// end counts people whose last attempt ended.
func (s *secondStep) end(outcome funnel.Outcome, people uint64) {
	switch outcome {
	case funnel.Completed:
		s.Passed += people
	case funnel.Declined:
		s.Declined += people
	case funnel.Rejected:
		s.Rejected += people
	case funnel.Failed:
		s.Failed += people
	case funnel.TimedOut:
		s.TimedOut += people
	case funnel.Abandoned:
		s.Left += people
	default:
		return // they are still there
	}
	s.inside -= int64(people)
}

// Read adds a reading of a station.
func (s *Seconds) Read(reading funnel.Reading) {
	place, known := slices.BinarySearchFunc(s.latest, reading.Station, func(r funnel.Reading, name string) int {
		return cmp.Compare(r.Station, name)
	})
	if known {
		s.latest[place] = reading
	} else {
		s.latest = slices.Insert(s.latest, place, reading)
	}
}

// Mark adds an event of the timeline.
func (s *Seconds) Mark(mark funnel.Mark) {
	begins := s.clock(mark.At)
	row := report.SecondMark{Event: report.EventOf(mark), ScenarioS: begins.Seconds()}
	if mark.For > 0 {
		row.ScenarioForS = (s.clock(mark.At+mark.For) - begins).Seconds()
	}
	s.now.Marks = append(s.now.Marks, row)
}

// Cut returns the row that ends at an instant.
func (s *Seconds) Cut(at time.Duration, phase string) report.Second {
	s.row++
	row := s.now
	row.Schema, row.Row, row.Phase = report.SecondSchema, s.row, phase
	row.AtS, row.ForS, row.ScenarioS = at.Seconds(), (at - s.at).Seconds(), s.clock(at).Seconds()
	row.Lag = s.lag.inSecond()
	for i := range s.steps {
		row.Times = s.steps[i].cutTimes(row.Times, s.journey[i].Name)
		if step := s.steps[i].cut(s.journey[i].Name); step != (report.SecondStep{Step: step.Step}) {
			row.Steps = append(row.Steps, step)
		}
	}
	for _, reading := range s.latest {
		row.Stations = append(row.Stations, stationIn(s.before[reading.Station], reading))
		s.before[reading.Station] = reading
	}
	s.now, s.lag, s.at = report.Second{}, nil, at
	return row
}

// cut returns the step in this row and begins the next.
func (s *secondStep) cut(name string) report.SecondStep {
	step := s.SecondStep
	step.Step, step.Waiting = name, max(0, s.inside)
	if len(s.response) > 0 {
		values := s.response.quantiles(50, 95, 99)
		step.P50, step.P95, step.P99 = new(float64), new(float64), new(float64)
		*step.P50, *step.P95, *step.P99 = seconds(values[0]), seconds(values[1]), seconds(values[2])
	}
	step.Served, step.Refused = s.served.spread(), s.refused.spread()
	s.SecondStep, s.response, s.served, s.refused = report.SecondStep{}, nil, nil, nil
	return step
}

// spread returns the quantiles of response times, or nil if there are none.
func (s Sparse) spread() *report.SecondQuantiles {
	if len(s) == 0 {
		return nil
	}
	values := s.quantiles(50, 95, 99)
	return &report.SecondQuantiles{P50: seconds(values[0]), P95: seconds(values[1]), P99: seconds(values[2])}
}

// cutTimes appends the response times in this row and begins the next.
func (s *secondStep) cutTimes(all []report.SecondTimes, name string) []report.SecondTimes {
	for outcome, sparse := range s.times {
		if len(sparse) == 0 {
			continue
		}
		times := report.SecondTimes{Step: name, Outcome: funnel.Outcome(outcome).String()}
		_ = sparse.Each(func(index int, count uint64) { // its parts were valid
			lowest, size := LayoutRange(index)
			times.Bins = append(times.Bins, report.TimeBin{S: (float64(lowest) + float64(size-1)/2) / 1e6, Count: count})
		})
		all = append(all, times)
		s.times[outcome] = nil
	}
	return all
}

// stationIn returns a station between two readings.
func stationIn(before, now funnel.Reading) report.SecondStation {
	station := report.SecondStation{
		Name: now.Station, Servers: now.Servers, Busy: float64(now.Busy), Queued: now.Queued,
		Completions: now.Completions - min(before.Completions, now.Completions), Rejections: now.Rejections - min(before.Rejections, now.Rejections),
	}
	if length := now.At - before.At; length > 0 && now.BusyTime >= before.BusyTime {
		station.Busy = (now.BusyTime - before.BusyTime).Seconds() / length.Seconds()
	}
	return station
}
