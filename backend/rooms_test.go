package backend

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/ombak-sim/ombak/resilience"
)

// doorway is a server that has only doors.
type doorway struct {
	*testing.T
	server  *Server
	expires time.Time // of sessions
}

func newDoorway(t *testing.T) doorway {
	t.Helper()
	s := &Server{config: Config{Key: []byte("0123456789abcdef0123456789abcdef"), Now: time.Now, Wall: time.Now}}
	if err := s.openKeys(); err != nil {
		t.Fatal(err)
	}
	return doorway{t, s, time.Now().Add(24 * time.Hour)}
}

func (d doorway) open(config DoorConfig) door {
	d.Helper()
	config.Paths = append(config.Paths, "/v1/identity")
	built, err := d.server.newDoor(config)
	if err != nil {
		d.Fatal(err)
	}
	return built
}

func (d doorway) room(config resilience.RoomConfig) door {
	return d.open(DoorConfig{Policy: roomPolicy(config)})
}

func roomPolicy(c resilience.RoomConfig) resilience.Policy {
	return resilience.Policy{Name: "waiting-room", Settings: resilience.Settings{
		Order: string(c.Order), Rate: resilience.Rate(c.Rate), Burst: c.Burst, Round: c.Round, Grace: c.Grace,
	}}
}

func (d doorway) session(person int64) string {
	return "Bearer " + d.server.sessions.issue(person, d.expires)
}

// knock sends a request to a door from an address. Status 200 means admitted.
func knock(door door, authorization, ticket, address string) (status int, wait time.Duration, got string) {
	var request fasthttp.Request
	request.Header.SetMethod(fasthttp.MethodPost)
	request.SetRequestURI("/v1/identity")
	if authorization != "" {
		request.Header.Set(fasthttp.HeaderAuthorization, authorization)
	}
	if ticket != "" {
		request.Header.Set(ticketHeader, ticket)
	}
	var ctx fasthttp.RequestCtx
	ctx.Init(&request, &net.TCPAddr{IP: net.ParseIP(address), Port: 4711}, nil)
	leave, err := door.pass(&ctx)
	if err == nil {
		leave()
		return 200, 0, string(ctx.Response.Header.Peek(ticketHeader))
	}
	told := (*fault)(nil)
	if !errors.As(err, &told) {
		panic(err)
	}
	return told.status, told.retryAfter, string(ctx.Response.Header.Peek(ticketHeader))
}

const here, there = "192.0.2.1", "192.0.2.2"

// orders returns rooms that admit one person per second.
func orders() map[string]resilience.RoomConfig {
	return map[string]resilience.RoomConfig{
		"fifo":           {Order: resilience.FIFO, Rate: 1},
		"lottery":        {Order: resilience.Lottery, Rate: 1, Round: 10 * time.Second},
		"serving-number": {Order: resilience.ServingNumber, Rate: 1, Grace: time.Minute},
	}
}

func inEachOrder(t *testing.T, test func(*testing.T, resilience.RoomConfig)) {
	for name, config := range orders() {
		t.Run(name, func(t *testing.T) { synctest.Test(t, func(t *testing.T) { test(t, config) }) })
	}
}

// TestOnePlaceForEachPerson checks that a person gets one place even after two hundred requests without a
// ticket, with another spelling of the session, or with several sessions. Later people do not wait longer.
func TestOnePlaceForEachPerson(t *testing.T) {
	inEachOrder(t, func(t *testing.T, config resilience.RoomConfig) {
		d := newDoorway(t)
		room := d.room(config)
		const people, cheat = 100, 1000
		for person := range int64(people) {
			knock(room, d.session(1+person), "", here)
		}
		_, _, first := knock(room, d.session(cheat), "", here)
		for i := range 200 {
			session := d.session(cheat)
			if i%2 == 0 {
				session = "Bearer " + d.server.sessions.issue(cheat, time.Now().Add(time.Duration(i)*time.Minute+time.Hour))
			}
			session = []string{"Bearer", "bearer", "BEARER"}[i%3] + strings.TrimPrefix(session, "Bearer")
			if _, _, ticket := knock(room, session, "", here); ticket != first {
				t.Fatalf("ask %d got %s after %s", i, ticket, first)
			}
		}
		if places := room.(*roomDoor).stats().Arrivals; places != people+1 {
			t.Errorf("%d people have %d places", people+1, places)
		}
		time.Sleep(config.Round + (people+1)*time.Second)
		if status, _, _ := knock(room, d.session(cheat), "", here); status != 200 {
			t.Errorf("status %d without a ticket after all turns are reached", status)
		}
	})
}

