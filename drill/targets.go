package drill

import (
	"bytes"
	"encoding/json"
	"net"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ombak-sim/ombak/loadgen"
	"github.com/ombak-sim/ombak/scenarios"
)

func (r *Run) vars() map[string]string {
	vars := map[string]string{}
	for name, variable := range r.Scenario.Vars {
		if variable.Default != "" {
			vars[name] = variable.Default
		}
	}
	for name, value := range r.Options.Vars {
		vars[name] = value
	}
	return vars
}

// targets enters the addresses given in the scenario and in the options.
func (r *Run) targets(urls map[string]string, known []string) error {
	for name, target := range r.Scenario.Targets {
		if target.URL != "" {
			urls[name] = target.URL
		}
	}
	for name, address := range r.Options.Targets {
		if name == "" && len(usedTargets(r.Scenario)) == 1 {
			name = usedTargets(r.Scenario)[0]
		}
		if !slices.Contains(usedTargets(r.Scenario), name) {
			return refuse("target %q is not used by scenario %s; give NAME=URL for %s", name, r.Scenario.Name, strings.Join(usedTargets(r.Scenario), ", "))
		}
		if err := loadgen.CheckTarget(name, address); err != nil {
			return refusal{err}
		}
		if err := r.allow(name, address); err != nil {
			return err
		}
		urls[name] = address
	}
	for from, to := range r.Options.ConnectTo {
		host, _, err := net.SplitHostPort(to)
		if err != nil {
			return refuse("connect-to %s=%s: %q is not HOST:PORT", from, to, to)
		}
		if err := r.allow("connect-to "+from, "tcp://"+net.JoinHostPort(host, "1")); err != nil {
			return err
		}
	}
	for _, name := range usedTargets(r.Scenario) {
		if _, given := urls[name]; !given && !slices.Contains(known, name) {
			return refuse("target %q of scenario %s has no address; give --target %s=http://HOST:PORT", name, r.Scenario.Name, name)
		}
	}
	return r.checkConnectTo(urls)
}

// addressOf is host and port of a target.
func addressOf(target *url.URL) string {
	if target.Port() != "" {
		return target.Host
	}
	return net.JoinHostPort(target.Hostname(), map[string]string{"http": "80", "https": "443"}[target.Scheme])
}

// checkConnectTo refuses to redirect what no target is at.
func (r *Run) checkConnectTo(urls map[string]string) error {
	var addresses []string
	for _, name := range sortedNames(urls) {
		if target, err := url.Parse(urls[name]); err == nil {
			addresses = append(addresses, addressOf(target))
		}
	}
	for _, from := range sortedNames(r.Options.ConnectTo) {
		if !slices.Contains(addresses, from) {
			return refuse("connect-to %s: no target is at %s; write one of %s", from, from, strings.Join(addresses, ", "))
		}
	}
	return nil
}

// checkVars refuses variables that the scenario neither lists nor uses.
func (r *Run) checkVars(requests []loadgen.Request) error {
	texts, err := json.Marshal(requests)
	if err != nil {
		return err
	}
	for _, name := range sortedNames(r.Options.Vars) {
		if _, listed := r.Scenario.Vars[name]; !listed && !bytes.Contains(texts, []byte("${var."+name+"}")) {
			return refuse("variable %q is not used by scenario %s; its requests say ${var.NAME} for what --var NAME=VALUE gives", name, r.Scenario.Name)
		}
	}
	return nil
}

// allow refuses a target on a host that the scenario does not name.
func (r *Run) allow(name, target string) error {
	parsed, err := url.Parse(target)
	if err != nil {
		return refusal{err}
	}
	if !r.Scenario.MayReach(parsed.Hostname()) {
		return refuse("target %s is on the host %s, but scenario %s may only send to %s; add it to hosts, or give another target", name, parsed.Hostname(), r.Scenario.Name, strings.Join(r.Scenario.Hosts, ", "))
	}
	return nil
}

// feeders maps the tables of all feeders.
func feeders(s *scenarios.Scenario) map[string]loadgen.Feeder {
	mapped := map[string]loadgen.Feeder{}
	for name, feeder := range s.Feeders {
		table := s.Table(name)
		mapped[name] = loadgen.Feeder{Columns: table.Columns, Rows: table.Rows, Random: feeder.Order == "random"}
	}
	return mapped
}

// files maps what people upload.
func files(s *scenarios.Scenario) map[string]loadgen.File {
	mapped := map[string]loadgen.File{}
	for name, file := range s.Files {
		mapped[name] = loadgen.File{Name: filepath.Base(file.File), Type: file.Type, Content: s.Upload(name)}
	}
	return mapped
}

func usedTargets(s *scenarios.Scenario) []string {
	var names []string
	for _, step := range s.Journey {
		if step.Request != nil && !slices.Contains(names, step.Request.Target) {
			names = append(names, step.Request.Target)
		}
	}
	return names
}

// connections maps how the targets are reached.
func (r *Run) connections() loadgen.Connections {
	s := r.Scenario
	c := s.Connections
	return loadgen.Connections{
		PerPerson: c.Per == "person", Cold: float64(c.Cold), Idle: c.Idle, Life: c.Life, DNSTTL: c.DNSTTL,
		ConnectTo: r.Options.ConnectTo, HTTP2: c.HTTP2,
		TLS: loadgen.TLS{CA: s.PEM(c.TLS.CA), Cert: s.PEM(c.TLS.Cert), Key: s.PEM(c.TLS.Key), Insecure: c.TLS.Insecure},
	}
}

// protocol returns what the generator speaks, where it is not HTTP/1.1.
func (r *Run) protocol() string {
	if r.Scenario.Connections.HTTP2 {
		return "HTTP/2"
	}
	return ""
}

// mostConnections returns how many connections the generator may have open at once.
func (r *Run) mostConnections() int {
	people := r.Offered.Scheduled
	if r.Options.Closed > 0 {
		people = r.Options.Closed
	}
	return r.Generator.MostConnections(people)
}
