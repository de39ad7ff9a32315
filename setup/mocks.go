package setup

import (
	"maps"
	"slices"

	"github.com/ombak-sim/ombak/mocks"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/workload"
)

// mocks maps the scenario's dependencies to the mocks that stand in for them.
func (p *Planned) mocks() (mocks.Config, error) {
	s := p.Scenario
	config := mocks.Config{Seed: p.seed(), Opens: s.Opens, Registries: map[string]mocks.Registry{}}
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
	if service.Discipline == workload.Priority {
		return Refuse("dependency %s has the discipline priority, but requests on the wire have no priority; use fifo or lifo, or simulate", name)
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
		generic := mocks.Generic{Name: name, Service: service, Trouble: trouble, Routes: routes(dependency)}
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
func routes(dependency scenarios.Dependency) []mocks.Route {
	var all []mocks.Route
	for _, answer := range slices.Concat(dependency.Routes, dependency.Recorded()) {
		all = append(all, mocks.Route(answer))
	}
	return all
}
