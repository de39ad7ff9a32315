package scenarios

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// WithPlan returns a copy of the scenario with the named plan applied. The name "" means the first plan, or a
// plain copy if there are no plans. The plans that it extends are applied first, in order. It is a mistake if
// two of them set one value differently.
func (s *Scenario) WithPlan(name string) (*Scenario, error) {
	if name == "" && len(s.Plans) > 0 {
		name = s.Plans[0].Name
	}
	if name == "" && len(s.source.settings) == 0 {
		same := *s
		return &same, nil
	}
	var chain []*Plan
	if name != "" {
		var err error
		if chain, err = s.chain(name, nil); err != nil {
			return nil, err
		}
	}
	// The copy is decoded anew, so that it shares no map or slice with the original.
	src := &source{file: s.source.file, text: s.source.text, sha256: s.source.sha256, root: s.source.root, places: map[string][2]int{}, unknown: map[string]bool{}, settings: s.source.settings, beside: s.source.beside, folder: s.source.folder, replaced: s.source.replaced, untold: true}
	planned := Scenario{source: src, plan: name}
	src.decode(src.root, reflect.ValueOf(&planned).Elem(), "")
	planned.adoptSteps()
	planned.Arrivals.fileSignups, planned.Arrivals.fileVisitors = s.Arrivals.fileSignups, s.Arrivals.fileVisitors
	planned.replaceArrivals()
	if set := s.source.values; set != nil {
		src.values = set
		if err := set(&planned); err != nil {
			return nil, err
		}
	}
	src.conflicts(chain)
	for _, plan := range chain {
		planned.apply(plan.Set)
	}
	for _, setting := range src.settings {
		planned.applySetting(setting)
	}
	planned.putOff(chain)
	planned.replays, planned.tables, planned.uploads, planned.pem = s.replays, s.tables, s.uploads, s.pem
	planned.descriptions = s.descriptions
	planned.attachReplays()
	planned.attachProtos()
	planned.applyDefaults()
	planned.validate()
	return &planned, src.err()
}

// putOff moves the steps that policies put off to the end of the journey. Nobody needs them to join then.
func (s *Scenario) putOff(chain []*Plan) {
	for _, plan := range chain {
		for _, policy := range plan.Policies {
			_, name := policy.Place()
			i := s.step(name)
			config, puts := policy.putOff()
			if !puts || i < 0 {
				continue
			}
			step := s.Journey[i]
			s.Journey = append(slices.Delete(s.Journey, i, i+1), step)
			for k := range s.Journeys {
				s.Journeys[k].putOff(name)
			}
			s.Backend.Required = slices.DeleteFunc(s.Backend.Required, func(required string) bool { return required == config.Spares })
		}
	}
}

// putOff moves a step to the end of the journey, if the journey has it.
func (m *Mix) putOff(name string) {
	if i := slices.Index(m.Steps, name); i >= 0 {
		m.Steps = append(slices.Delete(slices.Clone(m.Steps), i, i+1), name)
	}
}

// WithModel returns a copy of the scenario whose stations and dependencies are changed by a file of measured
// parameters, as written by ombak calibrate, before any plan is applied.
func (s *Scenario) WithModel(file string, text []byte) (*Scenario, error) {
	src, err := parse(file, text)
	if err != nil {
		return nil, err
	}
	var model Patch
	src.decode(src.root, reflect.ValueOf(&model).Elem(), "")
	return s.withValues(src, &Alteration{Kind: alteredModel, File: file, Text: text}, func(changed *Scenario) error {
		changed.addStations(model)
		changed.apply(model)
		return nil
	})
}

// addStations adds the stations of a model that its own routes name and the scenario does not have. A station that
// nothing names would be a mistake of writing.
func (s *Scenario) addStations(model Patch) {
	for name := range model.Stations {
		if _, known := s.Stations[name]; known || !model.routesTo(name) {
			continue
		}
		if s.Stations == nil {
			s.Stations = map[string]Station{}
		}
		s.Stations[name] = Station{}
	}
}

