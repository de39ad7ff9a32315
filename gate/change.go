package gate

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"

	"github.com/ombak-sim/ombak/resilience"
)

// Standing is a policy as it stands in a gate now.
type Standing struct {
	At     string            `json:"at"`     // its place in the plan: entry or step:NAME
	Policy resilience.Policy `json:"policy"` // with all its settings
	Off    bool              `json:"off,omitempty"`
}

// Name returns the name of the policy and its place.
func (s Standing) Name() string { return s.Policy.Name + " at " + s.At }

// Standings returns the policies in the order in which requests pass them.
func (g *Gate) Standings() []Standing {
	all := make([]Standing, len(g.doors))
	for i, door := range g.doors {
		all[i] = door.standing()
	}
	return all
}

// errNotThere is the error of a change of a policy that the gate does not have.
var errNotThere = errors.New("no such policy stands in this gate")

// Change gives a policy other settings, or switches it off or on. What it has learned and who waits at it stays; see the
// Changes of its descriptor. It takes effect before Change returns.
func (g *Gate) Change(to Standing) error {
	for _, door := range g.doors {
		if door.door.At == to.At && door.door.Policy.Name == to.Policy.Name {
			if err := door.change(to); err != nil {
				return fmt.Errorf("%s: %w", to.Name(), err)
			}
			return nil
		}
	}
	return fmt.Errorf("%s: %w", to.Name(), errNotThere)
}

func (d *doorway) standing() Standing {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	return d.now
}

// change changes the policy of a door, if it may change so.
func (d *doorway) change(to Standing) error {
	config, err := to.Policy.Config()
	if err != nil {
		return err
	}
	d.mutex.Lock()
	defer d.mutex.Unlock()
	changes := to.Policy.Descriptor().Changes
	if to.Off && changes.Always {
		return fmt.Errorf("it cannot be switched off: %s", changes.WhyNot)
	}
	if key := otherwise(d.now.Policy, to.Policy); key != "" {
		return fmt.Errorf("%s cannot change: %s", key, to.Policy.Descriptor().May(key))
	}
	d.keeper.change(config, !to.Off)
	d.now = to
	return nil
}

// otherwise returns the first setting that differs and cannot change, or "".
func otherwise(from, to resilience.Policy) string {
	before, after := settingsOf(from), settingsOf(to)
	for _, key := range slices.Sorted(maps.Keys(before)) {
		if !slices.Contains(to.Descriptor().Changes.Keys, key) && !reflect.DeepEqual(before[key], after[key]) {
			return key
		}
	}
	for _, key := range slices.Sorted(maps.Keys(after)) {
		if _, known := before[key]; !known && !slices.Contains(to.Descriptor().Changes.Keys, key) {
			return key
		}
	}
	return ""
}

// settingsOf returns the settings of a policy that are not 0, by their keys.
func settingsOf(policy resilience.Policy) map[string]any {
	settings := map[string]any{}
	text, err := json.Marshal(policy)
	if err == nil {
		err = json.Unmarshal(text, &settings)
	}
	if err != nil {
		panic(err) // settings are plain data
	}
	return settings
}

func (k queueKeeper) change(config resilience.Config, on bool) {
	k.queue.Change(config.(resilience.Gated).Gate(), on) //nolint:forcetypeassert // a policy of the same name
}

func (k *filterKeeper) change(config resilience.Config, on bool) {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	if filter, can := k.filter.(resilience.Changing); can {
		filter.Change(time.Since(k.began), config, on)
	}
}

func (k *roomKeeper) change(config resilience.Config, on bool) {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	k.keeper.Change(time.Since(k.began), config.(resilience.RoomConfig), on) //nolint:forcetypeassert // a policy of the same name
}
