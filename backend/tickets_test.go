package backend

import (
	"strings"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/resilience"
)

const me, you = 7, 8 // ids of people

func ticketSigner() signer { return newSigner([]byte("0123456789abcdef0123456789abcdef")) }

// TestTicketsCannotBeForged checks that a ticket is invalid after any change of letter, person, room, key,
// purpose or time.
func TestTicketsCannotBeForged(t *testing.T) {
	now := time.Unix(1_600_000_000, 0)
	testTickets := newTickets(ticketSigner())
	place := resilience.Place{Round: 3, Number: 1234567}
	ticket := testTickets.issue(place, me, now.Add(time.Hour))
	if got, err := testTickets.check(ticket, me, now); err != nil || got != place {
		t.Fatalf("%+v, %v; want %+v", got, err, place)
	}
	for i := range ticket {
		for _, letter := range []byte("0.zA") {
			if ticket[i] == letter {
				continue
			}
			if _, err := testTickets.check(ticket[:i]+string(letter)+ticket[i+1:], me, now); err == nil {
				t.Fatalf("letter %d changed to %q: accepted", i, letter)
			}
		}
	}
	other := newTickets(newSigner([]byte("another key, another key, another")))
	other.room = testTickets.room
	people := newSessions(ticketSigner())
	session := people.issue(me, now.Add(time.Hour))
	for why, refused := range map[string]error{
		"another person":      second(testTickets.check(ticket, you, now)),
		"another room":        second(newTickets(ticketSigner()).check(ticket, me, now)),
		"another key":         second(other.check(ticket, me, now)),
		"too late":            second(testTickets.check(ticket, me, now.Add(time.Hour))),
		"a session":           second(testTickets.check(session, me, now)),
		"nothing":             second(testTickets.check("", me, now)),
		"a ticket as session": second(people.check(ticket, now, time.Hour)),
	} {
		if refused == nil {
			t.Errorf("%s: accepted", why)
		}
	}
}

func second[T any](_ T, err error) error { return err }

// FuzzTicket checks that no text except an issued ticket is accepted, and that no text breaks the parser.
func FuzzTicket(f *testing.F) {
	now := time.Unix(1_600_000_000, 0)
	testTickets := newTickets(ticketSigner())
	f.Add("", int64(me))
	f.Add("queue."+testTickets.keyID+"."+testTickets.room+".0.1.99999999999.AAAA", int64(me))
	f.Add(strings.Repeat(".", 9), int64(you))
	f.Fuzz(func(t *testing.T, ticket string, person int64) {
		if place, err := testTickets.check(ticket, person, now); err == nil {
			t.Fatalf("%q is a ticket for %+v", ticket, place)
		}
	})
}
