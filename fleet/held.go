package fleet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/ombak-sim/ombak/drill"
)

// held is what an agent keeps of a run: the rows of the part that it played, in a folder of the run's own, until the
// conductor has written its report.
type held struct {
	header heldHeader
	folder string

	mu       sync.Mutex
	rows     *rows
	unkept   *Envelope     // the last row, if there was no room for it; it is sent all the same
	broken   error         // why a row could not be kept
	finished bool          // the last row is there
	over     bool          // forgotten or closed
	acked    uint64        // rows that the conductor of the run has
	changed  chan struct{} // closed and replaced at every change
}

// heldHeader is in the file that stands beside the rows.
type heldHeader struct {
	Agent       string        `json:"agent"`
	Run         string        `json:"run"`
	Part        int           `json:"part"`
	Incarnation string        `json:"incarnation"`
	Outline     drill.Outline `json:"outline"`
}

const (
	headerFile = "run.json"
	rowsFile   = "rows"
)

// newHeld makes the folder of a run.
func newHeld(folder string, t task, agent string) (*held, error) {
	if err := os.Mkdir(folder, 0o700); err != nil {
		return nil, err
	}
	h := &held{header: heldHeader{agent, t.Run, t.Part, t.Incarnation, t.Outline}, folder: folder, changed: make(chan struct{})}
	text, err := json.Marshal(h.header)
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, headerFile), text, 0o600)
	}
	if err == nil {
		h.rows, err = createRows(filepath.Join(folder, rowsFile))
	}
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(folder)) // without rows there is nothing to keep
	}
	return h, nil
}

// findHeld opens what an earlier agent of the folder has kept, and goes on sending it: the conductor may still want it.
func (a *agent) findHeld() {
	headers, _ := filepath.Glob(filepath.Join(a.Folder, "*", headerFile)) // the pattern is well formed
	for _, name := range headers {
		h, err := openHeld(filepath.Dir(name))
		if err != nil {
			a.log("%v", err)
		}
		if h == nil {
			continue
		}
		a.mu.Lock()
		a.held[h.header.Run] = h
		a.mu.Unlock()
		a.working.Go(func() { h.send(a.over, a.conn, func() {}) })
	}
}

// openHeld opens the folder of a run that was not forgotten. If its agent was killed, the last row says so.
func openHeld(folder string) (*held, error) {
	h := &held{folder: folder, finished: true, changed: make(chan struct{})}
	text, err := os.ReadFile(filepath.Join(folder, headerFile))
	if err == nil {
		err = json.Unmarshal(text, &h.header)
	}
	if err == nil && (h.header.Run != filepath.Base(folder) || !isName(h.header.Run) || !isName(h.header.Incarnation)) {
		err = errors.New("it is of another run")
	}
	if err != nil {
		return nil, fmt.Errorf("the run in %s cannot be read: %w", folder, err)
	}
	h.rows, err = openRows(filepath.Join(folder, rowsFile))
	if h.rows == nil {
		return nil, err
	}
	var last row
	if n := len(h.rows.ends); n > 0 {
		if e, failed := h.entry(uint64(n)); failed == nil {
			_ = json.Unmarshal(e.Message, &last) // an entry that is no row is not the last one
		}
	}
	if last.Ended == nil {
		why := "its agent was killed"
		if err != nil {
			why += "; " + err.Error()
		}
		line, _ := json.Marshal(row{Ended: &ended{Cause: why}}) // a text can be written as JSON
		err = errors.Join(err, h.rows.file.Truncate(h.rows.size()), h.append(line))
	}
	return h, err
}

// append keeps a row. After one that could not be kept none is, so that the rows end where the first is missing: a later and
// smaller one might have room, and would tell of people whose beginning is not known.
func (h *held) append(message []byte) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.broken == nil {
		h.broken = h.keep(message)
	}
	return h.broken
}

// keep writes a row. The caller holds the lock.
func (h *held) keep(message []byte) error {
	if h.over {
		return errors.New("the run was forgotten")
	}
	if len(message) > maxMessage {
		return fmt.Errorf("a row has %d bytes, more than %d", len(message), maxMessage)
	}
	if err := h.rows.append(h.next(message)); err != nil {
		return err
	}
	h.stir()
	return nil
}

// next returns the envelope of the next row. The caller holds the lock.
func (h *held) next(message []byte) Envelope {
	return Envelope{
		Run: h.header.Run, Part: h.header.Part, Incarnation: h.header.Incarnation, Seq: uint64(len(h.rows.ends)) + 1, Message: message,
	}.seal()
}

// stir wakes everybody who waits for a change. The caller holds the lock.
func (h *held) stir() {
	close(h.changed)
	h.changed = make(chan struct{})
}

// finish keeps the last row. If there is no room for it, the conductor hears of it all the same.
func (h *held) finish(message []byte) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	err := h.keep(message)
	if err != nil && !h.over {
		last := h.next(message)
		h.unkept = &last
	}
	h.finished = true
	h.stir()
	return err
}

// count returns how many rows there are. The caller holds the lock.
func (h *held) count() uint64 {
	n := uint64(len(h.rows.ends))
	if h.unkept != nil {
		n++
	}
	return n
}

// now returns how many rows there are, whether more may follow, and what is closed at the next change.
func (h *held) now() (kept uint64, open bool, changed <-chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.over {
		return 0, false, h.changed
	}
	return h.count(), !h.finished, h.changed
}

func (h *held) entry(number uint64) (Envelope, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.over {
		return Envelope{}, os.ErrClosed
	}
	if h.unkept != nil && number == h.unkept.Seq {
		return *h.unkept, nil
	}
	begin := int64(0)
	if number > 1 {
		begin = h.rows.ends[number-2]
	}
	return entry(h.rows.file, begin, h.rows.ends[number-1])
}

