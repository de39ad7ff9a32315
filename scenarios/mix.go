package scenarios

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// ParseMix reads shares of journeys, as in A=70,B=30. They are percentages with or without the sign.
func ParseMix(text string) (map[string]Share, error) {
	mix, total := map[string]Share{}, 0.
	for _, part := range strings.Split(text, ",") {
		name, value, is := strings.Cut(part, "=")
		name = strings.TrimSpace(name)
		share, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(value), "%"), 64)
		if !is || name == "" || err != nil || !(share >= 0 && share <= 100) {
			return nil, fmt.Errorf("%q is not a mix of journeys; write for example A=70,B=30", text)
		}
		if _, twice := mix[name]; twice {
			return nil, fmt.Errorf("the mix %q names the journey %s twice", text, name)
		}
		mix[name] = Share(share / 100)
		total += share
	}
	const rounding = 0.5
	if total < 100-rounding || total > 100+rounding {
		return nil, fmt.Errorf("the shares of the mix %q add up to %g %%; make them 100 %%, journeys without a share get none", text, total)
	}
	return mix, nil
}

// WithMix returns a copy of the scenario in which the journeys have other shares of the people. A journey that the mix
// does not name has none.
func (s *Scenario) WithMix(mix map[string]Share) (*Scenario, error) {
	if !s.listed() {
		return nil, fmt.Errorf("scenario %s has one journey, so it has no mix; list several under journeys, with their steps under steps", s.Name)
	}
	var names []string
	for _, way := range s.Journeys {
		names = append(names, way.Name)
	}
	for _, name := range slices.Sorted(maps.Keys(mix)) {
		if !slices.Contains(names, name) {
			return nil, fmt.Errorf("scenario %s has no journey %q; %s", s.Name, name, hintWord(name, names))
		}
	}
	src := *s.source
	src.mistakes = nil
	return s.withValues(&src, &Alteration{Kind: alteredMix, Mix: mix}, func(changed *Scenario) error {
		changed.Journeys = slices.Clone(changed.Journeys)
		for i, way := range changed.Journeys {
			share := mix[way.Name]
			changed.Journeys[i].Share = &share
		}
		return nil
	})
}
