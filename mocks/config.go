package mocks

import (
	"fmt"
	"time"

	"github.com/ombak-sim/ombak/population"
	"github.com/ombak-sim/ombak/workload"
)

// Config describes all mocks. An empty Listen means a free port of this machine.
type Config struct {
	Seed     workload.Seed     `yaml:"-" json:"seed"`
	Opens    time.Time         `yaml:"opens" json:"opens"` // time zero of the scenario
	Shares   population.Shares `yaml:"population" json:"population"`
	Dukcapil Dukcapil          `yaml:"dukcapil" json:"dukcapil"`
	Dapodik  Registry          `yaml:"dapodik" json:"dapodik"`
	DTKS     Registry          `yaml:"dtks" json:"dtks"`
	Mail     Mail              `yaml:"mail" json:"mail"`
}

// Registry describes a registry of which one asks about a NIK.
type Registry struct {
	Listen  string           `yaml:"listen,omitempty" json:"listen,omitempty"`
	Service workload.Service `yaml:"service" json:"service"`
}

// Dukcapil describes the identity registry. An empty credential is not checked.
type Dukcapil struct {
	Registry    `yaml:",inline"`
	Institution string `yaml:"institution,omitempty" json:"institution,omitempty"`
	User        string `yaml:"user,omitempty" json:"user,omitempty"`
	Password    string `yaml:"password,omitempty" json:"password,omitempty"`
}

// Mail describes the mail server.
type Mail struct {
	Listen      string                `yaml:"listen,omitempty" json:"listen,omitempty"`             // mailboxes, HTTP
	ListenSMTP  string                `yaml:"listen_smtp,omitempty" json:"listen_smtp,omitempty"`   // where messages are handed in
	Service     workload.Service      `yaml:"service" json:"service"`                               // of handing in one message
	Delivery    workload.Distribution `yaml:"delivery" json:"delivery"`                             // real time from handing in to the mailbox
	MemoryBytes int64                 `yaml:"memory_bytes,omitempty" json:"memory_bytes,omitempty"` // most bytes of kept messages, the oldest go first; 0 means 256 MiB
}

// Names of the mocks in [Mocks.Addresses] and of their stations in readings.
const (
	dukcapilName = "dukcapil"
	dapodikName  = "dapodik"
	dtksName     = "dtks"
	mailName     = "mail"      // the mailboxes; as a station, the handing in of messages
	smtpName     = "mail-smtp" // the address alone
)

// Validate returns the first fault of the description, naming the part.
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
	return nil
}
