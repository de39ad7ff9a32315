package backend

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/url"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/ombak-sim/ombak/backend/outbox"
	"github.com/ombak-sim/ombak/backend/registry"
	"github.com/ombak-sim/ombak/backend/store"
	"github.com/ombak-sim/ombak/listener"
	"github.com/ombak-sim/ombak/resilience"
)

// Config describes the service. The zero value of an optional field selects its default.
type Config struct {
	Listen               string                     `json:"listen,omitempty"`                 // address to listen on; default 127.0.0.1:0, a free port
	Admin                string                     `json:"admin,omitempty"`                  // address of /healthz, /readyz and /metrics; empty means none
	Database             string                     `json:"database"`                         // path of the SQLite file, or the URL of PostgreSQL
	Fresh                bool                       `json:"fresh,omitempty"`                  // refuse a database that already holds people
	Durability           string                     `json:"durability,omitempty"`             // group-fsync (default), per-request-fsync, or async, which is unsafe
	BatchRows            int                        `json:"batch_rows,omitempty"`             // most operations in one transaction; default 512
	BatchAge             time.Duration              `json:"batch_age,omitempty"`              // how long a transaction waits for more operations; default 2 ms
	Key                  []byte                     `json:"key"`                              // 32 bytes from which every other key is derived
	PhotoDir             string                     `json:"photo_dir,omitempty"`              // SQLite only; default: photos beside the database. PostgreSQL stores photos in the database
	Quota                int                        `json:"quota,omitempty"`                  // most members of a batch; 0 means no limit
	Stocks               map[string]int             `json:"stocks,omitempty"`                 // how many there are of what people book, by name; more can be opened at the admin listener
	Guests               bool                       `json:"guests,omitempty"`                 // people may book without a session, by name, address and phone
	Proof                string                     `json:"proof,omitempty"`                  // what carries the code of a sign-up: mail (default), with a link, or sms
	Locale               string                     `json:"locale,omitempty"`                 // language of mails and short messages: id, en or in; empty means English
	LinkBase             string                     `json:"link_base,omitempty"`              // prefix of the links in mails; default: the address of the service
	LinkTTL              time.Duration              `json:"link_ttl,omitempty"`               // lifetime of a link; default 24 h
	SessionTTL           time.Duration              `json:"session_ttl,omitempty"`            // lifetime of a session; default 24 h
	MailPause            time.Duration              `json:"mail_pause,omitempty"`             // minimum time between two mails to one address; default 60 s
	Passwords            string                     `json:"passwords,omitempty"`              // empty (none), at-signup or after-verify
	PasswordSlots        int                        `json:"password_slots,omitempty"`         // passwords hashed at once; default: one per core
	QueuedIdentity       bool                       `json:"queued_identity,omitempty"`        // accept an identity at once and ask the registry later
	OTPTTL               time.Duration              `json:"otp_ttl,omitempty"`                // lifetime of a phone's code; default 5 min
	OTPPause             time.Duration              `json:"otp_pause,omitempty"`              // minimum time between two codes to one person; default 60 s
	TestDelay            time.Duration              `json:"test_delay,omitempty"`             // time from submitting the test to its score
	Required             []string                   `json:"required,omitempty"`               // steps required before joining, besides identity and eligibility
	Connections          int                        `json:"connections,omitempty"`            // most open connections; at that number idle ones are closed; 0 means as many as the process has descriptors for
	ConnectionsPerClient int                        `json:"connections_per_client,omitempty"` // most connections from one address; 0 means no limit
	AdminToken           string                     `json:"admin_token,omitempty"`            // bearer token for what changes the service, and for profiles; empty refuses both
	Profiling            bool                       `json:"profiling,omitempty"`              // serve /debug/pprof on the admin listener
	SMS                  outbox.SMSConfig           `json:"sms,omitzero"`                     // proves phones; without a URL no code is sent
	Dukcapil             registry.DukcapilConfig    `json:"dukcapil,omitzero"`                // checks identities; without a URL the step does not exist
	Registries           map[string]registry.Config `json:"registries,omitempty"`             // by the names of [registry.Questions]; a registry without a URL is not queried
	Questions            resilience.DeferConfig     `json:"questions,omitzero"`               // queue of deferred identity checks; default 10 workers, 10,000,000 waiting, pauses from 5 s to 5 min
	Doors                []DoorConfig               `json:"doors,omitempty"`                  // in front of the service, in this order
	Mail                 outbox.MailConfig          `json:"mail,omitzero"`                    // without SMTP, mails stay in the outbox

	Wall     func() time.Time `json:"-"` // the wall clock of what is stamped or expires; default time.Now
	Now      func() time.Time `json:"-"` // the scenario's clock, used for ages; default time.Now
	Log      *slog.Logger     `json:"-"` // problems outside the service; default none
	Listener net.Listener     `json:"-"` // used instead of Listen
}

// The values of Config.Proof.
const (
	ProofByMail = "mail"
	ProofBySMS  = "sms"
)

// DefaultBatchAge is short compared with the response time of a request, and it saves most commits under load:
// batches grew from 6 operations at 0 ms to 48 at 2 ms, with about a fifth less CPU time per person
// (BenchmarkWholeWay).
const DefaultBatchAge = 2 * time.Millisecond

// setDefault sets a field that was left out.
func setDefault[T comparable](field *T, fallback T) {
	var zero T
	if *field == zero {
		*field = fallback
	}
}

