package scenarios

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/ombak-sim/ombak/workload"
)

// Mix is one of several journeys: the steps that a share of the people take.
type Mix struct {
	Name  string   `yaml:"name" json:"name"`                       // unique among the journeys
	Share *Share   `yaml:"share,omitempty" json:"share,omitempty"` // of all people; journeys without a share divide the rest evenly
	Steps []string `yaml:"steps" json:"steps"`                     // names of steps, in order
}

// Branch is one way on from a step.
type Branch struct {
	To    string `yaml:"to" json:"to"`                           // a step, or end
	Share *Share `yaml:"share,omitempty" json:"share,omitempty"` // of those who go on from the step; absent means all whom no earlier branch took
	When  string `yaml:"when,omitempty" json:"when,omitempty"`   // condition, as in person.pupil; beside one that reads got, share is its probability in a simulation
}

// Loop sends people back to an earlier step.
type Loop struct {
	BackTo string                 `yaml:"back_to" json:"back_to"`                 // step with which a round begins
	Times  Times                  `yaml:"times,omitempty" json:"times,omitempty"` // rounds in all, as in 3 or 3..5
	While  string                 `yaml:"while,omitempty" json:"while,omitempty"` // condition for a further round, instead of times
	Share  *Share                 `yaml:"share,omitempty" json:"share,omitempty"` // probability of a while that reads got, in a simulation
	Most   int                    `yaml:"most,omitempty" json:"most,omitempty"`   // most rounds of a while
	Every  *workload.Distribution `yaml:"every,omitempty" json:"every,omitempty"` // scenario time before a further round, instead of think
}

// Times is a number of rounds, or a range from which it is drawn evenly. Its text form is 3 or 3..5.
type Times struct{ Least, Most int }

// MarshalText implements encoding.TextMarshaler.
func (t Times) MarshalText() ([]byte, error) {
	if t.Least == t.Most {
		return strconv.AppendInt(nil, int64(t.Least), 10), nil
	}
	return fmt.Appendf(nil, "%d..%d", t.Least, t.Most), nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (t *Times) UnmarshalText(text []byte) error {
	least, most, is := strings.Cut(string(text), "..")
	if !is {
		most = least
	}
	from, err := strconv.Atoi(strings.TrimSpace(least))
	to, also := strconv.Atoi(strings.TrimSpace(most))
	if errors.Join(err, also) != nil || from < 1 || to < from || to > mostRounds {
		return fmt.Errorf("%q is not a number of rounds; write 3 or 3..5, up to %d", text, mostRounds)
	}
	*t = Times{from, to}
	return nil
}

// The most that a scenario may have of what makes journeys fork.
const (
	mostRounds   = 1000 // of a loop
	mostJourneys = 200
	mostBranches = 100 // of a step
)

// end is the name of the place at which a walk ends.
const end = "end"

// perPerson is the only value of a step's once.
const perPerson = "person"

// adoptSteps makes the steps of a file with several journeys the steps of the scenario.
func (s *Scenario) adoptSteps() {
	if s.both = len(s.Journey) > 0 && s.listed(); !s.both {
		s.Journey = append(s.Journey, s.Steps...)
	}
}

// listed reports whether the file lists its steps under steps, and its journeys apart.
func (s *Scenario) listed() bool { return len(s.Steps) > 0 || len(s.Journeys) > 0 }

// StepPath returns the place of a step in the file, as in journey[3].
func (s *Scenario) StepPath(i int) string {
	if s.listed() {
		return fmt.Sprintf("steps[%d]", i)
	}
	return fmt.Sprintf("journey[%d]", i)
}

// Ways returns the journeys with the share of each. There is one if the file has a single journey.
func (s *Scenario) Ways() []Way {
	if !s.listed() {
		return []Way{{Steps: s.stepNames(), Share: 1}}
	}
	given, open := 0.0, 0
	for _, mix := range s.Journeys {
		if mix.Share == nil {
			open++
		} else {
			given += float64(*mix.Share)
		}
	}
	ways := make([]Way, len(s.Journeys))
	total := given
	if open > 0 {
		total = max(1, given)
	}
	for i, mix := range s.Journeys {
		ways[i] = Way{Name: mix.Name, Steps: mix.Steps, Share: max(0, 1-given) / float64(max(1, open))}
		if mix.Share != nil {
			ways[i].Share = float64(*mix.Share) / total
		}
	}
	return ways
}

// Way is one journey with its share of the people.
type Way struct {
	Name  string
	Share float64 // those of all journeys add up to 1
	Steps []string
}

// validateJourneys reports mistakes in the mix of journeys.
func (s *Scenario) validateJourneys() {
	if !s.listed() {
		return
	}
	switch {
	case s.both:
		s.source.faultAt("journey", "keep journey for one journey, or steps with journeys for several", "journey and steps exclude each other")
		return
	case len(s.Steps) == 0:
		s.source.faultAt("journeys", "list the steps under steps: [...] at the top level, and their names here", "there are journeys but no steps")
		return
	case len(s.Journeys) == 0:
		s.source.faultAt("steps", "add journeys: [{name: buy, share: 100%, steps: [...]}], or write journey instead of steps", "there are steps but no journeys")
		return
	}
	s.bound("journeys", len(s.Journeys), mostJourneys)
	seen, used := map[string]bool{}, map[string]bool{}
	for i, mix := range s.Journeys {
		place := fmt.Sprintf("journeys[%d]", i)
		if mix.Name == "" || seen[mix.Name] {
			s.source.faultAt(place, "give each journey a name of its own", "the name %q is empty or occurs twice", mix.Name)
		}
		seen[mix.Name] = true
		s.validateMix(place, mix, used)
	}
	for i, step := range s.Journey {
		if !used[step.Name] {
			s.source.faultAt(s.StepPath(i), "add it to a journey, or remove it", "no journey has the step %q", step.Name)
		}
	}
	s.validateMixShares()
}

func (s *Scenario) validateMix(place string, mix Mix, used map[string]bool) {
	if len(mix.Steps) == 0 {
		s.source.faultAt(place, "add steps: [...] with the names of its steps", "the journey %q has no step", mix.Name)
	}
	for k, name := range mix.Steps {
		at := fmt.Sprintf("%s.steps[%d]", place, k)
		switch {
		case s.step(name) < 0:
			s.source.faultAt(at, hintWord(name, s.stepNames()), "no step is called %q", name)
		case slices.Index(mix.Steps, name) < k:
			s.source.faultAt(at, "name it once; next or loop of a step lead back to it", "the journey %q has the step %q twice", mix.Name, name)
		}
		used[name] = true
	}
}

// validateMixShares reports shares that do not add up. A deviation of half a percent is rounding.
func (s *Scenario) validateMixShares() {
	given, open := 0.0, false
	for _, mix := range s.Journeys {
		if mix.Share == nil {
			open = true
		} else {
			given += float64(*mix.Share)
		}
	}
	const rounding = 0.005
	percent := strconv.FormatFloat(given*100, 'g', 6, 64)
	switch {
	case given > 1+rounding:
		s.source.faultAt("journeys", "make the shares add up to 100%", "the shares add up to %s%%", percent)
	case !open && math.Abs(given-1) > rounding:
		s.source.faultAt("journeys", "make the shares add up to 100%, or leave one out to give that journey the rest", "the shares add up to %s%%", percent)
	}
}
