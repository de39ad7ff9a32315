package fault

import (
	"slices"
	"strings"
)

// Kind is what a fault does.
type Kind string

// The kinds.
const (
	BrownOut     Kind = "brown-out"     // capacity falls to the factor Capacity, as when servers are lost
	Slow         Kind = "slow"          // every answer takes a server Delay longer
	QuotaCut     Kind = "quota-cut"     // the quota of the day falls to the factor Quota
	Outage       Kind = "outage"        // requests fail at once, with Status
	BlackHole    Kind = "black-hole"    // requests are accepted and never answered
	Refused      Kind = "refused"       // connections are cut as soon as they are made
	Reset        Kind = "reset"         // the connection is reset instead of an answer
	Garbage      Kind = "garbage"       // the body is noise of the right length
	Truncated    Kind = "truncated"     // the answer ends in the middle
	SlowBody     Kind = "slow-body"     // the body trickles in over Delay
	WrongContent Kind = "wrong-content" // a page for people, with status 200, instead of the answer
	ClockSkew    Kind = "clock-skew"    // the dependency's clock is off by Skew
	Stale        Kind = "stale"         // the answer is the one that was true Age ago
	Greylist     Kind = "greylist"      // mail: a sender and recipient not seen before are put off for Delay
	Loss         Kind = "loss"          // mail and SMS: messages are accepted and never delivered
)

// Kinds returns all kinds in the order of their documentation.
func Kinds() []Kind {
	return []Kind{
		BrownOut, Slow, QuotaCut, Outage, BlackHole, Refused, Reset, Garbage, Truncated, SlowBody, WrongContent, ClockSkew, Stale, Greylist, Loss,
	}
}

// Simulated reports whether the kind shows in an [Effect], which a simulator applies. Other kinds happen only on the wire.
func (k Kind) Simulated() bool {
	return !slices.Contains([]Kind{ClockSkew, Stale}, k)
}

// ofMessages reports whether the kind applies only to dependencies that deliver messages.
func (k Kind) ofMessages() bool { return k == Greylist || k == Loss }

// ofBodies reports whether the kind needs an answer with a body, which SMTP does not have.
func (k Kind) ofBodies() bool {
	return slices.Contains([]Kind{Garbage, Truncated, SlowBody, WrongContent, ClockSkew, Stale}, k)
}

// Befalls reports whether a kind of fault applies to a kind of dependency: one of [Registries], mail, sms or generic.
func (k Kind) Befalls(dependency string) bool {
	switch dependency {
	case "mail":
		return !k.ofBodies()
	case "sms":
		return k != Greylist
	}
	return !k.ofMessages()
}

func kindNames() string {
	var names []string
	for _, kind := range Kinds() {
		names = append(names, string(kind))
	}
	return strings.Join(names, ", ")
}
