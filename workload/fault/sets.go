package fault

import (
	"strings"
	"time"
)

// Set is a named fault: one or more kinds with settings that make sense together. A description may override its times
// and probabilities.
type Set struct {
	Name    string
	Of      []string // kinds of dependency that it applies to
	Purpose string   // what the set shows
	Faults  Schedule
}

// Registries lists the kinds of dependency that answer questions about people.
func Registries() []string { return []string{"dukcapil", "dapodik", "dtks"} }

// Sets returns the named sets in the order of their documentation. Their figures are our assumptions.
func Sets() []Set {
	registries := Registries()
	return []Set{
		{
			"dukcapil-brownout",
			[]string{"dukcapil"},
			"the ministry's own servers give way: a fifth of the capacity is left, and queues grow",
			Schedule{{Kind: BrownOut, Capacity: 0.2}},
		},
		{"dukcapil-outage", []string{"dukcapil"}, "the registry answers 503 to everything", Schedule{{Kind: Outage}}},
		{
			"dukcapil-flapping",
			[]string{"dukcapil"},
			"up for ten seconds, down for ten: worse for breakers and retries than an outage",
			Schedule{{Kind: Outage, Every: 20 * time.Second}},
		},
		{"dukcapil-slow", []string{"dukcapil"}, "every check takes a server two seconds longer", Schedule{{Kind: Slow, Delay: 2 * time.Second}}},
		{"dukcapil-quota", []string{"dukcapil"}, "the daily quota is used up early: a tenth of it is left", Schedule{{Kind: QuotaCut, Quota: 0.1}}},
		{
			"dukcapil-suspended",
			[]string{"dukcapil"},
			"the service's account is suspended: a refusal with status 200 that does not depend on the person",
			Schedule{{Kind: Outage, Text: "User ID Tidak Aktif"}},
		},
		{
			"dukcapil-ip",
			[]string{"dukcapil"},
			"the service calls from an address that the registry does not know, as after a move",
			Schedule{{Kind: Outage, Text: "IP Tidak Sesuai"}},
		},
		{
			"registries-black-hole", registries, "a firewall drops everything: a client without a timeout waits for ever",
			Schedule{{Kind: BlackHole}},
		},
		{"registries-resets", registries, "one connection in ten is reset, as by a failing load balancer", Schedule{{Kind: Reset, Probability: 0.1}}},
		{
			"registries-garbage", registries, "a proxy spoils answers: some are noise, some end in their middle",
			Schedule{{Kind: Garbage, Probability: 0.1}, {Kind: Truncated, Probability: 0.1}},
		},
		{"registries-maintenance", registries, "a page for people with status 200 instead of JSON", Schedule{{Kind: WrongContent}}},
		{"registries-stale", registries, "a replica lags: some records are those of last month", Schedule{{Kind: Stale, Age: 30 * 24 * time.Hour, Probability: 0.1}}},
		{"mail-greylist", []string{"mail"}, "the mail server defers mail from unknown senders", Schedule{{Kind: Greylist, Delay: 30 * time.Second}}},
		{"mail-slow", []string{"mail"}, "handing in a mail takes a second longer, so that the outbox grows", Schedule{{Kind: Slow, Delay: time.Second}}},
		{"mail-outage", []string{"mail"}, "the mail server says 451 to everything", Schedule{{Kind: Outage}}},
		{"mail-loss", []string{"mail"}, "one mail in five is accepted and never arrives", Schedule{{Kind: Loss, Probability: 0.2}}},
		{"sms-loss", []string{"sms"}, "one SMS in five is accepted and never arrives", Schedule{{Kind: Loss, Probability: 0.2}}},
		{"sms-slow", []string{"sms"}, "the gateway takes three seconds longer", Schedule{{Kind: Slow, Delay: 3 * time.Second}}},
	}
}

// Named returns the set with a name.
func Named(name string) (Set, bool) {
	for _, set := range Sets() {
		if set.Name == name {
			return set, true
		}
	}
	return Set{}, false
}

func setNames() string {
	var names []string
	for _, set := range Sets() {
		names = append(names, set.Name)
	}
	return strings.Join(names, ", ")
}
