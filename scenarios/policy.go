package scenarios

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ombak-sim/ombak/workload"
)

// Policy is one protection at one place. Which settings apply depends on the policy; see [Policies].
type Policy struct {
	Policy    string        `yaml:"policy" json:"policy"`                             // its name, such as bounded-fifo
	At        string        `yaml:"at" json:"at"`                                     // entry, step:NAME, call:DEPENDENCY or station:NAME
	Limit     int           `yaml:"limit,omitempty" json:"limit,omitempty"`           // requests served at once; adaptive-concurrency: at first
	Queue     int           `yaml:"queue,omitempty" json:"queue,omitempty"`           // requests waiting
	Deadline  time.Duration `yaml:"deadline,omitempty" json:"deadline,omitempty"`     // longest wait, real time
	Target    time.Duration `yaml:"target,omitempty" json:"target,omitempty"`         // codel: longest wait in a standing queue; aimd: mean service time above which the limit falls
	Interval  time.Duration `yaml:"interval,omitempty" json:"interval,omitempty"`     // codel: a queue that is not empty for so long is a standing one
	Algorithm string        `yaml:"algorithm,omitempty" json:"algorithm,omitempty"`   // adaptive-concurrency: gradient or aimd
	Min       int           `yaml:"min,omitempty" json:"min,omitempty"`               // least limit, or servers
	Max       int           `yaml:"max,omitempty" json:"max,omitempty"`               // most of them
	Rate      workload.Rate `yaml:"rate,omitempty" json:"rate,omitempty"`             // requests of each client, or people let in
	Burst     int           `yaml:"burst,omitempty" json:"burst,omitempty"`           // of them, or of retries, that can be saved
	Order     string        `yaml:"order,omitempty" json:"order,omitempty"`           // waiting-room: fifo, lottery or serving-number
	Round     time.Duration `yaml:"round,omitempty" json:"round,omitempty"`           // lottery: how long a round is open, real time
	Grace     time.Duration `yaml:"grace,omitempty" json:"grace,omitempty"`           // serving-number: how long a turn lasts, real time
	Every     time.Duration `yaml:"every,omitempty" json:"every,omitempty"`           // stagger: scenario time between turns; autoscale: real time between looks
	Group     int           `yaml:"group,omitempty" json:"group,omitempty"`           // stagger: months that share a turn
	First     int           `yaml:"first,omitempty" json:"first,omitempty"`           // stagger: the month that begins, 1 to 12
	Calls     int           `yaml:"calls,omitempty" json:"calls,omitempty"`           // circuit-breaker: of the last so many calls …
	Share     Share         `yaml:"share,omitempty" json:"share,omitempty"`           // … this share must have failed to open it
	Cooldown  time.Duration `yaml:"cooldown,omitempty" json:"cooldown,omitempty"`     // circuit-breaker: before it tries again; autoscale: before servers are taken away; real time
	Probes    int           `yaml:"probes,omitempty" json:"probes,omitempty"`         // circuit-breaker: calls that must succeed to close it
	Ratio     Share         `yaml:"ratio,omitempty" json:"ratio,omitempty"`           // retry-budget: retries that each first attempt pays for
	Attempts  int           `yaml:"attempts,omitempty" json:"attempts,omitempty"`     // retry-budget at a call: most calls for one request
	Pause     time.Duration `yaml:"pause,omitempty" json:"pause,omitempty"`           // before a failed call is repeated; doubles each time; real time
	Longest   time.Duration `yaml:"longest,omitempty" json:"longest,omitempty"`       // no pause is longer
	TTL       time.Duration `yaml:"ttl,omitempty" json:"ttl,omitempty"`               // registry-cache: how long an answer may be used, real time
	Size      int           `yaml:"size,omitempty" json:"size,omitempty"`             // registry-cache: most answers kept; 0 means no limit
	Workers   int           `yaml:"workers,omitempty" json:"workers,omitempty"`       // async-verify: calls at once
	Rule      string        `yaml:"rule,omitempty" json:"rule,omitempty"`             // autoscale: hpa or kpa
	Metric    string        `yaml:"metric,omitempty" json:"metric,omitempty"`         // autoscale: utilization, concurrency or queue
	PerServer float64       `yaml:"per_server,omitempty" json:"per_server,omitempty"` // autoscale: of the metric, what each server should have
	Boot      time.Duration `yaml:"boot,omitempty" json:"boot,omitempty"`             // autoscale: until a new server works, real time
}

