package scenarios

import (
	"bytes"
	"cmp"
	"fmt"
	"io/fs"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/workload"
)

// Arrivals holds two streams: people who walk the journey, and visitors who only look.
type Arrivals struct {
	Step      string                `yaml:"step" json:"step"`                                 // the step whose instants are scheduled, by the first attempt without a typing error; with closed, people begin with the first step of their journey instead
	Noun      string                `yaml:"noun,omitempty" json:"noun,omitempty"`             // what people do at that step, in the plural, as in orders; empty means the step's name in the plural
	Mode      workload.Mode         `yaml:"mode,omitempty" json:"mode,omitempty"`             // placement within a second of rates or a row of counts: poisson (default) draws each instant evenly and independently, even leaves equal gaps, burst puts all at the start
	Totals    string                `yaml:"totals,omitempty" json:"totals,omitempty"`         // exact (default of counts, logs, even and burst): each second of a rate has the difference between the rounded integrals of the rate to its end and to its start, and each row of counts its own count, so nobody is lost to rounding; random (default of rates in mode poisson): the number in each second or row is drawn from a Poisson distribution with that mean
	Counts    string                `yaml:"counts,omitempty" json:"counts,omitempty"`         // CSV file next to the scenario, instead of people and visitors: minute,visits,signups counts those of each minute from minute 0, and time,count those from each row to the next
	AccessLog *AccessLog            `yaml:"access_log,omitempty" json:"access_log,omitempty"` // a web server's log next to the scenario, instead of counts
	Signups   []Segment             `yaml:"people,omitempty" json:"people,omitempty"`         // pieces of a rate of people who walk the journey, one after the other, instead of counts; signups is another name of this key
	Visitors  []Segment             `yaml:"visitors,omitempty" json:"visitors,omitempty"`     // pieces of a rate of people who take the first step of a journey and leave, instead of counts
	Renewal   workload.Distribution `yaml:"renewal,omitempty" json:"renewal,omitempty"`       // instead of mode and totals: gaps between people are independent draws of this distribution, stretched so that one over their mean is the rate; only its shape matters; where the rate varies, the gaps follow it
	Closed    *Closed               `yaml:"closed,omitempty" json:"closed,omitempty"`         // instead of rates and counts: a fixed number of people who come again and again
	Scale     float64               `yaml:"scale,omitempty" json:"scale,omitempty"`           // factor on all arrivals and on closed.people, such as 1.5; 0 means 1

	fileSignups, fileVisitors workload.Bins
}

// Closed is a closed population. Each of its people thinks, walks the journey from its first step, and is followed by
// the next person, who thinks and walks likewise. So at every moment as many people think or walk.
type Closed struct {
	People int                   `yaml:"people" json:"people"`                   // people who think or walk at any moment
	Think  workload.Distribution `yaml:"think,omitempty" json:"think,omitempty"` // scenario time from the end of a walk to the first step of the next; zero means none
	For    time.Duration         `yaml:"for" json:"for"`                         // scenario time from the start after which nobody begins a walk
}

// AccessLog is a log in the common or combined log format. Its requests are counted per second.
type AccessLog struct {
	File  string `yaml:"file" json:"file"`                       // name of the log, beside the scenario
	Match string `yaml:"match,omitempty" json:"match,omitempty"` // count only requests that begin so, as in "POST /signups"; empty means all
}

// Segment is one piece of a rate: constant at Rate, linear from From to To, or a Spike that rises from From
// within a tenth of the time and falls to To in the rest.
type Segment struct {
	For   time.Duration  `yaml:"for" json:"for"`                         // how long the piece lasts
	Rate  *workload.Rate `yaml:"rate,omitempty" json:"rate,omitempty"`   // constant rate; excludes from, to and spike
	From  *workload.Rate `yaml:"from,omitempty" json:"from,omitempty"`   // rate at the start of the piece; between from and to it changes in a straight line; absent means 0
	To    *workload.Rate `yaml:"to,omitempty" json:"to,omitempty"`       // rate at the end of the piece; absent means 0
	Spike *workload.Rate `yaml:"spike,omitempty" json:"spike,omitempty"` // highest rate of a spike, reached in a straight line from from after a tenth of the piece, and left in a straight line for to
}

// Words returns what people do at the step of the arrivals, in the plural.
func (a Arrivals) Words() string { return cmp.Or(a.Noun, funnel.Plural(a.Step)) }

// usualTotals returns what totals means if a scenario does not say. Rates that somebody wrote are assumptions about a Poisson
// process; counts happened.
func (a Arrivals) usualTotals() string {
	if a.Renewal.IsZero() && (a.fromFile() || a.Mode != workload.Poisson) {
		return "exact"
	}
	return "random"
}

// fromFile reports whether the counts are read from a file.
func (a Arrivals) fromFile() bool { return a.Counts != "" || a.AccessLog != nil }

