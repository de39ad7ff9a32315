package scenarios

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ombak-sim/ombak/resilience"
)

// Policy is one policy at one place. Which settings apply depends on the policy; see [resilience.Policies].
type Policy struct {
	Policy              string `yaml:"policy" json:"policy"` // its name, such as bounded-fifo
	At                  string `yaml:"at" json:"at"`         // entry, step:NAME, call:DEPENDENCY or station:NAME
	resilience.Settings `yaml:",inline"`
	off                 bool // an action has switched it off
}

// PolicyNames returns the policies that a plan may name.
func PolicyNames() []string {
	var names []string
	for _, descriptor := range resilience.Policies() {
		names = append(names, descriptor.Name)
	}
	return names
}

// Named returns the policy without its place.
func (p Policy) Named() resilience.Policy {
	return resilience.Policy{Name: p.Policy, Settings: p.Settings}
}

// Descriptor returns the policy's descriptor, which lists its settings and places.
func (p Policy) Descriptor() resilience.Descriptor { return p.Named().Descriptor() }

// Place splits the place of the policy into the kind of place and its name.
func (p Policy) Place() (site resilience.Site, name string) {
	before, name, _ := strings.Cut(p.At, ":")
	return resilience.Site(before), name
}

// RunsLive reports whether the policy works at its place in a live run.
func (p Policy) RunsLive() bool {
	site, _ := p.Place()
	return slices.Contains(p.Descriptor().Live, site)
}

// putOff returns the policy's configuration if it puts a step off. Such a policy changes the journey and
// stands at no place.
func (p Policy) putOff() (config resilience.PutOffConfig, is bool) {
	if descriptor := p.Descriptor(); descriptor.Config != nil {
		config, is = descriptor.Config(p.Settings).(resilience.PutOffConfig)
	}
	return config, is
}

// slot names the role that only one policy may have at a place: calls pass at most one gate, one guard and
// one policy that repeats them.
func (p Policy) slot() string {
	descriptor := p.Descriptor()
	if site, _ := p.Place(); site != resilience.AtCall || descriptor.Config == nil {
		return p.Policy
	}
	switch descriptor.Config(p.Settings).(type) {
	case resilience.Gated:
		return "a gate"
	case resilience.Guarding:
		return "a guard"
	case resilience.Repeating:
		return "repeated calls"
	}
	return p.Policy
}

// validatePolicy reports a policy that does not exist, a place where it cannot be, and settings that are
// missing, unknown or invalid.
func (s *Scenario) validatePolicy(path string, policy Policy) {
	if !slices.Contains(PolicyNames(), policy.Policy) {
		s.source.faultAt(path+".policy", hintWord(policy.Policy, PolicyNames()), "the policy %q is unknown", policy.Policy)
		return
	}
	s.validatePlace(path+".at", policy)
	descriptor := policy.Descriptor()
	all := descriptor.Keys()
	site, step := policy.Place()
	faults := false
	for _, setting := range policySettings() {
		_, given := s.source.places[join(path, setting)]
		switch {
		case given && !slices.Contains(all, setting):
			s.source.faultAt(join(path, setting), hintSettings(all), "the policy %s does not take %s", policy.Policy, setting)
		case given && site != resilience.AtCall && slices.Contains(descriptor.AtCall, setting):
			s.source.faultAt(join(path, setting), "remove it, or put the policy at call:DEPENDENCY", "the policy %s takes %s only at a call", policy.Policy, setting)
		case !given && slices.Contains(descriptor.Needs, setting):
			s.source.faultAt(path, "add it; see docs/reference/policies.md", "the policy %s needs %s", policy.Policy, setting)
		default:
			continue
		}
		faults = true
	}
	if _, puts := policy.putOff(); puts && site == resilience.AtStep && step == s.Arrivals.Step {
		s.source.faultAt(path+".at", "put it at a later step", "the step %s cannot be put off, because the arrivals are scheduled at it", step)
	}
	if _, err := policy.Named().WithDefaults().Config(); err != nil && !faults {
		s.source.faultAt(path, "", "%s: %v", policy.Policy, err)
	}
}

func hintSettings(all []string) string {
	if len(all) == 0 {
		return "it takes no settings"
	}
	return "it takes " + strings.Join(all, ", ")
}

// policySettings returns the settings of all policies, sorted.
func policySettings() []string {
	var settings []string
	for _, descriptor := range resilience.Policies() {
		settings = append(settings, descriptor.Keys()...)
	}
	slices.Sort(settings)
	return slices.Compact(settings)
}

func (s *Scenario) validatePlace(path string, policy Policy) {
	site, name := policy.Place()
	exists := map[resilience.Site]bool{
		resilience.AtEntry: policy.At == string(resilience.AtEntry), resilience.AtStep: s.step(name) >= 0,
		resilience.AtCall: has(s.Dependencies, name), resilience.AtStation: has(s.Stations, name),
	}
	if !exists[site] {
		s.source.faultAt(path, "write entry, step:NAME, call:DEPENDENCY or station:NAME with a name that exists", "there is no place %q", policy.At)
		return
	}
	if sites := policy.Descriptor().Places; !slices.Contains(sites, site) {
		s.source.faultAt(path, fmt.Sprintf("put it at %s", strings.Join(siteForms(sites), " or ")), "the policy %s cannot be at %q", policy.Policy, policy.At)
	}
}

// siteForms returns kinds of places as they are written in a file.
func siteForms(sites []resilience.Site) []string {
	forms := map[resilience.Site]string{
		resilience.AtEntry: "entry", resilience.AtStep: "step:NAME", resilience.AtCall: "call:DEPENDENCY", resilience.AtStation: "station:NAME",
	}
	var all []string
	for _, site := range sites {
		all = append(all, forms[site])
	}
	return all
}