// The kinds of place that a policy may stand at.
const (
	atEntry   = "entry"
	atStep    = "step"
	atCall    = "call"
	atStation = "station"
)

// deferredPhoto lets people take a step, the upload of a photo, after all others.
const deferredPhoto = "deferred-photo"

// PolicyKind says what a policy needs and where it works.
type PolicyKind struct {
	Name   string
	Places []string // that it may stand at: entry, step, call, station
	Needs  []string // settings that must be there
	Takes  []string // settings that may be there
	AtCall []string // of those, the ones only for calls
	Live   []string // places where a live run has it
	Source string   // who described it
}

// Policies lists every policy, in the order in which the documentation tells of them.
func Policies() []PolicyKind {
	anywhere := []string{atEntry, atStep, atCall}
	doors := []string{atEntry, atStep}
	calls := []string{atCall}
	return []PolicyKind{
		{Name: "static-limit", Places: anywhere, Needs: words("limit"), Live: anywhere, Source: "Kleinrock 1975"},
		{Name: "bounded-fifo", Places: anywhere, Needs: words("limit"), Takes: words("queue deadline"), Live: anywhere, Source: "Kleinrock 1975; Barrer 1957"},
		{Name: "bulkhead", Places: calls, Needs: words("limit"), Takes: words("queue deadline"), Live: calls, Source: "Nygard 2007"},
		{Name: "codel", Places: anywhere, Needs: words("limit queue"), Takes: words("target interval"), Live: anywhere, Source: "RFC 8289; Maurer 2015 (with adaptive LIFO)"},
		{Name: "adaptive-concurrency", Places: anywhere, Needs: words("min max"), Takes: words("algorithm limit queue deadline target"), Live: anywhere, Source: "Netflix concurrency-limits 2018; Chiu and Jain 1989"},
		{Name: "priority-shed", Places: anywhere, Needs: words("limit"), Takes: words("queue deadline"), Live: words("entry"), Source: "Cobham 1954; Zhou et al. 2018"},
		{Name: "token-bucket", Places: doors, Needs: words("rate"), Takes: words("burst"), Live: words("step"), Source: "ATM Forum TM 4.1 (GCRA)"},
		{Name: "waiting-room", Places: []string{atStep}, Needs: words("rate"), Takes: words("order burst round grace"), Live: words("step"), Source: "Turner 1986; Kingman 1962"},
		{Name: "stagger-by-birth-month", Places: doors, Needs: words("every"), Takes: words("group first"), Live: words("step"), Source: "Canada, CERB, 2020; Bailey 1952"},
		{Name: "circuit-breaker", Places: calls, Takes: words("calls share cooldown probes"), Live: calls, Source: "Nygard 2007"},
		{Name: "retry-budget", Places: anywhere, Takes: words("ratio burst attempts pause longest"), AtCall: words("attempts pause longest"), Live: calls, Source: "Beyer et al. 2016, ch. 21; gRPC A6"},
		{Name: "registry-cache", Places: calls, Needs: words("ttl"), Takes: words("size"), Live: calls, Source: "RFC 9111; Nishtala et al. 2013"},
		{Name: "async-verify", Places: calls, Needs: words("workers"), Takes: words("queue pause longest"), Live: calls, Source: "Hohpe and Woolf 2003"},
		{Name: "autoscale", Places: []string{atStation}, Needs: words("per_server max"), Takes: words("rule metric min every boot cooldown"), Source: "Kubernetes HPA; Knative KPA"},
		{Name: deferredPhoto, Places: []string{atStep}, Live: words("step"), Source: "Gellings 1985"},
	}
}

func words(text string) []string { return strings.Fields(text) }

// PolicyNames are the protections that a plan may name.
func PolicyNames() []string {
	var names []string
	for _, kind := range Policies() {
		names = append(names, kind.Name)
	}
	return names
}

