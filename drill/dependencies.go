package drill

import (
	"slices"

	"github.com/ombak-sim/ombak/mocks"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/workload"
)

// mocksConfig maps the scenario's dependencies to the mocks that stand in for them.
func (r *Run) mocksConfig() (mocks.Config, error) {
	s := r.Scenario
	config := mocks.Config{Seed: r.seed(), Opens: s.Opens, Registries: map[string]mocks.Registry{}}
	var err error
	if config.Shares, err = r.shares(); err != nil {
		return config, err
	}
	r.warnDependenciesRounded(s)
	taken := map[string]string{}
	for _, name := range sortedNames(s.Dependencies) {
		kind := s.Dependencies[name].Kind
		if other, twice := taken[kind]; twice && kind != "generic" {
			return config, refuse("dependencies %s and %s are both of kind %s, of which one runs live; make one generic", other, name, kind)
		}
		taken[kind] = name
		if err := r.mockOf(&config, name); err != nil {
			return config, err
		}
	}
	if err := config.Validate(); err != nil {
		return config, refuse("the mocks cannot run: %w", err)
	}
	return config, nil
}

// mockOf maps one dependency to its mock.
func (r *Run) mockOf(config *mocks.Config, name string) error {
	dependency := r.Scenario.Dependencies[name]
	service := r.scaled(dependency.Service)
	if service.Discipline == workload.Priority {
		return refuse("dependency %s has the discipline priority, but requests on the wire have no priority; use fifo or lifo, or simulate", name)
	}
	trouble, err := r.trouble(name)
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
		config.Generics = append(config.Generics, mocks.Generic{Name: name, Service: service, Trouble: trouble, Routes: routes(dependency)})
	default: // a registry, as the scenario has been validated
		config.Registries[dependency.Kind] = registry
	}
	return nil
}

// trouble maps what goes wrong with a dependency beyond its queue.
func (r *Run) trouble(name string) (mocks.Trouble, error) {
	dependency := r.Scenario.Dependencies[name]
	faults, err := r.faults(name)
	return mocks.Trouble{
		Faults: faults, WarmUp: warmUp(dependency), Connections: dependency.Connections,
	}, err
}

// routes are what a generic dependency answers: its own, then the recorded ones.
func routes(dependency scenarios.Dependency) []mocks.Route {
	var all []mocks.Route
	for _, answer := range slices.Concat(dependency.Routes, dependency.Recorded()) {
		all = append(all, mocks.Route(answer))
	}
	return all
}