// Bins returns the counts of the people who walk the journey and of the visitors.
func (a Arrivals) Bins() (signups, visitors workload.Bins) {
	switch {
	case a.Closed != nil: // nobody comes from outside
		none := workload.Bins{Width: time.Second, Counts: make([]int, (a.Closed.For+time.Second-1)/time.Second)}
		return none, workload.Bins{Width: time.Second}
	case a.fromFile():
		return a.fileSignups.Times(a.factor()), a.fileVisitors.Times(a.factor())
	}
	return workload.NewBins(a.curve(a.Signups), time.Second), workload.NewBins(a.curve(a.Visitors), time.Second)
}

// People returns the number of arrivals, visitors included, before counts are rounded. It also works for
// numbers that are too large for [Arrivals.Bins].
func (a Arrivals) People() float64 {
	if a.Closed != nil {
		return float64(a.Closed.People)
	}
	if a.fromFile() {
		return float64(a.fileSignups.Total()+a.fileVisitors.Total()) * a.factor()
	}
	signups, visitors := a.Curves()
	return signups.Expected(signups.Duration()) + visitors.Expected(visitors.Duration())
}

// Curves returns the rates by which people are placed inside the bins. There are none if the counts are read
// from a file.
func (a Arrivals) Curves() (signups, visitors workload.Curve) {
	if a.fromFile() {
		return nil, nil
	}
	return a.curve(a.Signups), a.curve(a.Visitors)
}

func (a Arrivals) factor() float64 { return cmp.Or(a.Scale, 1) }

// AtRate replaces the arrivals by the given rates, with exact totals.
func (a *Arrivals) AtRate(signups, visitors []Segment) {
	a.Counts, a.AccessLog, a.Closed, a.Totals, a.Scale = "", nil, nil, "exact", 0
	a.Signups, a.Visitors = signups, visitors
}

func (a Arrivals) curve(segments []Segment) workload.Curve {
	var pieces workload.Curve
	for _, segment := range segments {
		for _, piece := range segment.pieces() {
			piece.From *= workload.Rate(a.factor())
			piece.To *= workload.Rate(a.factor())
			pieces = append(pieces, piece)
		}
	}
	return pieces
}

func (s Segment) pieces() []workload.Segment {
	from, to := rateOr0(s.From), rateOr0(s.To)
	switch {
	case s.Rate != nil:
		from, to = *s.Rate, *s.Rate
	case s.Spike != nil && s.For > 0:
		rise := max(1, s.For/10)
		return []workload.Segment{{For: rise, From: from, To: *s.Spike}, {For: max(1, s.For-rise), From: *s.Spike, To: to}}
	}
	return []workload.Segment{{For: s.For, From: from, To: to}}
}

func rateOr0(rate *workload.Rate) workload.Rate {
	if rate == nil {
		return 0
	}
	return *rate
}

// readArrivals reads the file of counts or the log beside the scenario.
func (s *Scenario) readArrivals(beside fs.FS, hash func([]byte) (int, error)) {
	a := &s.Arrivals
	name, path := a.Counts, "arrivals.counts"
	if a.AccessLog != nil {
		name, path = a.AccessLog.File, "arrivals.access_log.file"
	}
	if !a.fromFile() || a.Counts != "" && a.AccessLog != nil { // validate reports the latter
		return
	}
	text, found := s.readBeside(beside, name, path, hash)
	if !found {
		return
	}
	text = withoutMark(text)
	var err error
	if a.AccessLog != nil {
		a.fileSignups, err = workload.ReadAccessLog(bytes.NewReader(text), a.AccessLog.Match)
		a.fileVisitors.Width = a.fileSignups.Width
	} else {
		a.fileSignups, a.fileVisitors, err = workload.ReadCounts(bytes.NewReader(text))
	}
	if err != nil {
		s.source.faultAt(path, "", "%s: %v", name, err)
	}
}

func (s *Scenario) validateArrivals() {
	arrivals := &s.Arrivals
	if s.step(arrivals.Step) < 0 {
		s.source.faultAt("arrivals.step", hintWord(arrivals.Step, s.stepNames()), "no step is called %q", arrivals.Step)
	}
	switch arrivals.Mode {
	case workload.Poisson, workload.Even, workload.Burst:
	default:
		s.source.faultAt("arrivals.mode", hintWord(string(arrivals.Mode), []string{"poisson", "even", "burst"}), "the mode %q is unknown", arrivals.Mode)
	}
	if arrivals.Totals != "exact" && arrivals.Totals != "random" {
		s.source.faultAt("arrivals.totals", hintWord(arrivals.Totals, []string{"exact", "random"}), "totals %q is unknown", arrivals.Totals)
	}
	_, scaled := s.source.places["arrivals.scale"]
	if !(arrivals.Scale >= 0) || scaled && arrivals.Scale == 0 || math.IsInf(arrivals.Scale, 0) {
		s.source.faultAt("arrivals.scale", "give a number above 0, as in 1.5", "%v is not a factor", arrivals.Scale)
	}
	s.validateKindOfArrivals()
	s.validateSegments("arrivals.people", arrivals.Signups)
	s.validateSegments("arrivals.visitors", arrivals.Visitors)
	if len(s.source.mistakes) > 0 {
		return
	}
	if s.Population.Size > maxPeople {
		s.source.faultAt("population.size", fmt.Sprintf("give at most %d", uint64(maxPeople)), "%d people are more than live on earth", s.Population.Size)
		return
	}
	if err := s.CheckPeople(); err != nil {
		s.source.faultAt("arrivals", "raise population.size or lower the arrivals", "%v", err)
		return
	}
	signups, visitors := arrivals.Bins()
	switch total := signups.Total() + visitors.Total(); {
	case total == 0 && arrivals.Closed == nil:
		s.source.faultAt("arrivals", "raise a rate or a count", "nobody arrives")
	case uint64(total) > s.Population.Size: // because of rounding
		s.source.faultAt("arrivals", "raise population.size or lower the arrivals", "%d people arrive, but the population has only %d", total, s.Population.Size)
	}
}