// TestOldTicketsTakeNoPlaces checks that a lapsed ticket gets one new place, no matter how often it is shown.
func TestOldTicketsTakeNoPlaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDoorway(t)
		room := d.room(orders()["serving-number"])
		_, _, old := knock(room, d.session(me), "", here)
		for person := range int64(200) {
			knock(room, d.session(100+person), "", here)
		}
		time.Sleep(100 * time.Second)
		for range 50 {
			if status, _, ticket := knock(room, d.session(me), old, here); status != 503 || ticket == old {
				t.Fatalf("status %d with a lapsed ticket", status)
			}
		}
		if places := room.(*roomDoor).stats().Arrivals; places != 202 {
			t.Errorf("%d places, want 200 + 2", places)
		}
	})
}

// TestMadeUpSessionsTakeNoPlace checks that nobody waits behind six hundred invented sessions.
func TestMadeUpSessionsTakeNoPlace(t *testing.T) {
	inEachOrder(t, func(t *testing.T, config resilience.RoomConfig) {
		d := newDoorway(t)
		room := d.room(config)
		token := strings.TrimPrefix(d.session(you), "Bearer ")
		madeUp := map[string]string{
			"no session": "", "another scheme": "Basic " + token, "no scheme": token,
			"expired":     "Bearer " + d.server.sessions.issue(you, time.Now()),
			"another key": "Bearer " + newSessions(ticketSigner()).issue(you, time.Now().Add(time.Hour)),
		}
		for i := range 600 {
			madeUp[fmt.Sprint("made up ", i)] = fmt.Sprint("Bearer ", i)
		}
		for why, authorization := range madeUp {
			if status, _, ticket := knock(room, authorization, "", here); status != 401 || ticket != "" {
				t.Fatalf("%s: status %d, ticket %q; want 401", why, status, ticket)
			}
		}
		_, wait, _ := knock(room, d.session(me), "", here)
		if wait > config.Round+time.Second {
			t.Errorf("a person waits %v in an empty queue", wait)
		}
		if places := room.(*roomDoor).stats().Arrivals; places != 1 {
			t.Errorf("%d places for one person", places)
		}
	})
}

// TestTicketOfAnotherRoom checks that a ticket from a replica, from before a restart or from another room is
// not valid here. The person is not admitted but gets a new place.
func TestTicketOfAnotherRoom(t *testing.T) {
	inEachOrder(t, func(t *testing.T, config resilience.RoomConfig) {
		d, replica := newDoorway(t), newDoorway(t)
		first := d.room(config)
		others := map[string]door{"a replica, or the same after a restart": replica.room(config), "another room": d.room(config)}
		for person := range int64(99) {
			knock(first, d.session(1000+person), "", here)
		}
		_, _, ticket := knock(first, d.session(me), "", here)
		for why, other := range others {
			for person := range int64(300) {
				knock(other, d.session(2000+person), "", here)
			}
			time.Sleep(150 * time.Second) // turns advance past that place
			status, wait, got := knock(other, d.session(me), ticket, here)
			if status != 503 || got == "" || got == ticket || wait < 100*time.Second {
				t.Errorf("%s: status %d, wait %v; want a place behind the 150 who wait", why, status, wait)
			}
			time.Sleep(time.Hour)
			if status, _, _ := knock(other, d.session(me), got, here); status != 200 && config.Grace == 0 {
				t.Errorf("%s: status %d after an hour", why, status)
			}
		}
	})
}

