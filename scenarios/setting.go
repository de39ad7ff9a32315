package scenarios

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// Value is a single value as written in the file: a text, a number, true or false.
type Value string

// Uncertain is an input that is not known well. It has a lowest likely, a middle and a highest likely value.
type Uncertain struct {
	Name string `yaml:"name" json:"name"` // what the input is called
	Set  string `yaml:"set" json:"set"`   // path of the setting, as in dependencies.dukcapil.service, or arrivals.scale
	Low  Value  `yaml:"low" json:"low"`   // low value
	Mid  Value  `yaml:"mid" json:"mid"`   // most likely value
	High Value  `yaml:"high" json:"high"` // high value
}

// Levels returns its values, the lowest first.
func (u Uncertain) Levels() []Value { return []Value{u.Low, u.Mid, u.High} }

// Setting is a value for one setting of the scenario.
type Setting struct {
	Path  string `json:"set"`
	Value Value  `json:"value"`
}

// ArrivalsScale is the path of the factor on all arrivals.
const ArrivalsScale = "arrivals.scale"

// maxUncertain is the most uncertain inputs: 81 combinations.
const maxUncertain = 4

// With returns a copy of the scenario in which the settings have the given values under every plan. They are
// applied after the plan.
func (s *Scenario) With(settings ...Setting) *Scenario {
	changed, own := *s, *s.source
	own.settings = append(slices.Clone(own.settings), settings...)
	own.alter(Alteration{Kind: alteredSettings, Settings: settings})
	changed.source = &own
	return &changed
}

// applySetting decodes the value as if it were in the set of a plan.
func (s *Scenario) applySetting(setting Setting) {
	words := strings.Split(setting.Path, ".")
	roots := []string{"arrivals", "stations", "dependencies", "journey", "population", "backend", "policies"}
	switch {
	case setting.Path == ArrivalsScale:
		factor, err := strconv.ParseFloat(string(setting.Value), 64)
		if err != nil || !(factor > 0) || math.IsInf(factor, 0) {
			s.source.faultAt("", "give a number above 0, as in 1.5", "%q is not a factor", setting.Value)
			return
		}
		s.Arrivals.Scale = factor
		return
	case !slices.Contains(roots, words[0]):
		s.source.faultAt("", hintWord(words[0], roots), "no setting begins with %q", words[0])
		return
	case words[0] == "arrivals":
		s.source.faultAt("", "use "+ArrivalsScale, "of the arrivals, only the scale can be set")
		return
	case words[0] == "policies":
		s.applyToPolicy(setting)
		return
	}
	var patch Patch
	if node := s.tree(setting, words); node != nil {
		s.source.decode(node, reflect.ValueOf(&patch).Elem(), "")
		s.apply(patch)
	}
}

var isPlain = regexp.MustCompile(`^(-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?|true|false)$`)

// tree returns the value under the keys, as it would be in a file, or nil if that is impossible.
func (s *Scenario) tree(setting Setting, keys []string) ast.Node {
	var tree any = string(setting.Value)
	if plain := json.RawMessage(setting.Value); isPlain.MatchString(string(plain)) {
		tree = plain // a number or a truth value, as in a file
	}
	for _, key := range slices.Backward(keys) {
		tree = map[string]any{key: tree}
	}
	text, err := json.Marshal(tree)
	if err != nil {
		s.source.faultAt("", "", "%q cannot be set: %v", setting.Path, err)
		return nil
	}
	parsed, err := parse(s.source.file, text)
	if err != nil {
		s.source.faultAt("", "", "%q cannot be set: %v", setting.Path, err)
		return nil
	}
	return parsed.root
}

// applyToPolicy changes a policy of the plan or of a plan that it extends. The path is
// policies.PLACE.POLICY.SETTING, as in policies.call:dukcapil.bounded-fifo.limit.
func (s *Scenario) applyToPolicy(setting Setting) {
	_, rest, _ := strings.Cut(setting.Path, ".")
	rest, key := cutLast(rest)
	place, name := cutLast(rest)
	if !slices.Contains(policySettings(), key) {
		s.source.faultAt("", hintWord(key, policySettings()), "unknown key %q of a policy", key)
		return
	}
	chain, _ := s.chain(s.plan, nil)
	var standing []string
	for _, plan := range chain {
		for k := range plan.Policies {
			policy := &plan.Policies[k]
			if policy.At != place || policy.Policy != name {
				standing = append(standing, strings.Join([]string{"policies", policy.At, policy.Policy}, "."))
				continue
			}
			if node := s.tree(setting, []string{key}); node != nil {
				s.source.decode(node, reflect.ValueOf(policy).Elem(), s.policyPath(plan, k))
			}
			return
		}
	}
	s.source.faultAt("", hintWord("policies."+rest, standing), "plan %s has no policy %q at %q", s.plan, name, place)
}

func (s *Scenario) policyPath(of *Plan, policy int) string {
	return fmt.Sprintf("plans[%d].policies[%d]", slices.Index(s.planNames(), of.Name), policy)
}

// cutLast splits a path at its last dot.
func cutLast(path string) (before, last string) {
	dot := strings.LastIndexByte(path, '.')
	return path[:max(0, dot)], path[dot+1:]
}

// validateUncertain reports mistakes in the uncertain inputs.
func (s *Scenario) validateUncertain() {
	seen := map[string]bool{}
	if len(s.Uncertain) > maxUncertain {
		s.source.faultAt("uncertain", "keep those that matter most", "%d inputs are uncertain; at most %d are allowed, because all combinations are played", len(s.Uncertain), maxUncertain)
	}
	for i, input := range s.Uncertain {
		path := fmt.Sprintf("uncertain[%d]", i)
		if input.Name == "" || seen[input.Name] || seen[input.Set] {
			s.source.faultAt(path, "give each input a name and a setting of its own", "the name %q or the setting %q is empty or occurs twice", input.Name, input.Set)
			continue
		}
		seen[input.Name], seen[input.Set] = true, true
		for k, value := range input.Levels() {
			place := path + "." + []string{"low", "mid", "high"}[k]
			if value == "" {
				s.source.faultAt(place, "give low, mid and high", "%s lacks a value", input.Name)
				continue
			}
			s.tryValue("", path, place, Setting{input.Set, value})
		}
	}
}

// tryValue reports whether a setting can have a value under a plan. If not, it reports the mistake at place
// or, if it concerns the path of the setting, at that of the item.
func (s *Scenario) tryValue(plan, item, place string, setting Setting) bool {
	_, err := s.With(setting).WithPlan(plan)
	if err == nil {
		return true
	}
	wrong := slices.MaxFunc(asMistakes(err, s.source.file), func(a, b Mistake) int { return len(a.Path) - len(b.Path) }) // the mistake nearest to the value
	if strings.HasPrefix(wrong.Message, "unknown key") || wrong.Path == "" && !strings.HasPrefix(setting.Path, "arrivals.") {
		place = item
	}
	s.source.faultAt(place, wrong.Hint, "%s: %s", setting.Path, wrong.Message)
	return false
}
