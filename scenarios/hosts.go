package scenarios

import (
	"fmt"
	"net/url"
	"strings"
)

// MayReach reports whether the scenario allows sending to a host, given without a port.
func (s *Scenario) MayReach(host string) bool {
	for _, allowed := range s.Hosts {
		suffix, wild := strings.CutPrefix(allowed, "*")
		if strings.EqualFold(host, allowed) || wild && len(host) > len(suffix) && strings.EqualFold(host[len(host)-len(suffix):], suffix) {
			return true
		}
	}
	return len(s.Hosts) == 0
}

// validateReach reports invalid hosts, and targets that the hosts do not allow.
func (s *Scenario) validateReach() {
	if s.RetryBudget < 0 {
		s.source.faultAt("retry_budget", "use 0 (no limit) or more", "the number of retries is negative")
	}
	for i, host := range s.Hosts {
		name, wild := strings.CutPrefix(host, "*")
		if name == "" || wild && !strings.HasPrefix(name, ".") || strings.ContainsAny(name, "*/ ") || strings.Contains(name, "://") {
			s.source.faultAt(fmt.Sprintf("hosts[%d]", i), "write api.example.com, 127.0.0.1 or *.example.com", "%q is not a host", host)
		}
	}
	for name, target := range s.Targets {
		location := target.URL
		if socketForm.MatchString(location) {
			location = "http://localhost"
		}
		if parsed, err := url.Parse(location); err == nil && target.URL != "" && !s.MayReach(parsed.Hostname()) {
			s.source.faultAt(join("targets", name)+".url", "add it to hosts, or change the target", "hosts does not list the host %s", parsed.Hostname())
		}
	}
}
