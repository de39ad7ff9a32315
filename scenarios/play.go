package scenarios

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/ombak-sim/ombak/workload"
)

// Play holds flags with which a scenario is played. Flags on the command line override them.
type Play struct {
	Plan        string        `yaml:"plan,omitempty" json:"plan,omitempty"`                 // --plan
	Seed        *uint64       `yaml:"seed,omitempty" json:"seed,omitempty"`                 // --seed
	Scale       float64       `yaml:"scale,omitempty" json:"scale,omitempty"`               // --scale
	ScaleSystem float64       `yaml:"scale_system,omitempty" json:"scale_system,omitempty"` // --scale-system
	Speed       float64       `yaml:"speed,omitempty" json:"speed,omitempty"`               // --speed
	MaxRate     workload.Rate `yaml:"max_rate,omitempty" json:"max_rate,omitempty"`         // --max-rate
	MaxWork     workload.Rate `yaml:"max_work,omitempty" json:"max_work,omitempty"`         // --max-work
	Window      string        `yaml:"window,omitempty" json:"window,omitempty"`             // --window
	Thresholds  []string      `yaml:"thresholds,omitempty" json:"thresholds,omitempty"`     // --threshold
	GateURL     string        `yaml:"gate_url,omitempty" json:"gate_url,omitempty"`         // --gate-url
	MocksURL    string        `yaml:"mocks_url,omitempty" json:"mocks_url,omitempty"`       // --mocks-url
}

// Flag is a flag of the command line and its value.
type Flag struct{ Name, Value string }

// Flags returns the flags that are given.
func (p Play) Flags() []Flag {
	var flags []Flag
	number := func(name string, value float64, unit string) {
		if value != 0 {
			flags = append(flags, Flag{name, strconv.FormatFloat(value, 'g', -1, 64) + unit})
		}
	}
	if p.Plan != "" {
		flags = append(flags, Flag{"plan", p.Plan})
	}
	if p.Seed != nil {
		flags = append(flags, Flag{"seed", strconv.FormatUint(*p.Seed, 10)})
	}
	number("scale", p.Scale, "")
	number("scale-system", p.ScaleSystem, "")
	number("speed", p.Speed, "")
	number("max-rate", float64(p.MaxRate), "/s")
	number("max-work", float64(p.MaxWork), "/s")
	if p.Window != "" {
		flags = append(flags, Flag{"window", p.Window})
	}
	if p.GateURL != "" {
		flags = append(flags, Flag{"gate-url", p.GateURL})
	}
	if p.MocksURL != "" {
		flags = append(flags, Flag{"mocks-url", p.MocksURL})
	}
	for _, threshold := range p.Thresholds {
		flags = append(flags, Flag{"threshold", threshold})
	}
	return flags
}

// validatePlay reports flags that cannot be. What depends on the command is checked there.
func (s *Scenario) validatePlay() {
	for name, value := range map[string]float64{"scale": s.Play.Scale, "scale_system": s.Play.ScaleSystem, "speed": s.Play.Speed} {
		if !(value >= 0) {
			s.source.faultAt("play."+name, "give a number above 0", "%v is not a factor", value)
		}
	}
	if plan := s.Play.Plan; plan != "" && s.plan == "" {
		if _, err := s.chain(plan, nil); err != nil {
			s.source.faultAt("play.plan", "", "%v", err)
		}
	}
	for key, address := range map[string]string{"gate_url": s.Play.GateURL, "mocks_url": s.Play.MocksURL} {
		if parsed, err := url.Parse(address); address != "" && (err != nil || parsed.Scheme != "http" || parsed.Host == "" || parsed.User != nil) {
			s.source.faultAt("play."+key, "give a URL without a login, for example http://127.0.0.1:9000", "%q is not such a URL", address)
		}
	}
	if window := s.Play.Window; window != "" && !strings.Contains(window, "..") {
		s.source.faultAt("play.window", "write FROM..TO, as in 10m..20m", "%q is not a window", window)
	}
}