// A sender has no more than this under way. Rows that are not acknowledged in time are sent again, at first one alone.
const (
	mostAhead      = 256
	mostAheadBytes = 8 << 20
	firstWait      = time.Second
	longestWait    = 5 * time.Second
)

// sender sends the rows of one part to one receiver.
type sender struct {
	held  *held
	conn  *nats.Conn
	inbox string // for acks

	acked, sent uint64
	ahead       uint64        // most rows under way
	bytes       int           // under way since the last acknowledgement
	wait        time.Duration // for an acknowledgement
	deadline    time.Time     // for the one that is due
}

// send sends the rows to whoever listens, until everything is acknowledged and no row follows, or the run is forgotten.
func (h *held) send(ctx context.Context, conn *nats.Conn, heard func()) {
	s := &sender{held: h, conn: conn, inbox: conn.NewInbox(), ahead: mostAhead, wait: firstWait}
	acks := make(chan *nats.Msg, 1024)
	subscription, err := conn.ChanSubscribe(s.inbox, acks)
	if err != nil {
		return // the agent leaves
	}
	defer subscription.Unsubscribe() //nolint:errcheck // the connection may be closed
	for {
		kept, open, changed := h.now()
		if s.acked >= kept && !open {
			return
		}
		s.fill(kept)
		due := time.NewTimer(time.Until(s.deadline))
		if s.acked == s.sent {
			due.Reset(longestWait) // nothing is due; a change wakes the sender
		}
		select {
		case <-ctx.Done():
			due.Stop()
			return
		case <-changed:
		case m := <-acks:
			if s.take(m) {
				heard()
			}
		case <-due.C:
			if s.acked < s.sent {
				s.sent, s.ahead, s.bytes = s.acked, 1, 0
				s.wait = min(2*s.wait, longestWait)
			}
		}
		due.Stop()
	}
}

// fill sends what may be under way.
func (s *sender) fill(kept uint64) {
	for s.sent < kept && s.sent-s.acked < s.ahead && s.bytes < mostAheadBytes {
		e, err := s.held.entry(s.sent + 1)
		if err != nil {
			return // it was forgotten, or the file is damaged, which its reader says
		}
		if s.sent == s.acked {
			s.deadline = time.Now().Add(s.wait)
		}
		for _, chunk := range e.chunks() {
			text, err := chunk.encode()
			if err == nil {
				err = s.conn.PublishRequest(subject(e.Run, s.held.header.Agent, rowsWhat), s.inbox, text)
			}
			if err != nil {
				s.deadline = time.Now().Add(s.wait) // there is no connection; it is sent again
				return
			}
		}
		s.sent++
		s.bytes += len(e.Message)
	}
}

// take takes an acknowledgement. It reports whether it is one.
func (s *sender) take(m *nats.Msg) bool {
	var a ack
	if json.Unmarshal(m.Data, &a) != nil || a.Incarnation != s.held.header.Incarnation {
		return false
	}
	if a.Next > s.acked+1 {
		s.acked, s.ahead, s.bytes, s.wait = a.Next-1, mostAhead, 0, firstWait
		s.sent = max(s.sent, s.acked)
		s.deadline = time.Now().Add(s.wait)
		s.held.delivered(s.acked)
	}
	return true
}

// delivered notes that somebody has the rows up to a number.
func (h *held) delivered(number uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if number > h.acked {
		h.acked = number
		h.stir()
	}
}

// awaitDelivery waits for a time for all rows to be acknowledged.
func (h *held) awaitDelivery(patience time.Duration) {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for {
		h.mu.Lock()
		done, changed := h.over || h.acked >= h.count(), h.changed
		h.mu.Unlock()
		if done {
			return
		}
		select {
		case <-changed:
		case <-timer.C:
			return
		}
	}
}

// close ends the reading and writing of the rows, which stay.
func (h *held) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.over {
		h.over = true
		h.rows.file.Close()
		h.stir()
	}
}

// forget removes the rows.
func (h *held) forget() {
	h.close()
	_ = os.RemoveAll(h.folder) // what is left is found at the next start
}

// tellHeld answers whether the agent holds rows of a run.
func (a *agent) tellHeld(m *nats.Msg) {
	a.mu.Lock()
	h := a.held[string(m.Data)]
	playing := a.playing != nil && a.playing.held == h
	a.mu.Unlock()
	if h != nil {
		reply(m, h.describe(playing))
	}
}

func (h *held) describe(playing bool) holding {
	kept, _, _ := h.now()
	return holding{Agent: h.header.Agent, Part: h.header.Part, Incarnation: h.header.Incarnation, Rows: kept, Playing: playing, Outline: h.header.Outline}
}

// resend sends all rows of a run from the first, beside what is sent already.
func (a *agent) resend(run string, _ []byte) any {
	a.mu.Lock()
	h := a.held[run]
	a.mu.Unlock()
	if h == nil {
		return holding{answer: answer{fmt.Sprintf("agent %s holds no rows of run %s", a.Name, run)}}
	}
	const longest = 10 * time.Minute
	ctx, stop := context.WithTimeout(a.over, longest)
	a.working.Go(func() {
		defer stop()
		h.send(ctx, a.conn, func() {})
	})
	return h.describe(false)
}

// release forgets a run that is over.
func (a *agent) release(run string, _ []byte) any {
	a.mu.Lock()
	defer a.mu.Unlock()
	h := a.held[run]
	if h == nil {
		return answer{}
	}
	if _, open, _ := h.now(); open {
		return answer{fmt.Sprintf("agent %s still plays a part of run %s", a.Name, run)}
	}
	delete(a.held, run)
	h.forget()
	return answer{}
}
