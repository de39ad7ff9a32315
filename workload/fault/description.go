package fault

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Description is a fault as people write it, in a scenario file or by hand.
type Description struct {
	Fault       string         `json:"fault"`                 // a kind, or the name of a set
	At          time.Duration  `json:"at,omitempty"`          // scenario time
	For         time.Duration  `json:"for,omitempty"`         // scenario time; 0 means to the end
	Ramp        time.Duration  `json:"ramp,omitempty"`        // scenario time; 0 means the set's own
	Probability float64        `json:"probability,omitempty"` // share of requests; 0 means the set's own
	With        map[string]any `json:"with,omitempty"`        // its own settings, as in delay: 2s
}

// Faults returns the faults that the description stands for, at a dependency of a kind: dukcapil,
// dapodik, dtks, mail, sms or generic.
func (d Description) Faults(dependency string) (Schedule, error) {
	set, named := Named(d.Fault)
	if !named {
		set = Set{Faults: Schedule{{Kind: Kind(d.Fault)}}}
		if !slices.Contains(Kinds(), Kind(d.Fault)) {
			return nil, fmt.Errorf("fault %q is unknown; use %s, or a set: %s", d.Fault, kindNames(), setNames())
		}
	}
	if named && !slices.Contains(set.Of, dependency) {
		return nil, fmt.Errorf("fault %s is of %s, not of %s", d.Fault, strings.Join(set.Of, ", "), dependency)
	}
	schedule := make(Schedule, 0, len(set.Faults))
	for _, f := range set.Faults {
		if !f.Kind.Befalls(dependency) {
			return nil, fmt.Errorf("fault %s does not apply to a dependency of kind %s", f.Kind, dependency)
		}
		f.Name = d.Fault
		f.At, f.For = d.At, d.For
		if d.Ramp != 0 {
			f.Ramp = d.Ramp
		}
		if d.Probability != 0 {
			f.Probability = d.Probability
		}
		if err := f.read(d.With); err != nil {
			return nil, fmt.Errorf("fault %s: %w", d.Fault, err)
		}
		schedule = append(schedule, f)
	}
	return schedule, schedule.Validate()
}

// read sets the settings that depend on the kind.
func (f *Fault) read(with map[string]any) error {
	for _, name := range slices.Sorted(maps.Keys(with)) {
		text := fmt.Sprint(with[name])
		var err error
		switch name {
		case "capacity":
			f.Capacity, err = readShare(text)
		case "quota":
			f.Quota, err = readShare(text)
		case "clients":
			f.Clients, err = readShare(text)
		case "on":
			f.On, err = readShare(text)
		case "delay":
			f.Delay, err = time.ParseDuration(text)
		case "every":
			f.Every, err = time.ParseDuration(text)
		case "fade":
			f.Fade, err = time.ParseDuration(text)
		case "skew":
			f.Skew, err = time.ParseDuration(text)
		case "age":
			f.Age, err = time.ParseDuration(text)
		case "text":
			f.Text = text
		case "status":
			f.Status, err = strconv.Atoi(text)
		default:
			err = fmt.Errorf("there is no such setting; use capacity, quota, clients, delay, status, text, skew, age, every, on or fade")
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// readShare reads 0.2 or 20%.
func readShare(text string) (float64, error) {
	number, percent := strings.CutSuffix(strings.TrimSpace(text), "%")
	share, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if percent {
		share /= 100
	}
	if err != nil || !(share >= 0 && share <= 1) {
		return 0, fmt.Errorf("%q is not a share from 0%% to 100%%", text)
	}
	return share, nil
}
