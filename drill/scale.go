package drill

import (
	"fmt"
	"math"

	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/workload"
)

// What --scale-system may make of counts and of rates.
const (
	mostScaled  = 1_000_000_000 // servers, places or requests: more bound nothing
	leastScaled = 1e-9          // per second: one request in thirty years
)

// muchRounded is the share of a number of servers that rounding may change without a word.
const muchRounded = 0.1

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

// scaledCount rounds to the nearest count of at least 1; see [Run.checkScale] for those that are too large.
func scaledCount(count int, factor float64) int {
	return max(1, int(math.Round(float64(count)*factor)))
}

// checkScale refuses a factor that makes numbers of which none can be simulated or served.
func (r *Run) checkScale() error {
	s := r.Scenario
	for _, name := range sortedNames(s.Stations) {
		if err := r.checkService("station "+name, s.Stations[name].Service); err != nil {
			return err
		}
	}
	for _, name := range sortedNames(s.Dependencies) {
		if err := r.checkService("dependency "+name, s.Dependencies[name].Service); err != nil {
			return err
		}
	}
	_, policies := s.Effective(s.Plan())
	for _, policy := range policies {
		what := fmt.Sprintf("policy %s at %s", policy.Policy, policy.At)
		counts, rate := policy.Named().Bounds()
		if err := r.checkCounts(what, counts...); err != nil {
			return err
		}
		if err := r.checkRate(what, workload.Rate(rate)); err != nil {
			return err
		}
	}
	return r.checkCounts("the backend", s.Backend.Quota)
}

func (r *Run) checkService(what string, service workload.Service) error {
	counts := []int{service.ServerCount(), service.DailyQuota}
	if service.Queue != nil {
		counts = append(counts, *service.Queue)
	}
	if err := r.checkCounts(what, counts...); err != nil {
		return err
	}
	return r.checkRate(what, service.RateLimit)
}

func (r *Run) checkCounts(what string, counts ...int) error {
	factor := orOne(r.Options.ScaleSystem)
	for _, count := range counts {
		if scaled := float64(count) * factor; factor > 1 && scaled > mostScaled {
			return refuse("scale-system %v makes %.4g of %d at %s; give a factor that makes %d at most", factor, scaled, count, what, mostScaled)
		}
	}
	return nil
}

func (r *Run) checkRate(what string, rate workload.Rate) error {
	factor := orOne(r.Options.ScaleSystem)
	scaled := rate * workload.Rate(factor)
	if factor != 1 && rate > 0 && (scaled < leastScaled || math.IsInf(float64(scaled), 0)) {
		return refuse("scale-system %v makes the rate %v at %s %v; give a factor that leaves a rate", factor, rate, what, scaled)
	}
	return nil
}

// warnRounded says where --scale-system leaves a number of servers that is far from the share asked for.
func (r *Run) warnRounded(what string, service workload.Service) {
	factor, count := orOne(r.Options.ScaleSystem), service.ServerCount()
	exact, is := float64(count)*factor, scaledCount(count, factor)
	if factor == 1 || service.ServiceTime.Mean() == 0 || math.Abs(float64(is)-exact) <= muchRounded*exact {
		return
	}
	servers := "1 server"
	if is > 1 {
		servers = fmt.Sprintf("%d servers", is)
	}
	r.Warnings = append(r.Warnings, fmt.Sprintf("%s has %s where %d times --scale-system %v would be %.3g; plans that differ in them may become alike", what, servers, count, factor, exact))
}

// warnDependenciesRounded says it of the dependencies.
func (r *Run) warnDependenciesRounded(s *scenarios.Scenario) {
	for _, name := range sortedNames(s.Dependencies) {
		r.warnRounded("dependency "+name, s.Dependencies[name].Service)
	}
}
