package setup

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/url"
	"slices"
	"strings"

	"github.com/ombak-sim/ombak/loadgen"
	"github.com/ombak-sim/ombak/scenarios"
)

func (p *Planned) vars() map[string]string {
	vars := map[string]string{}
	for name, variable := range p.Scenario.Vars {
		if variable.Default != "" {
			vars[name] = variable.Default
		}
	}
	for name, value := range p.Options.Vars {
		vars[name] = value
	}
	return vars
}

// targets enters the addresses given in the scenario and in the options.
func (p *Planned) targets(urls map[string]string, known []string) error {
	for name, target := range p.Scenario.Targets {
		if target.URL != "" {
			urls[name] = target.URL
		}
	}
	for name, address := range p.Options.Targets {
		if name == "" && len(usedTargets(p.Scenario)) == 1 {
			name = usedTargets(p.Scenario)[0]
		}
		if !slices.Contains(usedTargets(p.Scenario), name) {
			return Refuse("target %q is not used by scenario %s; give NAME=URL for %s", name, p.Scenario.Name, strings.Join(usedTargets(p.Scenario), ", "))
		}
		if err := loadgen.CheckTarget(name, address); err != nil {
			return Refused(err)
		}
		if err := p.allow(name, address); err != nil {
			return err
		}
		urls[name] = address
	}
	for from, to := range p.Options.ConnectTo {
		if _, _, is := loadgen.SocketOf(to); is {
			continue
		}
		host, _, err := net.SplitHostPort(to)
		if err != nil {
			return Refuse("connect-to %s=%s: %q is not HOST:PORT", from, to, to)
		}
		if err := p.allow("connect-to "+from, "tcp://"+net.JoinHostPort(host, "1")); err != nil {
			return err
		}
	}
	for _, name := range usedTargets(p.Scenario) {
		if _, given := urls[name]; !given && !slices.Contains(known, name) {
			return Refuse("target %q of scenario %s has no address; give --target %s=http://HOST:PORT", name, p.Scenario.Name, name)
		}
	}
	if err := p.checkProxies(urls); err != nil {
		return err
	}
	return p.checkConnectTo(urls)
}

// checkProxies refuses proxies that cannot be used, and warns of those that are, because what is measured is theirs too.
func (p *Planned) checkProxies(urls map[string]string) error {
	connections := loadgen.Connections{Proxy: p.Options.Proxy, ConnectTo: p.Options.ConnectTo}
	for _, name := range slices.Sorted(maps.Keys(urls)) {
		_, _, proxy, err := connections.PlaceOf(urls[name])
		if err != nil {
			return Refused(err)
		}
		if proxy != nil {
			p.Warnings = append(p.Warnings, fmt.Sprintf("requests to target %s went through the proxy %s (HTTP_PROXY, HTTPS_PROXY), whose time is a part of what is measured; add its host to NO_PROXY to reach it directly", name, proxy.Redacted()))
		}
	}
	return nil
}

// RunsElsewhere reports whether every target that a scenario uses has a URL, in the scenario or in the options, so that
// none of our own services has to be started.
func RunsElsewhere(scenario *scenarios.Scenario, options Options) bool {
	if len(options.Targets) > 0 {
		return true
	}
	used := usedTargets(scenario)
	return len(used) > 0 && !slices.ContainsFunc(used, func(name string) bool { return scenario.Targets[name].URL == "" })
}

// AddressOf returns host and port of a target.
func AddressOf(target *url.URL) string {
	if target.Port() != "" {
		return target.Host
	}
	return net.JoinHostPort(target.Hostname(), map[string]string{"http": "80", "https": "443"}[target.Scheme])
}

