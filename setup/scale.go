package setup

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/workload"
)

const (
	// MostServers bounds counts of servers, places and requests. Larger counts would not limit anything.
	MostServers = 1_000_000_000
	// minScaledRate is the lowest scaled rate, per second: about one request in thirty years.
	minScaledRate = 1e-9
)

// maxRounding is the share of a number of servers by which rounding may change it without a warning.
const maxRounding = 0.1

// scaled multiplies the limits of a service by --scale-system.
func (p *Planned) scaled(service workload.Service) workload.Service {
	factor := p.Options.ScaleSystem
	service.Servers = scaledCount(service.ServerCount(), factor)
	service.RateLimit *= workload.Rate(factor)
	if service.Quota.Most > 0 {
		service.Quota.Most = scaledCount(service.Quota.Most, factor)
	}
	if service.Queue != nil && *service.Queue > 0 {
		queue := scaledCount(*service.Queue, factor)
		service.Queue = &queue
	}
	return service
}

// scaledCount rounds to the nearest count of at least 1; checkScale refuses those that are too large.
func scaledCount(count int, factor float64) int {
	return max(1, int(math.Round(float64(count)*factor)))
}

// checkScale refuses a factor that leads to numbers that can be neither simulated nor served.
func (p *Planned) checkScale() error {
	s := p.Scenario
	for _, name := range slices.Sorted(maps.Keys(s.Stations)) {
		if err := p.checkService("station "+name, s.Stations[name].Service); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Dependencies)) {
		if err := p.checkService("dependency "+name, s.Dependencies[name].Service); err != nil {
			return err
		}
		for _, answer := range s.Dependencies[name].Routes {
			if answer.Stock == nil {
				continue
			}
			if err := p.checkCounts("the stock of dependency "+name, answer.Stock.Count); err != nil {
				return err
			}
		}
	}
	_, policies := s.Effective(s.Plan())
	for _, policy := range policies {
		what := fmt.Sprintf("policy %s at %s", policy.Policy, policy.At)
		counts, rate := policy.Named().Bounds()
		if err := p.checkCounts(what, counts...); err != nil {
			return err
		}
		if err := p.checkRate(what, workload.Rate(rate)); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Backend.Stocks)) {
		if err := p.checkCounts("the stock "+name+" of the backend", s.Backend.Stocks[name]); err != nil {
			return err
		}
	}
	return p.checkCounts("the backend", s.Backend.Quota, s.Backend.SMSConnections)
}

func (p *Planned) checkService(what string, service workload.Service) error {
	counts := []int{service.ServerCount(), service.Quota.Most}
	if service.Queue != nil {
		counts = append(counts, *service.Queue)
	}
	if err := p.checkCounts(what, counts...); err != nil {
		return err
	}
	return p.checkRate(what, service.RateLimit)
}

func (p *Planned) checkCounts(what string, counts ...int) error {
	factor := p.Options.ScaleSystem
	for _, count := range counts {
		if scaled := float64(count) * factor; factor > 1 && scaled > MostServers {
			return Refuse("scale-system %v makes %.4g of %d at %s; give a factor that makes %d at most", factor, scaled, count, what, MostServers)
		}
	}
	return nil
}

func (p *Planned) checkRate(what string, rate workload.Rate) error {
	factor := p.Options.ScaleSystem
	scaled := rate * workload.Rate(factor)
	if factor != 1 && rate > 0 && (scaled < minScaledRate || math.IsInf(float64(scaled), 0)) {
		return Refuse("scale-system %v makes the rate %v at %s %v; give a factor that leaves a rate", factor, rate, what, scaled)
	}
	return nil
}

// warnRounded warns if rounding under --scale-system changes a number of servers much.
func (p *Planned) warnRounded(what string, service workload.Service) {
	factor, count := p.Options.ScaleSystem, service.ServerCount()
	exact, is := float64(count)*factor, scaledCount(count, factor)
	if factor == 1 || service.ServiceTime.Mean() == 0 || math.Abs(float64(is)-exact) <= maxRounding*exact {
		return
	}
	servers := "1 server"
	if is > 1 {
		servers = fmt.Sprintf("%d servers", is)
	}
	p.Warnings = append(p.Warnings, fmt.Sprintf("%s has %s where %d times --scale-system %v would be %.3g; plans that differ in it may become equal", what, servers, count, factor, exact))
}

// warnDependenciesRounded calls warnRounded for every dependency.
func (p *Planned) warnDependenciesRounded(s *scenarios.Scenario) {
	for _, name := range slices.Sorted(maps.Keys(s.Dependencies)) {
		p.warnRounded("dependency "+name, s.Dependencies[name].Service)
	}
}
