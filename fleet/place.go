package fleet

import (
	"fmt"
	"net"
	"slices"
	"strings"
)

// Place says on which agents a part of a run other than a generator is.
type Place struct {
	Role  string // BackendRole or MocksRole
	Label string // NAME=VALUE of a label, or the name of an agent
	Count int    // of agents
}

// fits reports whether an agent has the label or the name.
func (p Place) fits(d Description) bool {
	if name, value, isLabel := strings.Cut(p.Label, "="); isLabel {
		has, labelled := d.Labels[name]
		return labelled && has == value
	}
	return d.Agent == p.Label
}

// described names the agents that fit.
func (p Place) described() string {
	if strings.Contains(p.Label, "=") {
		return "has the label " + p.Label
	}
	return "is called " + p.Label
}

// place chooses agents for the parts that are no generators. It returns those that are left.
func (r *Run) place(found []Description) (placed []berth, rest []Description, err error) {
	rest = found
	for _, p := range r.request.Places {
		var unable []string
		taken := 0
		for _, d := range slices.Clone(rest) {
			if !p.fits(d) || taken == p.Count {
				continue
			}
			if why := r.unable(d, p.Role); why != "" {
				unable = append(unable, why)
				continue
			}
			taken++
			placed = append(placed, berth{run: r, agent: &watched{Description: d}, role: p.Role})
			rest = without(rest, d)
		}
		switch fitting := slices.ContainsFunc(found, p.fits); {
		case taken == p.Count:
		case !fitting:
			return nil, nil, refuse("no agent of the fleet %s, where the %s should be; ombak fleet list shows names and labels", p.described(), p.Role)
		case len(unable) > 0:
			return nil, nil, fmt.Errorf("%d of %d agents for the %s (%s) are there: %s", taken, p.Count, p.Role, p.Label, strings.Join(unable, "; "))
		default:
			return nil, nil, fmt.Errorf("%d of %d agents for the %s (%s) are there, and an agent has one part of a run; start ombak fleet join once more", taken, p.Count, p.Role, p.Label)
		}
	}
	return placed, rest, nil
}

func without(all []Description, one Description) (others []Description) {
	for _, d := range all {
		if d.Agent != one.Agent {
			others = append(others, d)
		}
	}
	return others
}

// unable says why an agent cannot have a part now, or returns an empty text.
func (r *Run) unable(d Description, role string) string {
	switch {
	case !sameBuild(d.Build, r.request.Build):
		return fmt.Sprintf("agent %s is %s, and this is %s; install the same ombak on both", d.Agent, describe(d.Build), describe(r.request.Build))
	case d.Playing != "":
		return fmt.Sprintf("agent %s plays a part of run %s", d.Agent, d.Playing)
	case !slices.Contains(d.Roles, role):
		return fmt.Sprintf("agent %s does not have the role %s; join it with --role %s", d.Agent, role, role)
	}
	return ""
}

// mayReach returns an error if an agent may not send to where another agent serves what it needs. Each says so itself too, but
// after others have begun.
func (r *Run) mayReach() error {
	for _, from := range r.berths {
		for _, to := range r.berths {
			needs := from.role == GeneratorRole && (to.role == MocksRole || to.role == BackendRole && !r.request.Balanced) ||
				from.role == BackendRole && to.role == MocksRole
			host, _, err := net.SplitHostPort(to.agent.Address)
			if !needs || err == nil && from.agent.mayReach(host) {
				continue
			}
			return fmt.Errorf("agent %s sends nothing to %s, where agent %s serves the %s; join %s with --allow-target %s",
				from.agent.Agent, host, to.agent.Agent, to.role, from.agent.Agent, host)
		}
	}
	return nil
}

// mayReachHere returns an error if a backend could not reach the mocks, which run on the conductor's machine.
func (r *Run) mayReachHere() error {
	if len(r.On(MocksRole)) > 0 {
		return nil
	}
	for _, b := range r.berths {
		host, _, err := net.SplitHostPort(b.agent.Address)
		switch here := r.request.Here; {
		case b.role != BackendRole:
		case here == "" && (err != nil || !isLoopback(host)):
			return fmt.Errorf("the mocks run on this machine, where the backend of agent %s does not reach them; give an address of this machine with --fleet-host, or another place with --place mocks=LABEL", b.agent.Agent)
		case here != "" && !b.agent.mayReach(here):
			return fmt.Errorf("agent %s sends nothing to %s, where this machine serves the mocks; join %s with --allow-target %s", b.agent.Agent, here, b.agent.Agent, here)
		}
	}
	return nil
}

// mayReach reports whether the agent may send to a port of a host.
func (d Description) mayReach(host string) bool {
	return slices.ContainsFunc(d.Targets, func(text string) bool {
		target, err := ParseTarget(text)
		return err == nil && target.host == strings.ToLower(host)
	})
}
