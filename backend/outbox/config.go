package outbox

import (
	"cmp"
	"time"
)

// SMSConfig describes the gateway for short messages.
type SMSConfig struct {
	URL         string        `json:"url"`
	Connections int           `json:"connections,omitempty"` // each sends one message at a time; default 4
	Timeout     time.Duration `json:"timeout,omitempty"`     // per message; default 10 s
	Backoff     time.Duration `json:"backoff,omitempty"`     // before the second attempt, doubled before each further one; default 1 s
	BackoffMax  time.Duration `json:"backoff_max,omitempty"` // default 1 min
	Attempts    int           `json:"attempts,omitempty"`    // failed attempts after which a message is dead; default 5
	Locale      string        `json:"locale,omitempty"`      // language of the messages: id, en or in; empty means English
}

// MailConfig describes how mail is sent.
type MailConfig struct {
	SMTP        string        `json:"smtp"`                  // address of the mail server
	From        string        `json:"from,omitempty"`        // default no-reply@ombak.invalid
	Connections int           `json:"connections,omitempty"` // kept open; each sends one mail at a time; default 4
	Timeout     time.Duration `json:"timeout,omitempty"`     // per command; default 10 s
	Backoff     time.Duration `json:"backoff,omitempty"`     // before the second attempt, doubled before each further one; default 1 s
	BackoffMax  time.Duration `json:"backoff_max,omitempty"` // default 5 min
	Attempts    int           `json:"attempts,omitempty"`    // temporary rejections after which a mail is dead; default 20
	Locale      string        `json:"locale,omitempty"`      // language of the mails: id, en or in; empty means English
}

// WithDefaults returns the config with defaults for unset fields.
func (c SMSConfig) WithDefaults() SMSConfig {
	c.Connections, c.Attempts = cmp.Or(c.Connections, 4), cmp.Or(c.Attempts, 5)
	c.Timeout, c.Backoff, c.BackoffMax = cmp.Or(c.Timeout, 10*time.Second), cmp.Or(c.Backoff, time.Second), cmp.Or(c.BackoffMax, time.Minute)
	return c
}

// WithDefaults returns the config with defaults for unset fields.
func (c MailConfig) WithDefaults() MailConfig {
	c.From, c.Connections, c.Attempts = cmp.Or(c.From, "no-reply@ombak.invalid"), cmp.Or(c.Connections, 4), cmp.Or(c.Attempts, 20)
	c.Timeout, c.Backoff, c.BackoffMax = cmp.Or(c.Timeout, 10*time.Second), cmp.Or(c.Backoff, time.Second), cmp.Or(c.BackoffMax, 5*time.Minute)
	return c
}