// checkConnectTo refuses to redirect an address at which there is no target.
func (p *Planned) checkConnectTo(urls map[string]string) error {
	var addresses []string
	for _, name := range slices.Sorted(maps.Keys(urls)) {
		if target, err := loadgen.LocationOf(urls[name]); err == nil {
			addresses = append(addresses, AddressOf(target))
		}
	}
	for _, from := range slices.Sorted(maps.Keys(p.Options.ConnectTo)) {
		if !slices.Contains(addresses, from) {
			return Refuse("connect-to %s: no target is at %s; write one of %s", from, from, strings.Join(addresses, ", "))
		}
	}
	return nil
}

// checkVars refuses variables that the scenario neither lists nor uses.
func (p *Planned) checkVars(config loadgen.Config) error {
	texts, err := json.Marshal([]any{config.Requests, config.Before, config.After})
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(p.Options.Vars)) {
		computed := bytes.Contains(texts, []byte("${=")) && bytes.Contains(texts, []byte("var."+name))
		_, taken := config.RunValues[name]
		if _, listed := p.Scenario.Vars[name]; !listed && !taken && !computed && !bytes.Contains(texts, []byte("${var."+name+"}")) {
			return Refuse("variable %q is not used by scenario %s; a request uses --var NAME=VALUE as ${var.NAME}", name, p.Scenario.Name)
		}
	}
	return nil
}

// allow refuses a target on a host that the scenario does not name.
func (p *Planned) allow(name, target string) error {
	parsed, err := loadgen.LocationOf(target)
	if err != nil {
		return Refused(err)
	}
	if !p.Scenario.MayReach(parsed.Hostname()) {
		return Refuse("target %s is on the host %s, but scenario %s may only send to %s; add it to hosts, or give another target", name, parsed.Hostname(), p.Scenario.Name, strings.Join(p.Scenario.Hosts, ", "))
	}
	return nil
}

func usedTargets(s *scenarios.Scenario) []string {
	var names []string
	use := func(request *scenarios.Request) {
		if request != nil && !slices.Contains(names, request.Target) {
			names = append(names, request.Target)
		}
	}
	for _, step := range s.Journey {
		use(step.Request)
	}
	for _, step := range slices.Concat(s.Before, s.After) {
		use(step.Request)
	}
	return names
}

// connections maps the connections to the targets.
func (p *Planned) connections() loadgen.Connections {
	s := p.Scenario
	c := s.Connections
	return loadgen.Connections{
		PerPerson: c.Per == "person", Cold: float64(c.Cold), Idle: c.Idle, Life: c.Life, DNSTTL: c.DNSTTL,
		ConnectTo: p.Options.ConnectTo, Proxy: p.Options.Proxy, HTTP2: c.HTTP2, Streams: c.Streams, NoResume: c.Resume != nil && !*c.Resume,
		TLS: loadgen.TLS{CA: s.PEM(c.TLS.CA), Cert: s.PEM(c.TLS.Cert), Key: s.PEM(c.TLS.Key), Insecure: c.TLS.Insecure},
	}
}

// logSecrets has the secrets of TLS connections logged if the options ask for it, and warns about it.
func (l *Live) logSecrets(config *loadgen.Config) {
	secure := func(target string) bool { return strings.HasPrefix(target, "https:") }
	if l.Options.KeyLog != "" && slices.ContainsFunc(slices.Collect(maps.Values(config.Targets)), secure) {
		config.Connections.TLS.KeyLog = l.Options.KeyLog
		l.Warnings = append(l.Warnings, "the secrets of TLS connections were written to "+l.Options.KeyLog+" (SSLKEYLOGFILE): anyone with that file can decrypt recorded traffic of this run")
	}
}

// Protocol returns the protocol of the generator, or "" for HTTP/1.1.
func (l *Live) Protocol() string {
	if l.Scenario.Connections.HTTP2 {
		return "HTTP/2"
	}
	return ""
}

// MostConnections returns how many connections the generator may have open at once.
func (l *Live) MostConnections() int {
	people := l.Offered.Scheduled
	if l.Options.Closed > 0 {
		people = l.Options.Closed
	}
	return l.Generator.MostConnections(people)
}
