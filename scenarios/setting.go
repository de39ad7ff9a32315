package scenarios

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Value is a single value as it stands in the file: text, number or truth value.
type Value string

// Uncertain is an input that nobody knows well, by its likely lowest, middle and highest value.
type Uncertain struct {
	Name string `yaml:"name" json:"name"`
	Set  string `yaml:"set" json:"set"` // path of the setting, as in dependencies.dukcapil.service, or arrivals.scale
	Low  Value  `yaml:"low" json:"low"`
	Mid  Value  `yaml:"mid" json:"mid"`
	High Value  `yaml:"high" json:"high"`
}

// Levels returns its values, the lowest first.
func (u Uncertain) Levels() []Value { return []Value{u.Low, u.Mid, u.High} }

// Setting is a value for one setting of the scenario.
type Setting struct {
	Path  string `json:"set"`
	Value Value  `json:"value"`
}

// ArrivalsScale is the path of the factor on everyone who comes.
const ArrivalsScale = "arrivals.scale"

// mostUncertain is how many inputs may be uncertain: 81 combinations.
const mostUncertain = 4

// With returns a copy of the scenario whose settings have the given values under every plan: they
// come after what the plan sets.
func (s *Scenario) With(settings ...Setting) *Scenario {
	changed, own := *s, *s.source
	own.settings = append(slices.Clone(own.settings), settings...)
	changed.source = &own
	return &changed
}

// applySetting decodes the value as if it stood in a plan's set.
func (s *Scenario) applySetting(setting Setting) {
	words := strings.Split(setting.Path, ".")
	roots := []string{"arrivals", "stations", "dependencies", "journey", "population", "backend"}
	switch {
	case setting.Path == ArrivalsScale:
		factor, err := strconv.ParseFloat(string(setting.Value), 64)
		if err != nil || !(factor > 0) || math.IsInf(factor, 0) {
			s.source.faultAt("", "give a number above 0, as in 1.5", "%q is no factor", setting.Value)
			return
		}
		s.Arrivals.Scale = factor
		return
	case !slices.Contains(roots, words[0]):
		s.source.faultAt("", hintWord(words[0], roots), "nothing that can be set begins with %q", words[0])
		return
	case words[0] == "arrivals":
		s.source.faultAt("", "use "+ArrivalsScale, "of the arrivals, only the scale can be set")
		return
	}
	var tree any = string(setting.Value)
	for _, word := range slices.Backward(words) {
		tree = map[string]any{word: tree}
	}
	text, err := json.Marshal(tree)
	if err != nil {
		s.source.faultAt("", "", "%q cannot be set: %v", setting.Path, err)
		return
	}
	parsed, err := parse(s.source.file, text)
	if err != nil {
		s.source.faultAt("", "", "%q cannot be set: %v", setting.Path, err)
		return
	}
	var patch Patch
	s.source.decode(parsed.root, reflect.ValueOf(&patch).Elem(), "")
	s.apply(patch)
}

// validateUncertain reports what is wrong with the inputs that are uncertain.
func (s *Scenario) validateUncertain() {
	seen := map[string]bool{}
	if len(s.Uncertain) > mostUncertain {
		s.source.faultAt("uncertain", "keep those that matter most", "%d inputs are uncertain, but all their combinations are played: %d at most", len(s.Uncertain), mostUncertain)
	}
	for i, input := range s.Uncertain {
		path := fmt.Sprintf("uncertain[%d]", i)
		if input.Name == "" || seen[input.Name] || seen[input.Set] {
			s.source.faultAt(path, "give each input a name and a setting of its own", "the name %q or the setting %q is empty or taken", input.Name, input.Set)
			continue
		}
		seen[input.Name], seen[input.Set] = true, true
		for k, value := range input.Levels() {
			place := path + "." + []string{"low", "mid", "high"}[k]
			if value == "" {
				s.source.faultAt(place, "give low, mid and high", "%s lacks a value", input.Name)
				continue
			}
			s.tryValue(path, place, Setting{input.Set, value})
		}
	}
}

// tryValue reports at a place of the file what is wrong with a value for a setting, or, at that of
// the setting, with its path.
func (s *Scenario) tryValue(item, place string, setting Setting) {
	var mistakes Mistakes
	if _, err := s.With(setting).WithPlan(""); errors.As(err, &mistakes) {
		if len(mistakes[0].Path) > 0 && strings.HasPrefix(mistakes[0].Message, "unknown key") {
			place = item
		}
		s.source.faultAt(place, mistakes[0].Hint, "%s: %s", setting.Path, mistakes[0].Message)
	}
}
