package plots_test

import (
	"math"
	"math/rand/v2"
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/report/recorder"
)

func journey() (steps funnel.Journey) {
	for _, name := range []string{
		funnel.Landing, funnel.SignUp, funnel.EmailVerify, funnel.Identity, funnel.Profile, funnel.Photo, funnel.OTP,
		funnel.Statement, funnel.Test, funnel.Eligibility, funnel.Join,
	} {
		steps = append(steps, funnel.Step{Name: name, Kind: funnel.Request})
	}
	return steps
}

// rush plays people who arrive at a rate at a service whose identity check passes ten per second. The others
// wait for a timeout of ten seconds, or are rejected.
type rush struct {
	length   int                          // seconds
	rate     func(second int) float64     // sign-ups per second
	slow     func(second float64) float64 // factor on the sign-up's time
	observer *recorder.ShardObserver
	random   *rand.Rand
	registry float64 // second at which the registry is idle again
}

func (r *rush) play() {
	person := uint64(0)
	for second := range r.length {
		for n, people := 0, poisson(r.random, r.rate(second)); n < people; n++ {
			at := float64(second) + (float64(n)+r.random.Float64())/float64(people)
			r.observer.Scheduled(toTime(at))
			r.observer.Started()
			r.walk(person, at)
			person++
		}
	}
}

func poisson(random *rand.Rand, mean float64) int {
	return max(0, int(math.Round(mean+math.Sqrt(mean)*random.NormFloat64())))
}

func toTime(seconds float64) time.Duration { return time.Duration(seconds * 1e9) }

func (r *rush) walk(person uint64, at float64) {
	stay := []float64{1, 0.97, 0.45, 1, 0.95, 0.9, 0.97, 0.98, 0.9, 0.95, 1}
	last := at
	for step := range journey() {
		if at >= float64(r.length) {
			break
		}
		r.observer.Enter(step, toTime(at))
		last = at
		end, outcome := r.attempt(step, at)
		if end >= float64(r.length) {
			break
		}
		r.observer.Observe(funnel.Sample{
			Session: person, Step: step, Attempt: 1, Intended: toTime(at), Start: toTime(at + 0.0005), End: toTime(end),
			Outcome: outcome, Final: true,
		})
		last = end
		if outcome != funnel.Completed || r.random.Float64() > stay[step] {
			break
		}
		at = end + 3*r.random.ExpFloat64()
	}
	r.observer.Finished(toTime(last))
}

// attempt returns when and how an attempt ends.
func (r *rush) attempt(step int, at float64) (end float64, outcome funnel.Outcome) {
	end = at + 0.012 + 0.01*r.random.ExpFloat64()
	switch step {
	case 1:
		end = at + (0.02+0.006*r.random.ExpFloat64())*r.slow(at)
	case 2:
		end = at + 0.5 + 4*r.random.ExpFloat64()
	case 3:
		if r.random.Float64() < 0.02 {
			return at + 0.3, funnel.Declined
		}
		if r.registry-at > 10 {
			if r.random.IntN(3) == 0 {
				return at + 0.01, funnel.Rejected
			}
			return at + 10, funnel.TimedOut
		}
		r.registry = max(r.registry, at) + 0.1
		return r.registry + 0.2*r.random.ExpFloat64(), funnel.Completed
	}
	return end, funnel.Completed
}

// short returns a run of 125 s: 1,350 sign-ups per second for 75 s between ramps of 10 s.
func short() report.Report {
	run := &rush{length: 125, slow: func(second float64) float64 {
		if second > 60 && second < 80 {
			return 6
		}
		return 1
	}}
	run.rate = func(second int) float64 {
		return 1350 * min(1, max(0, float64(second)/10), max(0, float64(95-second)/10))
	}
	return run.report("prakerja-2020-peak", []funnel.Mark{
		{At: 0, For: 10 * time.Second, Kind: funnel.PhaseMark, Text: "ramp up"},
		{At: 10 * time.Second, For: 75 * time.Second, Kind: funnel.PhaseMark, Text: "plateau of 1,350 sign-ups/s"},
		{At: 60 * time.Second, For: 20 * time.Second, Kind: funnel.FaultMark, Text: "the disk is six times slower"},
		{At: 61 * time.Second, Kind: funnel.NoteMark, Text: "operator paged"},
		{At: 85 * time.Second, For: 10 * time.Second, Kind: funnel.PhaseMark, Text: "ramp down"},
	})
}

// day returns a run of 21 h with a first rush.
func day() report.Report {
	run := &rush{length: 21 * 3600, slow: func(float64) float64 { return 1 }}
	run.rate = func(second int) float64 {
		t := float64(second)
		return 8 + 6*math.Sin(t/86400*2*math.Pi) + 1330*math.Exp(-t/420)
	}
	return run.report("prakerja-2020-opening", []funnel.Mark{
		{At: 5 * time.Hour, For: 6 * time.Hour, Kind: funnel.PhaseMark, Text: "night"},
		{At: 14 * time.Hour, For: 90 * time.Minute, Kind: funnel.FaultMark, Text: "registry at half its capacity"},
	})
}

func (r *rush) report(name string, marks []funnel.Mark) report.Report {
	recording := recorder.NewRecording(journey())
	observers := recorder.NewRecorder(journey(), 1, recording.Add)
	r.observer, r.random = observers.Observer(0), rand.New(rand.NewPCG(1, 2))
	r.play()
	observers.Close()
	return recorder.Assemble(recording, recorder.Facts{
		Scenario: report.Scenario{Name: name, Seed: 1}, Plan: "as-published",
		Duration: time.Duration(r.length) * time.Second, Marks: marks, Readings: r.readings(),
	})
}

// readings returns the readings of a registry with two servers that fills up and of a store that never does.
func (r *rush) readings() (all []funnel.Reading) {
	var busy, store time.Duration
	for second := 1; second <= r.length; second += max(1, r.length/200) {
		load := min(1, r.rate(second)/400)
		busy += time.Duration(load * 2 * float64(max(1, r.length/200)) * 1e9)
		store += time.Duration(load * 0.3 * float64(max(1, r.length/200)) * 1e9)
		at := time.Duration(second) * time.Second
		all = append(all,
			funnel.Reading{Station: "registry", At: at, Servers: 2, Busy: int(2 * load), Queued: int(max(0, r.rate(second)-400)), BusyTime: busy},
			funnel.Reading{Station: "store", At: at, Servers: 1, Busy: 1, BusyTime: store},
		)
	}
	return all
}

// queueing returns a run of an hour whose identity step has a waiting room that admits nine people per
// second. For ten minutes thirty per second arrive.
func queueing() report.Report {
	var all []funnel.Reading
	var came, in, queued float64
	for second := 0; second <= 3600; second += 10 {
		rate := 6.0
		if second > 600 && second <= 1200 {
			rate = 30
		}
		came += 10 * rate
		in = min(came, in+90)
		queued = came - in
		all = append(all, funnel.Reading{Station: "step:identity", At: time.Duration(second) * time.Second, Queued: int(queued), Arrivals: uint64(came), Completions: uint64(in), QueueMax: int(queued)})
	}
	return recorder.Assemble(recorder.NewRecording(journey()), recorder.Facts{
		Scenario: report.Scenario{Name: "prakerja-2020", Seed: 1}, Plan: "waiting-room", Duration: time.Hour, Readings: all,
		Marks: []funnel.Mark{{At: 10 * time.Minute, For: 10 * time.Minute, Kind: funnel.PhaseMark, Text: "rush"}},
	})
}
