package setup

import (
	"crypto/sha256"
	"slices"
	"strconv"

	"github.com/ombak-sim/ombak/backend"
	"github.com/ombak-sim/ombak/backend/registry"
)

// The backend's account at the mock of Dukcapil. Nothing real is behind it.
const (
	institution = "ombak"
	account     = "prakerja"
	password    = "not-a-secret"
)

// DukcapilAccount describes the account that the mock of Dukcapil accepts.
func DukcapilAccount() string {
	return "institution " + institution + ", USER_ID " + account + ", PASSWORD " + password + ", any IP_USER"
}

// backend maps the scenario and plan to the reference backend; addresses are filled in once
// the mocks are ready.
func (p *Planned) backend() (backend.Config, error) {
	s := p.Scenario
	config := backend.Config{
		Fresh: true, BatchRows: s.Backend.BatchRows, BatchAge: s.Backend.BatchAge, Durability: s.Backend.Durability, Key: p.key(),
		Quota: s.Backend.Quota, LinkTTL: s.Backend.LinkTTL,
	}
	if config.Quota > 0 {
		config.Quota = scaledCount(config.Quota, p.Options.ScaleSystem)
	}
	config.Dukcapil.Institution, config.Dukcapil.User, config.Dukcapil.Password, config.Dukcapil.IP = institution, account, password, "127.0.0.1"
	for name, count := range s.Backend.Stocks {
		if config.Stocks == nil {
			config.Stocks = map[string]int{}
		}
		config.Stocks[name] = scaledCount(count, p.Options.ScaleSystem)
	}
	config.Guests, config.Proof, config.Locale = s.Backend.Guests, s.Backend.Proof, s.Population.Locale
	config.Mail.Connections = s.Backend.MailConnections
	if s.Backend.SMSConnections > 0 {
		config.SMS.Connections = scaledCount(s.Backend.SMSConnections, p.Options.ScaleSystem)
	}
	config.Passwords, config.PasswordSlots = s.Backend.Passwords, s.Backend.PasswordSlots
	config.QueuedIdentity, config.TestDelay, config.Required = s.Backend.QueuedIdentity, s.Backend.TestDelay, s.Backend.Required
	for name, dependency := range s.Dependencies {
		changeRegistry(&config, dependency.Kind, func(r *registry.Config) { r.Timeout = s.Backend.CallTimeouts[name] })
	}
	return config, p.protectBackend(&config)
}

// changeRegistry changes the settings of a registry, and reports whether the kind of dependency is a registry.
func changeRegistry(config *backend.Config, kind string, change func(*registry.Config)) bool {
	switch {
	case kind == registry.DukcapilName:
		change(&config.Dukcapil.Config)
	case slices.Contains(registry.Names(), kind):
		changed := config.Registries[kind]
		change(&changed)
		if config.Registries == nil {
			config.Registries = map[string]registry.Config{}
		}
		config.Registries[kind] = changed
	default:
		return false
	}
	return true
}

// key derives a drill's key from the seed. The seed is public, but a drill's people are invented, and
// reconciliation must read the database. A backend that runs alone has a secret key instead.
func (p *Planned) key() []byte {
	sum := sha256.Sum256([]byte("ombak drill store key " + strconv.FormatUint(p.Scenario.Seed, 10)))
	return sum[:]
}

// Connect enters the mocks' addresses.
func Connect(config *backend.Config, addresses map[string]string) {
	for _, name := range registry.Names() {
		if address, known := addresses[name]; known {
			changeRegistry(config, name, func(r *registry.Config) { r.URL = "http://" + address })
		}
	}
	config.Mail.SMTP = addresses["mail-smtp"]
	if address, known := addresses["sms"]; known {
		config.SMS.URL = "http://" + address
	}
}