// routesTo reports whether a route of the patch's steps names a station.
func (p Patch) routesTo(station string) (named bool) {
	for _, raw := range p.Journey {
		leaves(raw.node, "", func(path string, node ast.Node) {
			hops, isList := node.(*ast.SequenceNode)
			if path != "route" || !isList {
				return
			}
			for _, hop := range hops.Values {
				leaves(hop, "", func(key string, value ast.Node) { named = named || key == "station" && scalarText(value) == station })
			}
		})
	}
	return named
}

// WithValues returns a copy of the scenario in which set changes values of stations, dependencies and steps
// before any plan is applied. It is [Scenario.WithModel] without a file. Values that were set before stay. Set is
// called once for each plan that the copy is used with. It must not change what the values point to.
func (s *Scenario) WithValues(set func(*Scenario) error) (*Scenario, error) {
	src := *s.source
	src.mistakes = nil
	return s.withValues(&src, nil, set)
}

// withValues notes the change as the alteration, or that no recipe can tell it.
func (s *Scenario) withValues(src *source, as *Alteration, set func(*Scenario) error) (*Scenario, error) {
	probe := *s
	probe.source = src
	probe.Stations, probe.Dependencies, probe.Journey = maps.Clone(s.Stations), maps.Clone(s.Dependencies), slices.Clone(s.Journey)
	if err := set(&probe); err != nil {
		return nil, err
	}
	probe.validateParts()
	if err := src.err(); err != nil {
		return nil, err
	}
	changed, own := probe, *s.source
	if own.untold = own.untold || as == nil; as != nil {
		own.alter(*as)
	}
	own.values = set
	if earlier := s.source.values; earlier != nil {
		own.values = func(changed *Scenario) error {
			if err := earlier(changed); err != nil {
				return err
			}
			return set(changed)
		}
	}
	changed.source = &own
	return &changed, nil
}

// Changed returns a copy of the scenario with one change of a plan's schedule applied.
func (s *Scenario) Changed(change Change) (*Scenario, error) {
	src, changed := *s.source, *s
	src.mistakes = nil
	changed.source = &src
	changed.Stations, changed.Dependencies = maps.Clone(s.Stations), maps.Clone(s.Dependencies)
	changed.Journey = slices.Clone(s.Journey)
	changed.apply(change.Set.Patch)
	changed.validate()
	return &changed, src.err()
}

// Effective returns the plan, and its policies, together with those and the schedules of the plans that it extends. It
// leaves out policies that change the journey, because [Scenario.WithPlan] has applied them.
func (s *Scenario) Effective(name string) (Plan, []Policy) {
	chain, err := s.chain(name, nil)
	if err != nil || len(chain) == 0 {
		return Plan{}, nil
	}
	var policies []Policy
	effective := *chain[len(chain)-1]
	effective.Schedule = nil
	for _, plan := range chain {
		effective.Schedule = append(effective.Schedule, plan.Schedule...)
		for _, policy := range plan.Policies {
			if _, puts := policy.putOff(); !puts {
				policies = append(policies, policy)
			}
		}
	}
	return effective, policies
}

func (s *Scenario) planNames() []string {
	names := make([]string, len(s.Plans))
	for i, plan := range s.Plans {
		names[i] = plan.Name
	}
	return names
}

// chain returns the plans to apply, in order. The named one is the last.
func (s *Scenario) chain(name string, above []string) ([]*Plan, error) {
	i := slices.Index(s.planNames(), name)
	if i < 0 {
		return nil, fmt.Errorf("scenario %s has no plan %q; %s", s.Name, name, hintWord(name, s.planNames()))
	}
	if slices.Contains(above, name) {
		return nil, fmt.Errorf("plan %q extends itself (%s)", name, strings.Join(append(above, name), " → "))
	}
	var plans []*Plan
	for _, base := range s.Plans[i].Extends {
		bases, err := s.chain(base, append(slices.Clone(above), name))
		if err != nil {
			return nil, err
		}
		for _, plan := range bases {
			if !slices.Contains(plans, plan) {
				plans = append(plans, plan)
			}
		}
	}
	return append(plans, &s.Plans[i]), nil
}

