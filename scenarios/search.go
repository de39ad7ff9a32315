package scenarios

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Search defines what ombak plan --search may vary to find the cheapest plan that meets the thresholds.
type Search struct {
	Plan       string `yaml:"plan,omitempty" json:"plan,omitempty"`             // the plan that is varied; empty means the first
	Confidence Share  `yaml:"confidence,omitempty" json:"confidence,omitempty"` // confidence with which the plan found meets the thresholds; 0 means 95 %
	Vary       []Vary `yaml:"vary" json:"vary"`                                 // what may vary, by the path of the setting
}

// Vary is one setting of a search. It is a number from Min to Max if a larger number never costs less, and
// meets every threshold that a smaller one meets. Otherwise it is one of Values, each of which is tried.
type Vary struct {
	Set    string  `yaml:"set" json:"set"`                           // path of the setting, as in stations.web.servers or policies.entry.bounded-fifo.queue
	Min    int     `yaml:"min,omitempty" json:"min,omitempty"`       // smallest value of a whole number; 0 means 1
	Max    int     `yaml:"max,omitempty" json:"max,omitempty"`       // largest value of a whole number
	Values []Value `yaml:"values,omitempty" json:"values,omitempty"` // the values to try
}

// Rises reports whether a larger value of the setting meets every threshold that a smaller one meets.
func (v Vary) Rises() bool { return len(v.Values) == 0 }

// Choices returns how many values the setting may have.
func (v Vary) Choices() int {
	if v.Rises() {
		return v.Max - v.Min + 1
	}
	return len(v.Values)
}

// Choice returns one of the values, counted from 0.
func (v Vary) Choice(number int) Setting {
	if v.Rises() {
		return Setting{v.Set, Value(strconv.Itoa(v.Min + number))}
	}
	return Setting{v.Set, v.Values[number]}
}

// The limits of a search: numbers in one range, and combinations of all ranges but the longest, each of which
// is tried.
const (
	maxRange     = 100_000
	maxRows      = 1000
	maxVaried    = 8
	atConfidence = 0.95
)

// validateSearch reports mistakes in the section, and values that a setting cannot have.
func (s *Scenario) validateSearch() {
	search := s.Search
	if search == nil {
		return
	}
	known := search.Plan == "" || slices.Contains(s.planNames(), search.Plan)
	if !known {
		s.source.faultAt("search.plan", hintWord(search.Plan, s.planNames()), "no plan is called %q", search.Plan)
	}
	if search.Confidence >= 1 {
		s.source.faultAt("search.confidence", "write for example 95%", "a confidence of 100%% is impossible for random results")
	}
	if len(search.Vary) == 0 || len(search.Vary) > maxVaried {
		s.source.faultAt("search.vary", "add for example {set: stations.NAME.servers, min: 1, max: 20}", "%d settings are varied; a search needs 1 to %d", len(search.Vary), maxVaried)
	}
	if !s.anyPrice() {
		s.source.faultAt("search", "add cost: {replica_hour: 1}, or your own prices", "without prices there is no cheapest plan")
	}
	combinations, longest := 1.0, 1
	for i, vary := range search.Vary {
		path := fmt.Sprintf("search.vary[%d]", i)
		first := slices.IndexFunc(search.Vary, func(other Vary) bool { return other.Set == vary.Set })
		if vary.Set == "" || first < i {
			s.source.faultAt(path, "give each entry a setting of its own", "the setting %q is empty or occurs twice", vary.Set)
		} else if s.validateVary(path, vary) && known {
			s.tryChoices(path, vary)
		}
		combinations *= float64(max(1, vary.Choices()))
		if vary.Rises() {
			longest = max(longest, vary.Choices())
		}
	}
	if rows := combinations / float64(longest); rows > maxRows {
		s.source.faultAt("search.vary", "vary fewer settings, or use shorter ranges", "%.0f combinations, without the longest range, are more than %d", rows, maxRows)
	}
}

func (s *Scenario) anyPrice() bool {
	return s.Cost.Known() || slices.ContainsFunc(s.Plans, func(plan Plan) bool { return plan.Cost.Known() })
}

// validateVary reports whether an entry is a valid range or list of values. It reports a mistake if it is
// not.
func (s *Scenario) validateVary(path string, vary Vary) bool {
	root, _, _ := strings.Cut(vary.Set, ".")
	switch {
	case root == "arrivals" || root == "population":
		s.source.faultAt(path+".set", "vary stations, dependencies, policies, journey or backend; uncertain is for what nobody chooses", "a plan cannot change who comes")
	case len(vary.Values) > 0 && (vary.Min != 0 || vary.Max != 0):
		s.source.faultAt(path, "keep one of them", "min and max exclude values")
	case len(vary.Values) > 0:
		return true
	case vary.Max < vary.Min || vary.Min < 0 || vary.Max == 0:
		s.source.faultAt(path, "give min and max, or values", "the range from %d to %d is empty", vary.Min, vary.Max)
	case vary.Max-vary.Min >= maxRange:
		s.source.faultAt(path, fmt.Sprintf("use at most %d", maxRange), "%d numbers are too many", vary.Max-vary.Min+1)
	default:
		return true
	}
	return false
}

// tryChoices tries every value of a list, or both ends of a range.
func (s *Scenario) tryChoices(path string, vary Vary) {
	for number := range vary.Choices() {
		place := fmt.Sprintf("%s.values[%d]", path, number)
		switch {
		case vary.Rises() && number == 0:
			place = path + ".min"
		case vary.Rises() && number == vary.Choices()-1:
			place = path + ".max"
		case vary.Rises():
			continue
		}
		if !s.tryValue(s.Search.Plan, path+".set", place, vary.Choice(number)) {
			return
		}
	}
}
