package registry

import (
	"cmp"
	"fmt"
	"net/url"
	"time"

	"github.com/ombak-sim/ombak/resilience"
)

// Config describes a registry of another ministry.
type Config struct {
	URL      string              `json:"url"`                // empty means that the registry is not used
	Timeout  time.Duration       `json:"timeout,omitempty"`  // per call; default 10 s
	Policies []resilience.Policy `json:"policies,omitempty"` // in front of the calls
}

// WithDefaults returns the config with defaults for unset fields.
func (c Config) WithDefaults() Config {
	c.Timeout = cmp.Or(c.Timeout, DefaultTimeout)
	return c
}

// limit returns the initial concurrency limit; 0 means no limit.
func (c Config) limit() int {
	for _, policy := range c.Policies {
		config, err := policy.Config()
		if gated, isGated := config.(resilience.Gated); isGated && err == nil {
			return gated.Gate().Concurrency
		}
	}
	return 0
}

// Validate returns the first fault of the config.
func (c Config) Validate() error {
	if c.URL == "" {
		return nil
	}
	base, err := url.Parse(c.URL)
	switch {
	case err != nil:
		return fmt.Errorf("url: %w", err)
	case base.Scheme != "http" && base.Scheme != "https" || base.Host == "":
		return fmt.Errorf("url %q must begin with http:// or https:// and name a host", c.URL)
	case c.Timeout < 0:
		return fmt.Errorf("timeout is %v; it must be 0 (meaning the default) or more", c.Timeout)
	}
	for _, policy := range c.Policies {
		if _, err := policy.Config(); err != nil {
			return fmt.Errorf("%s: %w", policy.Name, err)
		}
	}
	return nil
}

// DukcapilConfig describes the population registry and the service's account there.
type DukcapilConfig struct {
	Config
	Institution string `json:"institution,omitempty"` // part of the address; default ombak
	User        string `json:"user,omitempty"`
	Password    string `json:"password,omitempty"`
	IP          string `json:"ip,omitempty"`        // the caller's registered address
	Threshold   int    `json:"threshold,omitempty"` // minimum score of a matching name, 1 to 100; default 90
}

// WithDefaults returns the config with defaults for unset fields.
func (c DukcapilConfig) WithDefaults() DukcapilConfig {
	c.Config = c.Config.WithDefaults()
	c.Institution, c.Threshold = cmp.Or(c.Institution, "ombak"), cmp.Or(c.Threshold, 90)
	return c
}

// DefaultTimeout is the timeout of a call to a registry that has none of its own.
const DefaultTimeout = 10 * time.Second
