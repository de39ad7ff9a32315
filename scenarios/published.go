package scenarios

import (
	"fmt"
	"regexp"
	"slices"
)

// Published is a figure that somebody published about the event. The file says who said it, when, and what it is used for,
// so that a reader can tell what was published from what was assumed.
type Published struct {
	Figure string `yaml:"figure" json:"figure"`                   // an expression over the report, as in sign-up.passed during 0s..1h; words are allowed unless it is a hold-out
	Words  string `yaml:"words,omitempty" json:"words,omitempty"` // what the expression means, as in people who signed up in the first hour
	Value  string `yaml:"value" json:"value"`                     // as published: a number, a time, 515_000..525_000 or 8_000_000.. for at least so many
	Source string `yaml:"source" json:"source"`                   // who said it, and where
	At     string `yaml:"at" json:"at"`                           // when it was said, as precisely as is known
	Use    string `yaml:"use" json:"use"`                         // input: the model uses it; hold-out: the model is compared with it, and does not take it as input; context: neither
	Note   string `yaml:"note,omitempty" json:"note,omitempty"`   // how the model reads and uses the figure, and how sources differ
}

// The values of Published.Use.
const (
	UseInput   = "input"
	UseHoldOut = "hold-out"
	UseContext = "context"
)

// Story describes the event that a scenario retells. Without an outcome, a scenario retells none.
type Story struct {
	Sector  string  `yaml:"sector,omitempty" json:"sector,omitempty"`   // health, voting, welfare, tickets or statistics
	Outcome string  `yaml:"outcome,omitempty" json:"outcome,omitempty"` // what became of the service: fell, held, staggered (people came in turns) or unknown
	Detail  string  `yaml:"detail,omitempty" json:"detail,omitempty"`   // what is said with the outcome, as in with a queue
	Place   string  `yaml:"place,omitempty" json:"place,omitempty"`     // country
	Date    string  `yaml:"date,omitempty" json:"date,omitempty"`       // day of the event, as in 2021-04-28
	Scale   float64 `yaml:"scale,omitempty" json:"scale,omitempty"`     // scale at which it simulates within a minute; 0 means 1
	Live    bool    `yaml:"live,omitempty" json:"live,omitempty"`       // it can be replayed against the reference backend too
}

// Known reports whether the scenario retells an event.
func (s Story) Known() bool { return s.Outcome != "" }

// Became says what became of the service, as in "held, with a queue".
func (s Story) Became() string {
	if s.Detail == "" {
		return s.Outcome
	}
	return s.Outcome + ", " + s.Detail
}

var (
	sectors  = []string{"health", "voting", "welfare", "tickets", "statistics"}
	outcomes = []string{"fell", "held", "staggered", "unknown"}
	uses     = []string{UseInput, UseHoldOut, UseContext}
	dayForm  = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}$`)
)

// mostPublished bounds the figures of one scenario.
const mostPublished = 200

// validateStory reports a story or a published figure that is incomplete. The expressions are checked with the steps they name.
func (s *Scenario) validateStory() {
	story := s.Story
	if story != (Story{}) {
		s.oneOf("story.sector", story.Sector, sectors)
		s.oneOf("story.outcome", story.Outcome, outcomes)
		if !dayForm.MatchString(story.Date) {
			s.source.faultAt("story.date", "write the day, as in 2021-04-28", "the date %q is not a day", story.Date)
		}
		if !(story.Scale >= 0 && story.Scale <= 1) {
			s.source.faultAt("story.scale", "give a share above 0 and up to 1", "the scale is %v", story.Scale)
		}
	}
	s.bound("published", len(s.Published), mostPublished)
	for i, published := range s.Published {
		path := fmt.Sprintf("published[%d]", i)
		for _, part := range []struct{ key, value string }{{"figure", published.Figure}, {"value", published.Value}, {"source", published.Source}, {"at", published.At}} {
			if part.value == "" {
				s.source.faultAt(path, "a published figure needs figure, value, source (who said it), at (when) and use", "%s is missing", part.key)
			}
		}
		s.oneOf(path+".use", published.Use, uses)
	}
}

// oneOf reports a value that is not one of the words.
func (s *Scenario) oneOf(path, value string, words []string) {
	if !slices.Contains(words, value) {
		s.source.faultAt(path, hintWord(value, words), "the value %q is unknown", value)
	}
}
