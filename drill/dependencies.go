package drill

import (
	"math"

	"github.com/ombak-sim/ombak/mocks"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/workload"
)

// mocksConfig maps the scenario's dependencies to the mocks that stand in for them.
func (r *Run) mocksConfig() (mocks.Config, error) {
	s := r.Scenario
	config := mocks.Config{Seed: r.seed(), Opens: s.Opens}
	var err error
	if config.Shares, err = r.shares(); err != nil {
		return config, err
	}
	for _, name := range sortedNames(s.Dependencies) {
		dependency := s.Dependencies[name]
		if len(dependency.Faults) > 0 {
			return config, refuse("dependency %s has scheduled faults, which do not run live yet; leave them out, or simulate", name)
		}
		service := r.scaled(dependency.Service)
		switch dependency.Kind {
		case "dukcapil":
			config.Dukcapil.Service = service
			config.Dukcapil.Institution, config.Dukcapil.User, config.Dukcapil.Password = institution, account, password
		case "dapodik":
			config.Dapodik.Service = service
		case "dtks":
			config.DTKS.Service = service
		case "mail":
			config.Mail.Service, config.Mail.Delivery = service, dependency.Delivery
		default:
			return config, refuse("dependency %s is of kind %q, which does not run live yet; use dukcapil, dapodik, dtks or mail", name, dependency.Kind)
		}
	}
	return config, nil
}

// scaled multiplies what bounds a service by --scale-system.
func (r *Run) scaled(service workload.Service) workload.Service {
	factor := orOne(r.Options.ScaleSystem)
	service.Servers = scaledCount(service.ServerCount(), factor)
	service.RateLimit *= workload.Rate(factor)
	if service.DailyQuota > 0 {
		service.DailyQuota = scaledCount(service.DailyQuota, factor)
	}
	if service.Queue != nil && *service.Queue > 0 {
		queue := scaledCount(*service.Queue, factor)
		service.Queue = &queue
	}
	return service
}

// scaledCount rounds to the nearest count of at least 1.
func scaledCount(count int, factor float64) int {
	return max(1, int(math.Round(float64(count)*factor)))
}

// policies returns what the plan protects each dependency's calls with, and refuses what does not
// run live.
func (r *Run) policies() (map[string]scenarios.Policy, error) {
	plan, policies := r.Scenario.Effective(r.Scenario.Plan())
	if len(plan.Schedule) > 0 {
		return nil, refuse("plan %s changes things while it runs (schedule), which does not run live yet; simulate it", plan.Name)
	}
	gates := map[string]scenarios.Policy{}
	for _, policy := range policies {
		dependency, isCall := callOf(policy.At)
		if !isCall || policy.Policy != "bounded-fifo" && policy.Policy != "static-limit" {
			return nil, refuse("plan %s puts %s at %s, which does not run live yet; choose another plan, or simulate it", plan.Name, policy.Policy, policy.At)
		}
		if policy.Policy == "static-limit" {
			policy.Queue = 0
		}
		gates[dependency] = policy
	}
	return gates, nil
}

func callOf(place string) (dependency string, isCall bool) {
	const prefix = "call:"
	if len(place) > len(prefix) && place[:len(prefix)] == prefix {
		return place[len(prefix):], true
	}
	return "", false
}
