package scenarios

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Search says what ombak plan --search may vary to find the cheapest plan that meets the thresholds.
type Search struct {
	Plan       string `yaml:"plan,omitempty" json:"plan,omitempty"`             // that is varied; empty means the first
	Confidence Share  `yaml:"confidence,omitempty" json:"confidence,omitempty"` // that the plan found meets the thresholds; 0 means 95 %
	Vary       []Vary `yaml:"vary" json:"vary"`
}

// Vary is one setting of a search: a number that may rise from Min to Max, of which more costs no less
// and holds whatever less of it holds; or, where that cannot be said, Values, each of which is tried.
type Vary struct {
	Set    string  `yaml:"set" json:"set"` // path of the setting, as in stations.web.servers or policies.entry.bounded-fifo.queue
	Min    int     `yaml:"min,omitempty" json:"min,omitempty"`
	Max    int     `yaml:"max,omitempty" json:"max,omitempty"`
	Values []Value `yaml:"values,omitempty" json:"values,omitempty"`
}

// Rises says whether more of the setting holds whatever less of it does.
func (v Vary) Rises() bool { return len(v.Values) == 0 }

// Choices counts the values that the setting may have.
func (v Vary) Choices() int {
	if v.Rises() {
		return v.Max - v.Min + 1
	}
	return len(v.Values)
}

// Choice returns one of them, counted from 0.
func (v Vary) Choice(number int) Setting {
	if v.Rises() {
		return Setting{v.Set, Value(strconv.Itoa(v.Min + number))}
	}
	return Setting{v.Set, v.Values[number]}
}

// What a search may ask for at most: numbers on one range, and values that are tried with each other.
const (
	mostOnRange  = 100_000
	mostValues   = 200
	mostVaried   = 8
	atConfidence = 0.95
)

// validateSearch reports what is wrong with the section, and every value that its setting cannot have.
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
		s.source.faultAt("search.confidence", "write for example 95%", "nothing random is known with a confidence of 100%%")
	}
	if len(search.Vary) == 0 || len(search.Vary) > mostVaried {
		s.source.faultAt("search.vary", "add for example {set: stations.NAME.servers, min: 1, max: 20}", "%d settings are varied; it takes 1 to %d", len(search.Vary), mostVaried)
	}
	if !s.anyPrice() {
		s.source.faultAt("search", "add cost: {replica_hour: 1}, or prices that you know", "without prices no plan is the cheapest")
	}
	rows := 1
	for i, vary := range search.Vary {
		path := fmt.Sprintf("search.vary[%d]", i)
		first := slices.IndexFunc(search.Vary, func(other Vary) bool { return other.Set == vary.Set })
		if vary.Set == "" || first < i {
			s.source.faultAt(path, "give each entry a setting of its own", "the setting %q is empty or taken", vary.Set)
		} else if s.validateVary(path, vary) && known {
			s.tryChoices(path, vary)
		}
		if rows *= max(1, len(vary.Values)); rows > mostValues {
			s.source.faultAt(path, "vary fewer settings, or give numbers as min and max", "more than %d combinations of values", mostValues)
			return
		}
	}
}

func (s *Scenario) anyPrice() bool {
	return s.Cost.Known() || slices.ContainsFunc(s.Plans, func(plan Plan) bool { return plan.Cost.Known() })
}

// validateVary says whether an entry can be read as a range or as values, and reports why not.
func (s *Scenario) validateVary(path string, vary Vary) bool {
	root, _, _ := strings.Cut(vary.Set, ".")
	switch {
	case root == "arrivals" || root == "population":
		s.source.faultAt(path+".set", "vary stations, dependencies, policies, journey or backend; see uncertain for what nobody chooses", "who comes is no part of a plan")
	case len(vary.Values) > 0 && (vary.Min != 0 || vary.Max != 0):
		s.source.faultAt(path, "keep one of them", "min and max, and values, exclude each other")
	case len(vary.Values) > 0:
		return true
	case vary.Max < vary.Min || vary.Min < 0 || vary.Max == 0:
		s.source.faultAt(path, "give min and max, or values", "there is no number from %d to %d", vary.Min, vary.Max)
	case vary.Max-vary.Min >= mostOnRange:
		s.source.faultAt(path, fmt.Sprintf("take %d at most", mostOnRange), "%d numbers are too many", vary.Max-vary.Min+1)
	default:
		return true
	}
	return false
}

// tryChoices sets every value of a list, and both ends of a range.
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
