package mocks

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/ombak-sim/ombak/population"
	"github.com/ombak-sim/ombak/workload"
	"github.com/ombak-sim/ombak/workload/fault"
)

// Config describes all mocks. An empty Listen selects a free port of this machine.
type Config struct {
	Seed       workload.Seed       `yaml:"-" json:"seed"`
	Opens      time.Time           `yaml:"opens" json:"opens"` // time zero of the scenario
	Shares     population.Shares   `yaml:"population" json:"population"`
	Locale     population.Locale   `yaml:"locale,omitempty" json:"locale,omitempty"` // of the names in registries
	Dukcapil   Dukcapil            `yaml:"dukcapil" json:"dukcapil"`
	Registries map[string]Registry `yaml:"registries" json:"registries,omitempty"` // by the names in [Registries], except Dukcapil
	Mail       Mail                `yaml:"mail" json:"mail"`
	SMS        *SMS                `yaml:"sms,omitempty" json:"sms,omitempty"`           // nil means none
	Generics   []Generic           `yaml:"generics,omitempty" json:"generics,omitempty"` // stand-ins for any other dependency
	Admin      Admin               `yaml:"admin" json:"admin"`
	Without    []string            `yaml:"without,omitempty" json:"without,omitempty"` // of dukcapil, dapodik, dtks and mail: those that do not run
}

// Trouble describes a mock's faults and its limit on connections.
type Trouble struct {
	Faults      fault.Schedule `yaml:"-" json:"faults,omitempty"`                          // by scenario time
	WarmUp      fault.WarmUp   `yaml:"-" json:"warm_up"`                                   // after an outage
	Connections int            `yaml:"connections,omitempty" json:"connections,omitempty"` // most open connections; 0 means no limit
}

// Registry describes a registry that is queried by NIK.
type Registry struct {
	Listen  string           `yaml:"listen,omitempty" json:"listen,omitempty"`
	Service workload.Service `yaml:"service" json:"service"`
	Trouble `yaml:",inline"`
}

// Dukcapil describes the identity registry. Empty credentials are not checked.
type Dukcapil struct {
	Registry    `yaml:",inline"`
	Institution string   `yaml:"institution,omitempty" json:"institution,omitempty"`
	User        string   `yaml:"user,omitempty" json:"user,omitempty"`
	Password    string   `yaml:"password,omitempty" json:"password,omitempty"`
	Address     string   `yaml:"address,omitempty" json:"address,omitempty"`   // IP_USER to which the account is bound
	Inactive    []string `yaml:"inactive,omitempty" json:"inactive,omitempty"` // users and institutions that are suspended
}

// Mail describes the mail server.
type Mail struct {
	Listen      string                `yaml:"listen,omitempty" json:"listen,omitempty"`             // HTTP address of the mailboxes
	ListenSMTP  string                `yaml:"listen_smtp,omitempty" json:"listen_smtp,omitempty"`   // address that accepts messages
	Service     workload.Service      `yaml:"service" json:"service"`                               // time to accept one message
	Delivery    workload.Distribution `yaml:"delivery" json:"delivery"`                             // real time from acceptance to the mailbox
	MemoryBytes int64                 `yaml:"memory_bytes,omitempty" json:"memory_bytes,omitempty"` // limit of stored messages; the oldest go first; 0 means 256 MiB
	Trouble     `yaml:",inline"`
}

// SMS describes the gateway for short messages.
type SMS struct {
	Listen    string                `yaml:"listen,omitempty" json:"listen,omitempty"`
	Service   workload.Service      `yaml:"service" json:"service"`                           // time to accept one message
	Delivery  workload.Distribution `yaml:"delivery" json:"delivery"`                         // real time from acceptance to the phone
	Loss      float64               `yaml:"loss,omitempty" json:"loss,omitempty"`             // share of messages that never arrive
	PerNumber workload.Rate         `yaml:"per_number,omitempty" json:"per_number,omitempty"` // most messages to one number, per second; 0 means no limit
	Trouble   `yaml:",inline"`
}

// Generic describes the stand-in for any other HTTP service.
type Generic struct {
	Name    string           `yaml:"name" json:"name"`
	Listen  string           `yaml:"listen,omitempty" json:"listen,omitempty"`
	Service workload.Service `yaml:"service" json:"service"`
	Routes  []Route          `yaml:"routes" json:"routes"`                   // the first match is used
	Calls   []Onward         `yaml:"calls,omitempty" json:"calls,omitempty"` // made one after another before it answers
	Record  string           `yaml:"record,omitempty" json:"record"`         // URL of the real service: forward every request to it and record the answers
	// Protos (texts of .proto files by name) or Descriptor (a FileDescriptorSet) make it answer gRPC instead of HTTP.
	Protos     map[string]string `yaml:"-" json:"protos,omitempty"`
	Descriptor []byte            `yaml:"-" json:"descriptor,omitempty"`
	Trouble    `yaml:",inline"`
}

