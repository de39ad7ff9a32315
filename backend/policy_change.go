package backend

import (
	"errors"
	"fmt"
	"time"

	"github.com/ombak-sim/ombak/resilience"
)

// PolicyChange gives a policy other settings while the service runs, or switches it off or on. What it has learned and who
// waits at it stays; see the Changes of its descriptor.
type PolicyChange struct {
	Door     string            `json:"door,omitempty"`     // name of a door
	Registry string            `json:"registry,omitempty"` // or of a registry, whose calls the policy protects
	Policy   resilience.Policy `json:"policy"`             // with all its settings
	Off      bool              `json:"off,omitempty"`
}

// errNotThere is the error of a change of a policy that the service does not have.
var errNotThere = errors.New("no such policy stands there")

// Change changes a policy. It takes effect before it returns.
func (s *Server) Change(change PolicyChange) error {
	config, err := change.Policy.Config()
	if err != nil {
		return fmt.Errorf("%s: %w", change.Policy.Name, err)
	}
	if change.Registry != "" {
		return s.changeCalls(change, config)
	}
	for i, guard := range s.doors {
		if stands := s.config.Doors[i]; stands.Name == change.Door && stands.Policy.Name == change.Policy.Name {
			guard.door.change(config, !change.Off)
			return nil
		}
	}
	return fmt.Errorf("%s at %s: %w", change.Policy.Name, change.Door, errNotThere)
}

// changeCalls changes a policy in front of a registry's calls.
func (s *Server) changeCalls(change PolicyChange, config resilience.Config) error {
	changed := false
	if s.dukcapil != nil && s.dukcapil.Name() == change.Registry {
		changed = s.dukcapil.Change(config, !change.Off)
	}
	for _, asked := range s.questioned {
		if asked.Name() == change.Registry {
			changed = asked.Change(config, !change.Off) || changed
		}
	}
	if !changed {
		return fmt.Errorf("%s at the calls of %s: %w", change.Policy.Name, change.Registry, errNotThere)
	}
	return nil
}

func (d *gateDoor) change(config resilience.Config, on bool) {
	d.gate.Change(config.(resilience.Gated).Gate(), on) //nolint:forcetypeassert // a policy of the same name
}

func (d *filterDoor) change(config resilience.Config, on bool) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	if filter, can := d.filter.(resilience.Changing); can {
		filter.Change(d.since(), config, on)
	}
}

func (d *roomDoor) change(config resilience.Config, on bool) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	now := time.Since(d.began)
	d.keeper.Change(now, config.(resilience.RoomConfig), on) //nolint:forcetypeassert // a policy of the same name
	d.count(now)
}
