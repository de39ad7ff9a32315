package backend

import (
	"crypto/hmac"
	"encoding/base64"
	"errors"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/ombak-sim/ombak/resilience"
	"github.com/valyala/fasthttp"
)

// ticketHeader carries a place in a waiting room, from the service and back to it.
const ticketHeader = "Queue-Ticket"

// ticketLife is how long a ticket can be used.
const ticketLife = 48 * time.Hour

// tickets signs and checks places in a waiting room, each good for one holder:
// "<purpose>.<key id>.<round>.<number>.<expiry, Unix s>.<HMAC>", the HMAC over that and the holder. The
// service remembers none of them.
type tickets sessions

// ticketPurpose keeps a token of another kind from being taken for a ticket.
const ticketPurpose = "queue"

var errTicket = errors.New("the ticket is missing, malformed, expired or somebody else's")

// issue returns a holder's ticket.
func (t tickets) issue(place resilience.Place, holder string, expires time.Time) string {
	text := strings.Join([]string{
		ticketPurpose, t.keyID, strconv.FormatUint(place.Round, 10), strconv.FormatUint(place.Number, 10), strconv.FormatInt(expires.Unix(), 10),
	}, ".")
	return text + "." + base64.RawURLEncoding.EncodeToString(t.sign(text, holder))
}

func (t tickets) sign(text, holder string) []byte { return t.key.sign([]byte(text + "\x00" + holder)) }

// check returns the place of a holder's ticket.
func (t tickets) check(ticket, holder string, now time.Time) (place resilience.Place, err error) {
	end := max(0, strings.LastIndexByte(ticket, '.'))
	mac, err := base64.RawURLEncoding.Strict().DecodeString(strings.TrimPrefix(ticket[end:], "."))
	if err != nil || !hmac.Equal(mac, t.sign(ticket[:end], holder)) {
		return place, errTicket
	}
	parts := strings.Split(ticket[:end], ".")
	if len(parts) != 5 || parts[0] != ticketPurpose || parts[1] != t.keyID {
		return place, errTicket
	}
	round, first := strconv.ParseUint(parts[2], 10, 64)
	number, second := strconv.ParseUint(parts[3], 10, 64)
	expires, third := strconv.ParseInt(parts[4], 10, 64)
	if errors.Join(first, second, third) != nil || now.Unix() >= expires {
		return place, errTicket
	}
	return resilience.Place{Round: round, Number: number}, nil
}

// roomDoor is a waiting room. Each session has a place of its own; without one there is none to keep.
type roomDoor struct {
	tickets tickets
	began   time.Time
	mutex   sync.Mutex // guards what follows
	room    *resilience.Room
	counts  resilience.Stats
	counted time.Duration // up to when
}

func newRoomDoor(config resilience.RoomConfig, key []byte) (*roomDoor, error) {
	if err := config.Validate(); err != nil {
		return nil, err
	}
	ticketKey, err := deriveSigner(key, "ticket")
	if err != nil {
		return nil, err
	}
	return &roomDoor{tickets: tickets(newSessions(ticketKey)), began: time.Now(), room: resilience.NewRoom(config)}, nil
}

func (d *roomDoor) pass(ctx *fasthttp.RequestCtx) (func(), error) {
	holder := string(ctx.Request.Header.Peek(fasthttp.HeaderAuthorization))
	if holder == "" {
		return nil, noSession()
	}
	now := time.Now()
	place, err := d.tickets.check(string(ctx.Request.Header.Peek(ticketHeader)), holder, now)
	known := err == nil
	kept, wait, in := d.enter(place, known)
	if !known || kept != place {
		ctx.Response.Header.Set(ticketHeader, d.tickets.issue(kept, holder, now.Add(ticketLife)))
	}
	if !in {
		return nil, &fault{status: fasthttp.StatusServiceUnavailable, code: "waiting_room", message: "you have a place in the queue; come back when it is your turn", retryAfter: max(wait, time.Second)}
	}
	return func() {}, nil
}

// enter asks the room, and takes a new place where there is none or its turn has lapsed.
func (d *roomDoor) enter(place resilience.Place, known bool) (kept resilience.Place, wait time.Duration, in bool) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	now := time.Since(d.began)
	defer d.count(now)
	if known {
		var lapsed bool
		if wait, in, lapsed = d.room.Enter(now, place); !lapsed {
			return place, wait, in
		}
	}
	place = d.room.Take(now, rand.Uint32())
	wait, in, _ = d.room.Enter(now, place)
	return place, wait, in
}

// stats says how many places it gave (arrivals), for how many the turn has come (completions), and how
// many people wait for theirs, those who will never come back among them.
func (d *roomDoor) stats() resilience.Stats {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	d.count(time.Since(d.began))
	return d.counts
}

// count brings the counts up to date. Between two requests nobody new can wait.
func (d *roomDoor) count(now time.Duration) {
	d.counts.QueueTime += (now - d.counted) * time.Duration(d.counts.Queued)
	d.counts.Arrivals, d.counts.Completions = d.room.Counts(now)
	d.counts.Queued = int(d.counts.Arrivals - d.counts.Completions)
	d.counts.QueueMax = max(d.counts.QueueMax, d.counts.Queued)
	d.counted = now
}
