package setup

import (
	"cmp"
	"maps"
	"slices"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/mocks"
	"github.com/ombak-sim/ombak/population"
	"github.com/ombak-sim/ombak/scenarios"
)

// mocks maps the scenario's dependencies to the mocks that stand in for them. Built-in mocks that are named do not run.
func (p *Planned) mocks(without ...string) (mocks.Config, error) {
	s := p.Scenario
	config := mocks.Config{Seed: p.seed(), Opens: s.Opens, Locale: population.Locale(s.Population.Locale), Registries: map[string]mocks.Registry{}, Without: without}
	var err error
	if config.Shares, err = p.shares(); err != nil {
		return config, err
	}
	p.warnDependenciesRounded(s)
	taken := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(s.Dependencies)) {
		kind := s.Dependencies[name].Kind
		if other, twice := taken[kind]; twice && kind != "generic" {
			return config, Refuse("dependencies %s and %s are both of kind %s, but a live run can have only one of each kind; make one generic", other, name, kind)
		}
		taken[kind] = name
		if err := p.mockOf(&config, name); err != nil {
			return config, err
		}
	}
	if err := config.Validate(); err != nil {
		return config, Refuse("the mocks cannot run: %w", err)
	}
	return config, nil
}

// mockOf maps one dependency to its mock.
func (p *Planned) mockOf(config *mocks.Config, name string) error {
	dependency := p.Scenario.Dependencies[name]
	service := p.scaled(dependency.Service)
	if !service.Discipline.Live() {
		return Refuse("dependency %s has the discipline %s, but a mock serves requests one after the other and knows no priority; use fifo or lifo, or simulate", name, service.Discipline)
	}
	if key := dependency.OnlySimulated(); key != "" {
		return Refuse("dependency %s has %s, which only a simulation plays; remove it, or simulate", name, key)
	}
	trouble, err := p.trouble(name)
	if err != nil {
		return err
	}
	registry := mocks.Registry{Service: service, Trouble: trouble}
	switch dependency.Kind {
	case mocks.DukcapilName:
		config.Dukcapil = mocks.Dukcapil{Registry: registry, Institution: institution, User: account, Password: password}
	case "mail":
		config.Mail = mocks.Mail{Service: service, Delivery: dependency.Delivery, Trouble: trouble}
	case "sms":
		config.SMS = &mocks.SMS{
			Service: service, Delivery: dependency.Delivery, Loss: float64(dependency.Loss), PerNumber: dependency.PerNumber, Trouble: trouble,
		}
	case "generic":
		generic := mocks.Generic{Name: name, Service: service, Trouble: trouble, Routes: p.routes(dependency), Calls: p.mockCalls(dependency)}
		generic.Protos, generic.Descriptor = dependency.Description()
		config.Generics = append(config.Generics, generic)
	default: // a registry, as the scenario has been validated
		config.Registries[dependency.Kind] = registry
	}
	return nil
}

// trouble maps the faults, the warm-up and the connection limit of a dependency.
func (p *Planned) trouble(name string) (mocks.Trouble, error) {
	dependency := p.Scenario.Dependencies[name]
	faults, err := p.faults(name)
	if err != nil {
		return mocks.Trouble{}, err
	}
	acted, err := p.actedFaults(name)
	faults = append(faults, acted...)
	return mocks.Trouble{
		Faults: faults, WarmUp: warmUp(dependency), Connections: dependency.Connections,
	}, err
}

// routes returns the routes of a generic dependency: its own, then the recorded ones.
func (p *Planned) routes(dependency scenarios.Dependency) []mocks.Route {
	var all []mocks.Route
	for _, answer := range slices.Concat(dependency.Routes, dependency.Recorded()) {
		route := mocks.Route{
			Method: answer.Method, Path: answer.Path, Query: answer.Query, Status: answer.Status,
			Headers: answer.Headers, Body: answer.Body, Code: answer.Code,
		}
		if answer.Stock != nil {
			route.Stock = p.mockStock(dependency, *answer.Stock)
		}
		all = append(all, route)
	}
	return all
}

// mockCalls maps the calls that a dependency makes itself.
func (p *Planned) mockCalls(dependency scenarios.Dependency) (calls []mocks.Onward) {
	for _, onward := range dependency.Calls {
		other := p.Scenario.Dependencies[onward.Call]
		at, err := other.Answering(onward.Answer)
		if err != nil || at < 0 {
			continue // it has been reported as a mistake in the scenario
		}
		route := other.Routes[at]
		path := route.Path
		if route.Query != "" {
			path += "?" + route.Query
		}
		calls = append(calls, mocks.Onward{Mock: onward.Call, Method: cmp.Or(route.Method, "GET"), Path: path, Timeout: onward.Patience()})
	}
	return calls
}

// mockStock maps what an answer uses up.
func (p *Planned) mockStock(dependency scenarios.Dependency, stock scenarios.Stock) *mocks.Stock {
	made := &mocks.Stock{Count: scaledCount(stock.Count, p.Options.ScaleSystem)}
	if then := dependency.SoldOut(stock); funnel.Reason(then).IsCode() {
		made.Code = then.String()
	} else {
		made.Status = int(then)
	}
	return made
}
