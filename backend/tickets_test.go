package backend

import (
	"strings"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/resilience"
)

var testTickets = tickets(newSessions(newSigner([]byte("0123456789abcdef0123456789abcdef"))))

// TestTicketsCannotBeForged: any other letter, holder, key, purpose or time spoils a ticket.
func TestTicketsCannotBeForged(t *testing.T) {
	now := time.Unix(1_600_000_000, 0)
	place := resilience.Place{Round: 3, Number: 1234567}
	ticket := testTickets.issue(place, "Bearer me", now.Add(time.Hour))
	if got, err := testTickets.check(ticket, "Bearer me", now); err != nil || got != place {
		t.Fatalf("%+v, %v; want %+v", got, err, place)
	}
	for i := range ticket {
		for _, letter := range []byte("0.zA") {
			if ticket[i] == letter {
				continue
			}
			if _, err := testTickets.check(ticket[:i]+string(letter)+ticket[i+1:], "Bearer me", now); err == nil {
				t.Fatalf("letter %d changed to %q: accepted", i, letter)
			}
		}
	}
	other := tickets(newSessions(newSigner([]byte("another key, another key, another"))))
	session := sessions(testTickets).issue(7, now.Add(time.Hour))
	for why, refused := range map[string]error{
		"another holder":      second(testTickets.check(ticket, "Bearer you", now)),
		"another key":         second(other.check(ticket, "Bearer me", now)),
		"too late":            second(testTickets.check(ticket, "Bearer me", now.Add(time.Hour))),
		"a session":           second(testTickets.check(session, "", now)),
		"nothing":             second(testTickets.check("", "", now)),
		"a ticket as session": second(sessions(testTickets).check(testTickets.issue(place, "", now.Add(time.Hour)), now)),
	} {
		if refused == nil {
			t.Errorf("%s: accepted", why)
		}
	}
}

func second[T any](_ T, err error) error { return err }

// FuzzTicket: no text but an issued one is a ticket, and none breaks the reader.
func FuzzTicket(f *testing.F) {
	now := time.Unix(1_600_000_000, 0)
	f.Add("", "")
	f.Add("queue."+testTickets.keyID+".0.1.99999999999.AAAA", "Bearer me")
	f.Add(strings.Repeat(".", 9), "x")
	f.Fuzz(func(t *testing.T, ticket, holder string) {
		if place, err := testTickets.check(ticket, holder, now); err == nil {
			t.Fatalf("%q is a ticket for %+v", ticket, place)
		}
	})
}
