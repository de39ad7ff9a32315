package redline

import (
	"cmp"
	"fmt"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/units"
)

// Open is the result of raising the rate.
type Open struct {
	Step   string // that arrivals are scheduled at
	Noun   string // what people do there, in the plural
	Levels []Level
	Limit  Limit
}

// RunOpen plays rates until the limit is known. A level that is invalid or undecided, or broke while programs outside the
// run took much of the CPU, is repeated with the same rate.
// Levels that were played before an error are kept.
func RunOpen(step string, b Bisection, play func(rate float64) (Level, error)) (Open, error) {
	open := Open{Step: step, Noun: cmp.Or(b.Noun, funnel.Plural(step))}
	var err error
	open.Limit, err = b.Search(func(rate float64) (Outcome, error) {
		level, err := play(rate)
		if err != nil {
			return Broke, err
		}
		open.Levels = append(open.Levels, level)
		return level.outcome(step), nil
	})
	return open, err
}

// Report returns the report of the highest rate that held, or else of the first level, with all levels and
// the limit in it. It panics if there is no level.
func (o Open) Report() report.Report {
	whole := o.Levels[0].Report
	if held, found := o.at(o.Limit.Held); found {
		whole = held.Report
	}
	whole.Levels = entries(o.Levels)
	whole.Redline = &report.Redline{HeldPerS: o.Limit.Held, BrokePerS: o.Limit.Broke, KneePerS: o.Knee(), InvalidPerS: o.Limit.Invalid, UndecidedPerS: o.Limit.Undecided, RefusedPerS: o.Limit.Refused, Bottleneck: o.bottleneck(), Machine: o.machine()}
	return whole
}

// at returns the last level of a rate.
func (o Open) at(rate float64) (level Level, found bool) {
	for _, played := range o.Levels {
		if played.Rate == rate {
			level, found = played, true
		}
	}
	return level, found
}

// Knee returns the offered rate whose level has the most power, which is goodput divided by the mean response
// time of a person, in all steps together: the page that people come to may be the cheapest of them. Below it, more load costs little waiting; above it, more waiting yields little goodput (Kleinrock,
// Power and Deterministic Rules of Thumb for Probabilistic Problems in Computer Communications, ICC 1979). It
// is 0 if no level answered anybody.
func (o Open) Knee() float64 {
	knee, most := 0.0, 0.0
	for _, level := range o.Levels {
		row, found := level.Step(o.Step)
		if !found || row.ResponseTimePassedS == nil || row.ResponseTimePassedS.Mean <= 0 || level.Report.Verdict == report.Invalid || level.Refusals(o.Step) != "" {
			continue
		}
		if power := row.GoodputPerS / level.waited(row); power > most {
			knee, most = level.Rate, power
		}
	}
	return knee
}

// decisive returns the level that shows what limits the service: the lowest that broke, or else the highest that
// held.
func (o Open) decisive() (Level, bool) {
	if broke, found := o.at(o.Limit.Broke); found {
		return broke, true
	}
	return o.at(o.Limit.Held)
}

// bottleneck returns what was busiest at the lowest rate that broke.
func (o Open) bottleneck() string {
	if broke, found := o.at(o.Limit.Broke); found {
		return broke.Report.Bottleneck().String()
	}
	return ""
}

// machine says what of the machine was short at the decisive level. It is "" if the machine was not read.
func (o Open) machine() string {
	level, found := o.decisive()
	if !found || level.Report.Machine == nil || level.Report.Machine.Usage == nil {
		return ""
	}
	return level.Report.Machine.Usage.Sentence
}

