package scenarios

import (
	"cmp"
	"maps"
	"math"
	"time"
)

// Plan is one way to run a scenario: policies, settings and changes over time.
type Plan struct {
	Name        string   `yaml:"name" json:"name"`                                   // unique among the plans
	Description string   `yaml:"description,omitempty" json:"description,omitempty"` // one sentence for people
	Extends     []string `yaml:"extends,omitempty" json:"extends,omitempty"`         // plans applied before this one, in this order
	Relieves    []string `yaml:"relieves,omitempty" json:"relieves,omitempty"`       // steps that the plan helps; used for advice after a run
	Policies    []Policy `yaml:"policies,omitempty" json:"policies,omitempty"`       // protection policies at their places
	Set         Patch    `yaml:"set,omitempty" json:"set,omitempty"`                 // a patch of the scenario
	Schedule    []Change `yaml:"schedule,omitempty" json:"schedule,omitempty"`       // changes during the run
	Cost        Cost     `yaml:"cost,omitempty" json:"cost,omitempty"`               // prices that differ from the scenario's
}

// Patch changes parts of the scenario. Each named part must exist, and each key must be known.
type Patch struct {
	Stations     map[string]Raw `yaml:"stations,omitempty" json:"stations,omitempty"`         // changed keys, by station
	Dependencies map[string]Raw `yaml:"dependencies,omitempty" json:"dependencies,omitempty"` // changed keys, by dependency
	Journey      map[string]Raw `yaml:"journey,omitempty" json:"journey,omitempty"`           // by name of the step
	Population   *Raw           `yaml:"population,omitempty" json:"population,omitempty"`     // changed keys of the population
	Backend      *Raw           `yaml:"backend,omitempty" json:"backend,omitempty"`           // settings of the reference backend
}

// Change is a patch applied at one instant of the run.
type Change struct {
	At  time.Duration `yaml:"at" json:"at"`   // scenario time
	Set ChangeSet     `yaml:"set" json:"set"` // a patch, as in the set of a plan, and settings of its policies
}

// ChangeSet is what changes.
type ChangeSet struct {
	Patch    `yaml:",inline"`
	Policies []Raw `yaml:"policies,omitempty" json:"policies,omitempty"` // policy, at, and what changes of it: settings, or enabled
}

// Cost is a list of prices, in a currency of the user's choice. What it does not name is free.
type Cost struct {
	Currency    string             `yaml:"currency,omitempty" json:"currency,omitempty"`         // written beside costs
	ReplicaHour float64            `yaml:"replica_hour,omitempty" json:"replica_hour,omitempty"` // one server of any station for one hour of scenario time
	ServerHour  map[string]float64 `yaml:"server_hour,omitempty" json:"server_hour,omitempty"`   // the same for one station or dependency, by name
	Call        map[string]float64 `yaml:"call,omitempty" json:"call,omitempty"`                 // one call that a dependency completed, or one mail or SMS
	Fixed       float64            `yaml:"fixed,omitempty" json:"fixed,omitempty"`               // paid once: the price of building what the plan needs
}

// Known reports whether anything has a price.
func (c Cost) Known() bool {
	return c.ReplicaHour > 0 || len(c.ServerHour) > 0 || len(c.Call) > 0 || c.Fixed > 0
}

// Prices returns the prices of the scenario with its plan applied. A price of the plan, or of a plan that it
// extends, replaces the scenario's price; fixed costs add up.
func (s *Scenario) Prices() Cost {
	prices := s.Cost
	prices.ServerHour, prices.Call = merged(s.Cost.ServerHour, nil), merged(s.Cost.Call, nil)
	chain, _ := s.chain(s.plan, nil)
	for _, plan := range chain {
		prices.Currency = cmp.Or(plan.Cost.Currency, prices.Currency)
		prices.ReplicaHour = cmp.Or(plan.Cost.ReplicaHour, prices.ReplicaHour)
		prices.ServerHour = merged(prices.ServerHour, plan.Cost.ServerHour)
		prices.Call = merged(prices.Call, plan.Cost.Call)
		prices.Fixed += plan.Cost.Fixed
	}
	return prices
}

func merged(base, over map[string]float64) map[string]float64 {
	all := maps.Clone(base)
	if all == nil {
		all = map[string]float64{}
	}
	maps.Copy(all, over)
	return all
}

// validateCost reports negative prices, and prices of things that do not exist.
func (s *Scenario) validateCost(path string, cost Cost) {
	wrong := func(at string, price float64) {
		if !(price >= 0) || math.IsInf(price, 0) {
			s.source.faultAt(at, "a price must be 0 or more", "%v is not a price", price)
		}
	}
	wrong(path+".replica_hour", cost.ReplicaHour)
	wrong(path+".fixed", cost.Fixed)
	for _, name := range keys(cost.ServerHour) {
		wrong(join(path+".server_hour", name), cost.ServerHour[name])
		if !has(s.Stations, name) && !has(s.Dependencies, name) {
			s.source.faultAt(join(path+".server_hour", name), hintWord(name, append(keys(s.Stations), keys(s.Dependencies)...)), "no station or dependency is called %q", name)
		}
	}
	for _, name := range keys(cost.Call) {
		wrong(join(path+".call", name), cost.Call[name])
		if !has(s.Dependencies, name) {
			s.source.faultAt(join(path+".call", name), hintWord(name, keys(s.Dependencies)), "no dependency is called %q", name)
		}
	}
}