// withDefaults returns the config with every optional field set, except LinkBase, which needs the listener.
func (c Config) withDefaults() Config {
	setDefault(&c.Listen, "127.0.0.1:0")
	setDefault(&c.Connections, listener.MostConnections())
	setDefault(&c.BatchAge, DefaultBatchAge)
	setDefault(&c.PhotoDir, filepath.Join(filepath.Dir(c.Database), "photos"))
	setDefault(&c.LinkTTL, 24*time.Hour)
	setDefault(&c.SessionTTL, 24*time.Hour)
	setDefault(&c.MailPause, time.Minute)
	c.Dukcapil = c.Dukcapil.WithDefaults()
	c.Registries = maps.Clone(c.Registries)
	for name, registry := range c.Registries {
		c.Registries[name] = registry.WithDefaults()
	}
	c.Mail, c.SMS = c.Mail.WithDefaults(), c.SMS.WithDefaults()
	setDefault(&c.Mail.Locale, c.Locale)
	setDefault(&c.SMS.Locale, c.Locale)
	setDefault(&c.Proof, ProofByMail)
	setDefault(&c.PasswordSlots, runtime.GOMAXPROCS(0))
	setDefault(&c.Questions.Workers, 10)
	setDefault(&c.Questions.Backlog, 10_000_000)
	setDefault(&c.Questions.Pause, 5*time.Second)
	setDefault(&c.Questions.Longest, max(c.Questions.Pause, 5*time.Minute))
	setDefault(&c.OTPTTL, 5*time.Minute)
	setDefault(&c.OTPPause, time.Minute)
	setDefault(&c.Log, slog.New(slog.DiscardHandler))
	if c.Wall == nil {
		c.Wall = time.Now
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

// Validate reports every fault of the config.
func (c Config) Validate() error {
	var errs []error
	fault := func(bad bool, format string, args ...any) {
		if bad {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	fault(c.Database == "", "database is missing; name the SQLite file")
	fault(len(c.Key) != store.KeySize, "key has %d bytes; it must have %d", len(c.Key), store.KeySize)
	fault(!slices.Contains([]string{"", PasswordAtSignUp, PasswordAfterVerify}, c.Passwords), "passwords is %q; use at-signup or after-verify, or leave it out", c.Passwords)
	fault(!slices.Contains([]string{"", string(store.GroupFsync), string(store.PerRequestFsync), string(store.Async)}, c.Durability),
		"durability is %q; use group-fsync, per-request-fsync or async", c.Durability)
	for _, step := range c.Required {
		fault(!slices.Contains(requirable[:], step), "required step %q is unknown; use one of %s", step, strings.Join(requirable[:], ", "))
	}
	fault(c.Quota < 0, "quota is %d; it must be 0 (meaning no limit) or more", c.Quota)
	for _, name := range slices.Sorted(maps.Keys(c.Stocks)) {
		fault(!isStock(name), "stock %q is named wrongly: %s", name, stockNames)
		fault(c.Stocks[name] < 0 || c.Stocks[name] > largestStock, "stock %s: there are %d; give 0 to %d", name, c.Stocks[name], largestStock)
	}
	fault(!slices.Contains([]string{"", ProofByMail, ProofBySMS}, c.Proof), "proof is %q; use mail or sms", c.Proof)
	fault(c.Locale != "" && !slices.Contains(outbox.Locales(), c.Locale), "locale is %q; use one of %s", c.Locale, strings.Join(outbox.Locales(), ", "))
	fault(c.BatchRows < 0, "batch_rows is %d; it must be 0 (meaning the default) or more", c.BatchRows)
	fault(c.Dukcapil.Threshold < 0 || c.Dukcapil.Threshold > 100, "dukcapil: threshold is %d; it must be from 1 to 100", c.Dukcapil.Threshold)
	fault(c.Mail.Connections < 0, "mail: connections is %d; it must be 1 or more", c.Mail.Connections)
	fault(c.Connections < 0, "connections is %d; it must be 0 (meaning as many as the process has descriptors for) or more", c.Connections)
	fault(c.ConnectionsPerClient < 0, "connections_per_client is %d; it must be 0 (meaning no limit) or more", c.ConnectionsPerClient)
	if err := CheckLinkBase(c.LinkBase); c.LinkBase != "" && err != nil {
		errs = append(errs, fmt.Errorf("link_base: %w", err))
	}
	for _, d := range []time.Duration{c.BatchAge, c.LinkTTL, c.SessionTTL, c.MailPause, c.Mail.Timeout, c.Mail.Backoff, c.Mail.BackoffMax} {
		fault(d < 0, "a duration is %v; none may be negative", d)
	}
	if err := c.withDefaults().Questions.Validate(); err != nil {
		errs = append(errs, fmt.Errorf("questions: %w", err))
	}
	if err := c.Dukcapil.Validate(); err != nil {
		errs = append(errs, fmt.Errorf("%s: %w", registry.DukcapilName, err))
	}
	for name, config := range c.Registries {
		fault(!slices.Contains(registry.Names(), name), "registry %q is unknown; use one of %s", name, strings.Join(registry.Names(), ", "))
		if err := config.Validate(); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", name, err))
		}
	}
	return errors.Join(errs...)
}

// CheckLinkBase reports what is wrong with LinkBase.
func CheckLinkBase(text string) error {
	base, err := url.Parse(text)
	if err != nil {
		return err
	}
	if base.Scheme != "http" && base.Scheme != "https" || base.Hostname() == "" || base.User != nil || strings.ContainsAny(text, "?# ") {
		return fmt.Errorf("%q must begin with http:// or https:// and name a host, without a user, query or fragment", text)
	}
	return nil
}