// Admin describes the control API. Without a token it is off.
type Admin struct {
	Listen string `yaml:"listen,omitempty" json:"listen,omitempty"` // an address of this machine
	Token  string `yaml:"-" json:"token,omitempty"`
}

// Names of the mocks in [Mocks.Addresses] and of their stations in readings.
const (
	DukcapilName = "dukcapil"
	MailName     = "mail"      // the mailboxes; as a station, the acceptance of messages
	smtpName     = "mail-smtp" // address only
	smsName      = "sms"
	adminName    = "admin" // address only
	genericKind  = "generic"
)

// Validate returns the first fault of the config and names the part.
func (c Config) Validate() error {
	if c.Opens.IsZero() {
		return fmt.Errorf("opens is missing; give the instant at which registration opens, as in 2020-04-11T19:00:00+07:00")
	}
	if err := c.Shares.Validate(); err != nil {
		return fmt.Errorf("population: %w", err)
	}
	if c.Mail.MemoryBytes < 0 {
		return fmt.Errorf("mail: memory_bytes is %d; it must be 0 (meaning 256 MiB) or more", c.Mail.MemoryBytes)
	}
	if c.SMS != nil && !(c.SMS.Loss >= 0 && c.SMS.Loss <= 1) {
		return fmt.Errorf("sms: loss is %v; it is a share from 0 to 1", c.SMS.Loss)
	}
	if c.Admin.Token != "" && len(c.Admin.Token) < minToken {
		return fmt.Errorf("admin: the token has %d characters; give at least %d", len(c.Admin.Token), minToken)
	}
	for name := range c.Registries {
		if others := Registries()[1:]; !slices.Contains(others, name) {
			return fmt.Errorf("no registry is called %q; use %s", name, strings.Join(others, ", "))
		}
	}
	if err := c.validateNames(); err != nil {
		return err
	}
	return c.validateCalls()
}

// validateNames returns an error if two mocks have one name. A generic mock may have the name of a built-in one that does
// not run.
func (c Config) validateNames() error {
	taken := map[string]string{adminName: "the control API"}
	for _, name := range append(Registries(), MailName, smtpName) {
		taken[name] = "a mock that runs too"
	}
	for _, name := range c.Without {
		delete(taken, name)
	}
	if c.lacks(MailName) {
		delete(taken, smtpName)
	}
	if c.SMS != nil {
		taken[smsName] = "a mock that runs too"
	}
	for _, generic := range c.Generics {
		if other, is := taken[generic.Name]; is {
			return fmt.Errorf("a generic mock is called %q, which is the name of %s; give it a name of its own", generic.Name, other)
		}
		if generic.Name == "" {
			return fmt.Errorf("a generic mock has an empty name; give it a name of its own")
		}
		taken[generic.Name] = "another generic mock"
	}
	return nil
}

func (t Trouble) validate(kind string) error {
	if err := t.Faults.Validate(); err != nil {
		return err
	}
	for _, f := range t.Faults {
		if !f.Kind.Befalls(kind) {
			return fmt.Errorf("fault %s does not apply to a dependency of kind %s", f.Kind, kind)
		}
	}
	switch {
	case t.WarmUp.For < 0 || !(t.WarmUp.From >= 0 && t.WarmUp.From <= 1):
		return fmt.Errorf("warm_up has for %v and from %v; for must be 0 or more and from a share", t.WarmUp.For, t.WarmUp.From)
	case t.Connections < 0:
		return fmt.Errorf("connections is %d; it must be 0 (meaning no limit) or more", t.Connections)
	}
	return nil
}

// At returns the config with a free port of a host for every listener but the one of the control API.
func (c Config) At(host string) Config {
	free := net.JoinHostPort(host, "0")
	c.Dukcapil.Listen, c.Mail.Listen, c.Mail.ListenSMTP = free, free, free
	registries := map[string]Registry{}
	for _, name := range Registries() {
		if registry := c.Registries[name]; name != DukcapilName {
			registry.Listen = free
			registries[name] = registry
		}
	}
	c.Registries = registries
	if c.SMS != nil {
		sms := *c.SMS
		sms.Listen = free
		c.SMS = &sms
	}
	c.Generics = slices.Clone(c.Generics)
	for i := range c.Generics {
		c.Generics[i].Listen = free
	}
	return c
}