// validateKindOfArrivals reports arrivals that are given in no way or in several, and keys that exclude each other.
func (s *Scenario) validateKindOfArrivals() {
	arrivals, given := &s.Arrivals, 0
	for _, is := range []bool{len(arrivals.Signups)+len(arrivals.Visitors) > 0, arrivals.Counts != "", arrivals.AccessLog != nil, arrivals.Closed != nil} {
		if is {
			given++
		}
	}
	if given != 1 {
		s.source.faultAt("arrivals", "", "give exactly one of counts, access_log, closed, and people (with or without visitors)")
	}
	if !arrivals.Renewal.IsZero() {
		s.validateRenewal()
	}
	if closed := arrivals.Closed; closed != nil {
		s.bound("arrivals.closed.people", closed.People, mostClosed)
		switch {
		case closed.People < 1:
			s.source.faultAt("arrivals.closed.people", "add people: 20", "%d people cannot go round", closed.People)
		case closed.For <= 0 || closed.For > LongestArrivals:
			s.source.faultAt("arrivals.closed", "add for: 10m", "a closed population needs a time above 0 and of at most %d days", LongestArrivals/(24*time.Hour))
		case !arrivals.Renewal.IsZero():
			s.source.faultAt("arrivals.renewal", "keep one of them", "closed and renewal exclude each other")
		}
	}
}

// leastRenewalGap is the shortest mean of gaps. Shorter ones would lose their shape to rounding.
const leastRenewalGap = time.Millisecond

func (s *Scenario) validateRenewal() {
	if s.Arrivals.Renewal.Mean() < leastRenewalGap.Seconds() {
		s.source.faultAt("arrivals.renewal", "only the shape matters, so give a longer mean, as in gamma(mean=1s, scv=4)", "the mean gap is below %v", leastRenewalGap)
	}
	for _, key := range []string{"arrivals.mode", "arrivals.totals"} {
		if _, also := s.source.places[key]; also {
			s.source.faultAt(key, "keep one of them", "renewal says where people come, so %s has no effect", strings.TrimPrefix(key, "arrivals."))
		}
	}
}

// maxPeople bounds a population, so that arithmetic on people's numbers does not overflow.
const maxPeople = 10_000_000_000

// LongestArrivals is the longest time for which people may arrive at rates. Every second of it is counted.
const LongestArrivals = 31 * 24 * time.Hour

// CheckPeople returns an error if more people arrive than the population has.
func (s *Scenario) CheckPeople() error {
	people := s.Arrivals.People()
	if people <= float64(s.Population.Size) {
		return nil
	}
	spelt := strconv.FormatFloat(math.Round(people), 'f', -1, 64)
	switch {
	case math.IsInf(people, 0) || math.IsNaN(people):
		spelt = "more than countable"
	case people >= 1e15:
		spelt = strconv.FormatFloat(people, 'g', 3, 64)
	}
	return fmt.Errorf("%s people arrive, but the population has only %d", spelt, s.Population.Size)
}

func (s *Scenario) validateSegments(path string, segments []Segment) {
	var whole time.Duration
	for i, segment := range segments {
		place := fmt.Sprintf("%s[%d]", path, i)
		if segment.For > LongestArrivals-whole {
			s.source.faultAt(place, "use coarser counts, or a shorter time", "the arrivals last longer than %d days", LongestArrivals/(24*time.Hour))
			return
		}
		whole += max(0, segment.For)
		if segment.For <= 0 {
			s.source.faultAt(place, "add for: 10s", "the segment has no length")
		}
		if (segment.Rate == nil) == (segment.From == nil && segment.To == nil && segment.Spike == nil) {
			s.source.faultAt(place, "write rate: 1350/s, or from: 0/s and to: 1350/s, or spike: 5000/s", "a segment needs either a rate, or from and to, or a spike")
		}
	}
}
