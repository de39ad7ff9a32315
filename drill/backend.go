package drill

import (
	"crypto/sha256"
	"slices"
	"sort"
	"strconv"
	"time"

	"github.com/ombak-sim/ombak/backend"
	"github.com/ombak-sim/ombak/backend/registry"
)

// The backend's account at the mock of Dukcapil. Nothing real is behind it.
const (
	institution = "ombak"
	account     = "prakerja"
	password    = "not-a-secret"
)

// DukcapilAccount says with what a client of the mock of Dukcapil makes itself known.
func DukcapilAccount() string {
	return "institution " + institution + ", USER_ID " + account + ", PASSWORD " + password + ", any IP_USER"
}

// backendConfig maps the scenario and plan to the reference backend; addresses are filled in once
// the mocks are ready.
func (r *Run) backendConfig() (backend.Config, error) {
	s := r.Scenario
	config := backend.Config{
		Fresh: true, BatchRows: s.Backend.BatchRows, BatchAge: s.Backend.BatchAge, Durability: s.Backend.Durability, Key: r.key(),
		Quota: s.Backend.Quota, LinkTTL: s.Backend.LinkTTL,
	}
	if config.Quota > 0 {
		config.Quota = scaledCount(config.Quota, orOne(r.Options.ScaleSystem))
	}
	config.Dukcapil.Institution, config.Dukcapil.User, config.Dukcapil.Password, config.Dukcapil.IP = institution, account, password, "127.0.0.1"
	config.Mail.Connections = s.Backend.MailConnections
	config.Passwords, config.PasswordSlots = s.Backend.Passwords, s.Backend.PasswordSlots
	config.QueuedIdentity, config.TestDelay, config.Required = s.Backend.QueuedIdentity, s.Backend.TestDelay, s.Backend.Required
	for name, dependency := range s.Dependencies {
		changeRegistry(&config, dependency.Kind, func(r *registry.Config) { r.Timeout = s.Backend.CallTimeouts[name] })
	}
	return config, r.protectBackend(&config)
}

// changeRegistry changes what the backend knows of a registry, and reports whether the kind of dependency is one.
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

// key derives a drill's key from the seed, which is public: its people are made up, and its database must
// be readable for reconciliation. A backend that runs alone has a key of its own (see ServeBackend).
func (r *Run) key() []byte {
	sum := sha256.Sum256([]byte("ombak drill store key " + strconv.FormatUint(r.Scenario.Seed, 10)))
	return sum[:]
}

// connect enters the mocks' addresses.
func connect(config *backend.Config, addresses map[string]string) {
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

func sortedNames[T any](parts map[string]T) []string {
	names := make([]string, 0, len(parts))
	for name := range parts {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// domainClock returns the scenario's own time: opens, plus the scenario time since the run began.
func domainClock(opens time.Time, scenarioTime func() time.Duration) func() time.Time {
	return func() time.Time { return opens.Add(scenarioTime()) }
}
