package setup

import (
	"crypto/sha256"
	"strconv"

	"github.com/ombak-sim/ombak/backend"
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
	config.Mail.Connections = s.Backend.MailConnections
	config.Passwords, config.PasswordSlots = s.Backend.Passwords, s.Backend.PasswordSlots
	config.QueuedIdentity, config.TestDelay, config.Required = s.Backend.QueuedIdentity, s.Backend.TestDelay, s.Backend.Required
	for name, dependency := range s.Dependencies {
		if registry := registryOf(&config, dependency.Kind); registry != nil {
			registry.Timeout = s.Backend.CallTimeouts[name]
		}
	}
	return config, p.protectBackend(&config)
}

func registryOf(config *backend.Config, kind string) *backend.RegistryConfig {
	switch kind {
	case "dukcapil":
		return &config.Dukcapil.RegistryConfig
	case "dapodik":
		return &config.Dapodik
	case "dtks":
		return &config.DTKS
	}
	return nil
}

// key derives a drill's key from the seed. The seed is public, but a drill's people are invented, and
// reconciliation must read the database. A backend that runs alone has a secret key instead.
func (p *Planned) key() []byte {
	sum := sha256.Sum256([]byte("ombak drill store key " + strconv.FormatUint(p.Scenario.Seed, 10)))
	return sum[:]
}

// Connect enters the mocks' addresses.
func Connect(config *backend.Config, addresses map[string]string) {
	for name, registry := range map[string]*backend.RegistryConfig{"dukcapil": &config.Dukcapil.RegistryConfig, "dapodik": &config.Dapodik, "dtks": &config.DTKS} {
		if address, known := addresses[name]; known {
			registry.URL = "http://" + address
		}
	}
	config.Mail.SMTP = addresses["mail-smtp"]
	if address, known := addresses["sms"]; known {
		config.SMS.URL = "http://" + address
	}
}