// Sentence states the limit and what broke first.
func (o Open) Sentence() string {
	if o.Limit.Refused > 0 {
		return o.refused()
	}
	text := o.limit()
	if o.Limit.Undecided > o.Limit.Held && (o.Limit.Broke == 0 || o.Limit.Undecided < o.Limit.Broke) {
		text += " " + o.undecided()
	}
	if o.Limit.Held > 0 && o.Limit.Broke > 0 {
		if knee := o.Knee(); knee > 0 {
			text += fmt.Sprintf(" The knee is at %s %s/s: above it, waiting grows faster than throughput.", units.Rate(knee), o.Noun)
		}
	}
	if machine := o.machine(); machine != "" {
		at := o.Limit.Broke
		if at == 0 {
			at = o.Limit.Held
		}
		text += fmt.Sprintf(" At %s/s: %s", units.Rate(at), machine)
	}
	if level, found := o.at(o.Limit.Broke); found && level.Report.TakenByOthers() != "" {
		text += " So the limit may be that of a service that shares its machine; repeat the search on a quiet one, or name those programs with --watch if they are the service's."
	}
	return text
}

// limit states between which rates the limit lies.
func (o Open) limit() string {
	held, broke, invalid := units.Rate(o.Limit.Held), units.Rate(o.Limit.Broke), o.invalid()
	switch {
	case o.Limit.Held == 0 && o.Limit.Broke == 0 && o.Limit.Invalid == 0:
		return "No level decided anything."
	case o.Limit.Held == 0 && o.Limit.Broke == 0:
		return "Nothing is known about the limit: " + invalid + "."
	case o.Limit.Held == 0:
		return fmt.Sprintf("No rate held, not even %s %s/s; begin lower with --from.", broke, o.Noun)
	case o.Limit.Broke == 0 && o.Limit.Invalid > 0:
		return fmt.Sprintf("%s %s/s held, and the limit is not known: %s.", held, o.Noun, invalid)
	case o.Limit.Broke == 0:
		return held + " " + o.Noun + "/s held, and " + o.unended()
	}
	text := fmt.Sprintf("%s %s/s held, %s did not", held, o.Noun, broke)
	if level, found := o.at(o.Limit.Broke); found {
		text += " (" + level.Why() + ")"
	}
	if invalid != "" && o.Limit.Invalid < o.Limit.Broke {
		text += "; " + invalid
	}
	if bottleneck := o.bottleneck(); bottleneck != "" {
		text += "; busiest: " + bottleneck
	}
	return text + "."
}

// unended says why nothing above the highest rate that held is decided, where the levels ran out.
func (o Open) unended() string {
	if last := o.Levels[len(o.Levels)-1]; last.Rate > o.Limit.Held && (last.Report.Verdict == report.Invalid || last.Report.Verdict == report.Inconclusive) {
		return fmt.Sprintf("the level at %s/s says nothing (%s) and was not repeated, because no more levels were allowed; raise --most.", units.Rate(last.Rate), last.Why())
	}
	return "nothing higher was decided; raise --most or --factor."
}

// invalid says why the lowest invalid rate says nothing, or "" if there is none.
func (o Open) invalid() string {
	level, found := o.at(o.Limit.Invalid)
	if !found {
		return ""
	}
	return fmt.Sprintf("at %s/s every run was invalid (%s), so it counts neither as held nor as broken", units.Rate(o.Limit.Invalid), level.Why())
}

// undecided says what the highest undecided rate lacks.
func (o Open) undecided() string {
	why := "too few values"
	if level, found := o.at(o.Limit.Undecided); found {
		why = level.Why()
	}
	return fmt.Sprintf("%s/s counts neither as held nor as broken (%s); play levels for longer with --for.", units.Rate(o.Limit.Undecided), why)
}

// refused says that a level shows nothing about load.
func (o Open) refused() string {
	why := ""
	if level, found := o.at(o.Limit.Refused); found {
		why = level.Refusals(o.Step)
	}
	text := fmt.Sprintf("The level at %s/s says nothing about load: %s. People or data of an earlier level or run are refused when they come again; send new ones, or begin with a clean service. The search ends here, and there is no knee.", units.Rate(o.Limit.Refused), why)
	if o.Limit.Held > 0 {
		text += fmt.Sprintf(" Before it, %s/s held.", units.Rate(o.Limit.Held))
	}
	return text
}