// Kind returns what the policy needs and where it works; the policy's name must exist.
func (p Policy) Kind() PolicyKind {
	all := Policies()
	return all[slices.IndexFunc(all, func(kind PolicyKind) bool { return kind.Name == p.Policy })]
}

// Place splits where the policy stands into the kind of place and its name.
func (p Policy) Place() (kind, name string) {
	kind, name, _ = strings.Cut(p.At, ":")
	return kind, name
}

// RunsLive says whether a live run has the policy at its place.
func (p Policy) RunsLive() bool {
	place, _ := p.Place()
	return slices.Contains(p.Kind().Live, place)
}

// slot names what policies at one place exclude each other: calls pass one gate.
func (p Policy) slot() string {
	place, _ := p.Place()
	if _, gated := p.Gate(); place == atCall && (gated || p.Policy == "async-verify") {
		return "a gate"
	}
	return p.Policy
}

// validatePolicy reports a policy that does not exist, a place that it cannot stand at, and settings
// that it lacks, does not take, or cannot work with.
func (s *Scenario) validatePolicy(path string, policy Policy) {
	if !slices.Contains(PolicyNames(), policy.Policy) {
		s.source.faultAt(path+".policy", hintWord(policy.Policy, PolicyNames()), "the policy %q is unknown", policy.Policy)
		return
	}
	s.validatePlace(path+".at", policy)
	kind := policy.Kind()
	all := append(slices.Clone(kind.Needs), kind.Takes...)
	faults := false
	for _, setting := range policySettings() {
		_, given := s.source.places[join(path, setting)]
		place, _ := policy.Place()
		switch {
		case given && !slices.Contains(all, setting):
			s.source.faultAt(join(path, setting), hintSettings(all), "the policy %s does not take %s", policy.Policy, setting)
		case given && place != atCall && slices.Contains(kind.AtCall, setting):
			s.source.faultAt(join(path, setting), "leave it out, or put the policy at call:DEPENDENCY", "the policy %s takes %s only at a call", policy.Policy, setting)
		case !given && slices.Contains(kind.Needs, setting):
			s.source.faultAt(path, "add it; see docs/reference/policies.md", "the policy %s needs %s", policy.Policy, setting)
		default:
			continue
		}
		faults = true
	}
	if place, step := policy.Place(); policy.Policy == deferredPhoto && place == atStep && step == s.Arrivals.Step {
		s.source.faultAt(path+".at", "put it at a later step", "the step %s cannot be put off: the arrivals say when people take it", step)
	}
	if err := policy.withDefaults().check(); err != nil && !faults {
		s.source.faultAt(path, "", "%s: %v", policy.Policy, err)
	}
}

func hintSettings(all []string) string {
	if len(all) == 0 {
		return "it takes no settings"
	}
	return "it takes " + strings.Join(all, ", ")
}

// policySettings are the keys of a policy beside its name and place.
func policySettings() []string {
	var settings []string
	for _, kind := range Policies() {
		for _, setting := range append(slices.Clone(kind.Needs), kind.Takes...) {
			if !slices.Contains(settings, setting) {
				settings = append(settings, setting)
			}
		}
	}
	slices.Sort(settings)
	return settings
}

func (s *Scenario) validatePlace(path string, policy Policy) {
	place, name := policy.Place()
	exists := map[string]bool{atEntry: policy.At == atEntry, atStep: s.step(name) >= 0, atCall: has(s.Dependencies, name), atStation: has(s.Stations, name)}
	if !exists[place] {
		s.source.faultAt(path, "write entry, step:NAME, call:DEPENDENCY or station:NAME with a name that exists", "there is no place %q", policy.At)
		return
	}
	if places := policy.Kind().Places; !slices.Contains(places, place) {
		s.source.faultAt(path, fmt.Sprintf("put it at %s", strings.Join(spelt(places), " or ")), "the policy %s cannot stand at %q", policy.Policy, policy.At)
	}
}

// spelt writes kinds of places as they stand in a file.
func spelt(places []string) []string {
	forms := map[string]string{atEntry: "entry", atStep: "step:NAME", atCall: "call:DEPENDENCY", atStation: "station:NAME"}
	var all []string
	for _, place := range places {
		all = append(all, forms[place])
	}
	return all
}