// TestRoomsNeedSessions checks that a room is possible exactly where the OpenAPI document requires a session.
func TestRoomsNeedSessions(t *testing.T) {
	var document struct {
		Paths map[string]map[string]struct{ Security []any }
	}
	if err := json.Unmarshal(openAPIDocument, &document); err != nil {
		t.Fatal(err)
	}
	d, room := newDoorway(t), orders()["fifo"]
	for path, methods := range document.Paths {
		for method, operation := range methods {
			_, err := d.server.newDoor(DoorConfig{Paths: []string{"/v1/me", path}, Policy: roomPolicy(room)})
			if demanded := len(operation.Security) > 0; (err == nil) != demanded {
				t.Errorf("%s %s requires a session: %v; building the room: %v", method, path, demanded, err)
			}
		}
	}
	if _, err := d.server.newDoor(DoorConfig{Policy: roomPolicy(room)}); err == nil || !strings.Contains(err.Error(), "set paths") {
		t.Errorf("in front of everything: %v", err)
	}
}

// TestRoomUnderConcurrency checks that concurrent requests create one place per person.
func TestRoomUnderConcurrency(t *testing.T) {
	for name, config := range orders() {
		d := newDoorway(t)
		room := d.room(config)
		const people = 20
		var wait sync.WaitGroup
		for range 8 {
			wait.Go(func() {
				for i := range int64(10 * people) {
					_, _, ticket := knock(room, d.session(1+i%people), "", here)
					knock(room, d.session(1+i%people), ticket, here)
				}
			})
		}
		wait.Wait()
		if places := room.(*roomDoor).stats().Arrivals; places != people {
			t.Errorf("%s: %d places for %d people", name, places, people)
		}
	}
}

// TestBucketOfEachClient checks that a bucket belongs to a person, whatever the spelling of the session, or
// else to an address.
func TestBucketOfEachClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDoorway(t)
		door := d.open(DoorConfig{Policy: resilience.Policy{Name: "token-bucket", Settings: resilience.Settings{Rate: 1e-3, Burst: 2}}})
		mine := d.session(me)
		again := "Bearer " + d.server.sessions.issue(me, time.Now().Add(2*time.Hour))
		for _, row := range []struct {
			why, authorization, address string
			status                      int
		}{
			{"a person", mine, here, 200},
			{"another spelling", strings.Replace(mine, "Bearer", "bearer", 1), here, 200},
			{"a third spelling", strings.Replace(mine, "Bearer", "BEARER", 1), here, 429},
			{"the same person from elsewhere", mine, there, 429},
			{"with another session", again, here, 429},
			{"another person at the same address", d.session(you), here, 200},
			{"no session", "", here, 200},
			{"an invented session", "Bearer 1", here, 200},
			{"another invented session", "Bearer 2", here, 429},
			{"no session, at another address", "", there, 200},
			{"a network", "Bearer 3", "2001:db8::1", 200},
			{"its next address", "Bearer 3", "2001:db8::2", 200},
			{"and its last", "Bearer 3", "2001:db8::ffff:ffff:ffff:ffff", 429},
			{"the next network", "Bearer 3", "2001:db8:0:1::1", 200},
			{"another network", "Bearer 3", "2001:db9::1", 200},
		} {
			if status, _, _ := knock(door, row.authorization, "", row.address); status != row.status {
				t.Errorf("%s: status %d, want %d", row.why, status, row.status)
			}
		}
		for i := range 10_000 {
			knock(door, fmt.Sprint("Bearer made-up-", i), "", here)
		}
		if n := door.(*filterDoor).filter.(interface{ Len() int }).Len(); n > 10 {
			t.Errorf("%d clients are remembered; there were seven", n)
		}
	})
}
