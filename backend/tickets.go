package backend

import (
	"crypto/hmac"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/ombak-sim/ombak/resilience"
)

// ticketHeader carries a place in a waiting room, in answers and in requests.
const ticketHeader = "Queue-Ticket"

// ticketLife is the lifetime of a ticket.
const ticketLife = 48 * time.Hour

// tickets signs and checks places in a waiting room. A ticket is valid for one person at the room that issued
// it: "<purpose>.<key id>.<room>.<round>.<number>.<expiry, Unix s>.<HMAC>". The HMAC covers these fields and
// the person.
type tickets struct {
	key   signer
	keyID string
	room  string // identifies the room among replicas and restarts, because each room numbers its own places
}

// ticketPurpose prevents other tokens from being accepted as tickets.
const ticketPurpose = "queue"

var errTicket = errors.New("the ticket is missing, malformed, expired, or belongs to another person or room")

// newTickets returns the tickets of a new room.
func newTickets(key signer) tickets {
	return tickets{key: key, keyID: newSessions(key).keyID, room: rand.Text()}
}

// issue returns a person's ticket.
func (t tickets) issue(place resilience.Place, person int64, expires time.Time) string {
	text := strings.Join([]string{
		ticketPurpose, t.keyID, t.room, strconv.FormatUint(place.Round, 10), strconv.FormatUint(place.Number, 10), strconv.FormatInt(expires.Unix(), 10),
	}, ".")
	return text + "." + base64.RawURLEncoding.EncodeToString(t.sign(text, person))
}

func (t tickets) sign(text string, person int64) []byte {
	return t.key.sign([]byte(text + "\x00" + strconv.FormatInt(person, 10)))
}

// check returns the place of a person's ticket.
func (t tickets) check(ticket string, person int64, now time.Time) (place resilience.Place, err error) {
	end := max(0, strings.LastIndexByte(ticket, '.'))
	mac, err := base64.RawURLEncoding.Strict().DecodeString(strings.TrimPrefix(ticket[end:], "."))
	if err != nil || !hmac.Equal(mac, t.sign(ticket[:end], person)) {
		return place, errTicket
	}
	parts := strings.Split(ticket[:end], ".")
	if len(parts) != 6 || parts[0] != ticketPurpose || parts[1] != t.keyID || parts[2] != t.room {
		return place, errTicket
	}
	round, first := strconv.ParseUint(parts[3], 10, 64)
	number, second := strconv.ParseUint(parts[4], 10, 64)
	expires, third := strconv.ParseInt(parts[5], 10, 64)
	if errors.Join(first, second, third) != nil || !holds(time.Unix(expires, 0), now, ticketLife) {
		return place, errTicket
	}
	return resilience.Place{Round: round, Number: number}, nil
}

// roomDoor is a waiting room, with one place for each person who has a session.
type roomDoor struct {
	holder  func(*fasthttp.RequestHeader) (int64, error) // returns the person of a session without querying the database
	tickets tickets
	draws   signer // draws lots
	wall    func() time.Time
	began   time.Time
	mutex   sync.Mutex // guards the fields below
	keeper  *resilience.Doorkeeper
	counts  resilience.Stats
	counted time.Duration // time up to which counts is current
}

// newRoomDoor builds a waiting room. It needs sessions, because a place is kept for a person.
func (s *Server) newRoomDoor(config DoorConfig, room resilience.RoomConfig) (*roomDoor, error) {
	if len(config.Paths) == 0 || slices.ContainsFunc(config.Paths, s.beforeSession) {
		return nil, fmt.Errorf("a waiting room in front of %s cannot tell people apart, because requests there have no session; set paths that need a session", config.place())
	}
	ticketKey, err := deriveSigner(s.config.Key, "ticket")
	if err != nil {
		return nil, err
	}
	drawKey, err := deriveSigner(s.config.Key, "draw")
	if err != nil {
		return nil, err
	}
	return &roomDoor{holder: s.holder, tickets: newTickets(ticketKey), draws: drawKey, wall: s.config.Wall, began: time.Now(), keeper: resilience.NewDoorkeeper(room)}, nil
}

func (d *roomDoor) pass(ctx *fasthttp.RequestCtx) (func(), error) {
	person, err := d.holder(&ctx.Request.Header)
	if err != nil {
		return nil, err
	}
	now := d.wall()
	shown, err := d.tickets.check(string(ctx.Request.Header.Peek(ticketHeader)), person, now)
	place, wait, in := d.enter(person, shown)
	if (err != nil || place != shown) && !place.IsZero() { // a room that is switched off gives no places
		ctx.Response.Header.Set(ticketHeader, d.tickets.issue(place, person, now.Add(ticketLife)))
	}
	if !in {
		return nil, &fault{status: fasthttp.StatusServiceUnavailable, code: "waiting_room", message: "you have a place in the queue; come back when it is your turn", retryAfter: max(wait, time.Second)}
	}
	return func() {}, nil
}

// enter asks the doorkeeper for admission.
func (d *roomDoor) enter(person int64, shown resilience.Place) (place resilience.Place, wait time.Duration, in bool) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	now := time.Since(d.began)
	defer d.count(now)
	return d.keeper.Ask(now, uint64(person), shown, func(round uint64) uint32 { return d.draw(round, person) })
}

// draw returns a person's lot in a round. It is always the same and cannot be predicted.
func (d *roomDoor) draw(round uint64, person int64) uint32 {
	text := strings.Join([]string{d.tickets.room, strconv.FormatUint(round, 10), strconv.FormatInt(person, 10)}, ".")
	return binary.BigEndian.Uint32(d.draws.sign([]byte(text)))
}

// stats counts the places given (arrivals), the turns reached (completions) and the people waiting, including
// those who will not come back.
func (d *roomDoor) stats() resilience.Stats {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	d.count(time.Since(d.began))
	return d.counts
}

// count brings the counts up to date. The queue does not grow between two requests.
func (d *roomDoor) count(now time.Duration) {
	d.counts.QueueTime += (now - d.counted) * time.Duration(d.counts.Queued)
	d.counts.Arrivals, d.counts.Completions = d.keeper.Counts(now)
	d.counts.Queued = int(d.counts.Arrivals - d.counts.Completions)
	d.counts.QueueMax = max(d.counts.QueueMax, d.counts.Queued)
	d.counted = now
}