func (s *Scenario) apply(patch Patch) {
	applyParts(s.source, patch.Stations, s.Stations, "stations")
	applyParts(s.source, patch.Dependencies, s.Dependencies, "dependencies")
	for name, raw := range patch.Journey {
		i := s.step(name)
		if i < 0 {
			s.source.fault(raw.node, raw.path, hintWord(name, s.stepNames()), "no step is called %q", name)
			continue
		}
		s.source.decode(raw.node, reflect.ValueOf(&s.Journey[i]).Elem(), raw.path)
	}
	if patch.Population != nil {
		s.source.decode(patch.Population.node, reflect.ValueOf(&s.Population).Elem(), patch.Population.path)
	}
	if patch.Backend != nil {
		s.source.decode(patch.Backend.node, reflect.ValueOf(&s.Backend).Elem(), patch.Backend.path)
	}
}

func applyParts[T any](src *source, patches map[string]Raw, parts map[string]T, kind string) {
	for name, raw := range patches {
		part, known := parts[name]
		if !known {
			src.fault(raw.node, raw.path, hintWord(name, keys(parts)), "%s has no %q", kind, name)
			continue
		}
		src.decode(raw.node, reflect.ValueOf(&part).Elem(), raw.path)
		parts[name] = part
	}
}

// conflicts reports values that two plans of a chain set differently, policies that occur twice at one place,
// and policies that exclude each other there.
func (s *source) conflicts(chain []*Plan) {
	set := map[string]string{}
	placed := map[string]string{}
	for _, plan := range chain {
		for _, raw := range plan.Set.raws() {
			leaves(raw.node, raw.path[strings.Index(raw.path, ".set.")+5:], func(path string, node ast.Node) {
				if before, twice := set[path]; twice && before != node.String() {
					s.fault(node, raw.path, "let only one of the plans set it", "plan %q and a plan that it extends set %s differently", plan.Name, path)
				}
				set[path] = node.String()
			})
		}
		for _, policy := range plan.Policies {
			place := policy.slot() + " at " + policy.At
			if other, twice := placed[place]; twice {
				s.faultAt("plans", "keep one of them", "plans %q and %q both put %s", other, plan.Name, place)
			}
			placed[place] = plan.Name
		}
	}
}

func (p Patch) raws() []Raw {
	var raws []Raw
	for _, parts := range []map[string]Raw{p.Stations, p.Dependencies, p.Journey} {
		for _, name := range keys(parts) {
			raws = append(raws, parts[name])
		}
	}
	for _, raw := range []*Raw{p.Population, p.Backend} {
		if raw != nil {
			raws = append(raws, *raw)
		}
	}
	return raws
}

func leaves(node ast.Node, path string, visit func(string, ast.Node)) {
	if !isMapping(node) {
		visit(path, node)
	}
	for _, entry := range pairs(node) {
		leaves(entry.Value, join(path, scalarText(entry.Key)), visit)
	}
}

func (s *Scenario) validatePlans() {
	s.validateCost("cost", s.Cost)
	for i, name := range s.Compare {
		if !slices.Contains(s.planNames(), name) {
			s.source.faultAt(fmt.Sprintf("compare[%d]", i), hintWord(name, s.planNames()), "no plan is called %q", name)
		}
	}
	seen := map[string]bool{}
	for i, plan := range s.Plans {
		path := fmt.Sprintf("plans[%d]", i)
		if plan.Name == "" || seen[plan.Name] {
			s.source.faultAt(path, "give each plan a name of its own", "the name %q is empty or occurs twice", plan.Name)
		}
		seen[plan.Name] = true
		for _, step := range plan.Relieves {
			if s.step(step) < 0 {
				s.source.faultAt(path+".relieves", hintWord(step, s.stepNames()), "no step is called %q", step)
			}
		}
		s.validateCost(path+".cost", plan.Cost)
		for k, policy := range plan.Policies {
			s.validatePolicy(fmt.Sprintf("%s.policies[%d]", path, k), policy)
		}
	}
}
