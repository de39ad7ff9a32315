package mocks

import (
	"cmp"
	"slices"
	"sync"
	"time"
)

const (
	mailShards      = 64        // mailboxes are spread over this many locks
	mailboxMessages = 8         // limit per person; the oldest goes first
	messageOverhead = 200       // bytes per stored message besides its text
	defaultMemory   = 256 << 20 // bytes of all messages
)

// letter is one message in a mailbox.
type letter struct {
	subject, body string
	spam, read    bool
	visible       time.Duration // when it reaches the mailbox, by the run clock
	serial        uint64        // within its shard
}

func (l letter) bytes() int64 { return int64(len(l.subject) + len(l.body) + messageOverhead) }

// mailboxes stores everyone's messages within a memory limit.
type mailboxes struct {
	shards [mailShards]mailShard
}

type mailShard struct {
	mu      sync.Mutex
	boxes   map[uint64]*mailbox
	order   line[posting]     // oldest first; may name removed messages
	handed  map[uint32]uint16 // messages accepted so far, per person
	bytes   int64
	most    int64
	letters int
	serial  uint64
	unread  uint64 // messages dropped unread to make room
}

// posting names one message.
type posting struct{ person, serial uint64 }

// mailbox holds one person's messages in the order of acceptance.
type mailbox struct {
	letters []letter
	readers int           // number of readers waiting for a message
	changed chan struct{} // closed when a message is added
}

func newMailboxes(memory int64) *mailboxes {
	if memory == 0 {
		memory = defaultMemory
	}
	all := new(mailboxes)
	for i := range all.shards {
		shard := &all.shards[i]
		shard.boxes = make(map[uint64]*mailbox)
		shard.handed = make(map[uint32]uint16)
		shard.most = max(1, memory/mailShards)
	}
	return all
}

func (m *mailboxes) shard(person uint64) *mailShard { return &m.shards[person%mailShards] }

// count returns the number of the next message to a person, from 1.
func (m *mailboxes) count(person uint64) int {
	shard := m.shard(person)
	shard.mu.Lock()
	defer shard.mu.Unlock()
	shard.handed[uint32(person)]++
	return int(shard.handed[uint32(person)])
}

// put adds a message.
func (m *mailboxes) put(person uint64, letter letter) {
	shard := m.shard(person)
	shard.mu.Lock()
	defer shard.mu.Unlock()
	box := shard.box(person)
	if len(box.letters) == mailboxMessages {
		shard.drop(person, box, 0)
	}
	shard.serial++
	letter.serial = shard.serial
	box.letters = append(box.letters, letter)
	shard.bytes += letter.bytes()
	shard.letters++
	shard.order.push(posting{person, letter.serial})
	if box.changed != nil {
		close(box.changed)
		box.changed = nil
	}
	shard.shrink()
}

// look returns the visible messages of one folder, newest first, and when the next one becomes visible (0 if
// there is none). Consumed messages are removed.
func (m *mailboxes) look(person uint64, spam, consume bool, now time.Duration) (found []letter, next time.Duration) {
	shard := m.shard(person)
	shard.mu.Lock()
	defer shard.mu.Unlock()
	box := shard.boxes[person]
	if box == nil {
		return nil, 0
	}
	for i := len(box.letters) - 1; i >= 0; i-- {
		letter := box.letters[i]
		switch {
		case letter.spam != spam:
		case letter.visible > now:
			if next == 0 || letter.visible < next {
				next = letter.visible
			}
		default:
			box.letters[i].read = true
			found = append(found, letter)
			if consume {
				shard.remove(person, box, i)
			}
		}
	}
	slices.SortStableFunc(found, func(a, b letter) int { return cmp.Compare(b.visible, a.visible) })
	return found, next
}

// dropped returns how many messages were dropped unread to make room.
func (m *mailboxes) dropped() uint64 {
	sum := uint64(0)
	for i := range m.shards {
		shard := &m.shards[i]
		shard.mu.Lock()
		sum += shard.unread
		shard.mu.Unlock()
	}
	return sum
}

// watch returns a channel that is closed at the next message to a person. The caller ends the watch with leave.
func (m *mailboxes) watch(person uint64) <-chan struct{} {
	shard := m.shard(person)
	shard.mu.Lock()
	defer shard.mu.Unlock()
	box := shard.box(person)
	box.readers++
	if box.changed == nil {
		box.changed = make(chan struct{})
	}
	return box.changed
}

func (m *mailboxes) leave(person uint64) {
	shard := m.shard(person)
	shard.mu.Lock()
	defer shard.mu.Unlock()
	box := shard.box(person)
	box.readers--
	shard.forget(person, box)
}

func (s *mailShard) box(person uint64) *mailbox {
	box := s.boxes[person]
	if box == nil {
		box = new(mailbox)
		s.boxes[person] = box
	}
	return box
}

// remove removes the message at an index of a mailbox.
func (s *mailShard) remove(person uint64, box *mailbox, place int) {
	s.bytes -= box.letters[place].bytes()
	s.letters--
	box.letters = slices.Delete(box.letters, place, place+1)
	s.forget(person, box)
}

// drop removes a message to make room.
func (s *mailShard) drop(person uint64, box *mailbox, place int) {
	if !box.letters[place].read {
		s.unread++
	}
	s.remove(person, box, place)
}

// forget removes a mailbox that is empty and has no readers.
func (s *mailShard) forget(person uint64, box *mailbox) {
	if len(box.letters) == 0 && box.readers == 0 {
		delete(s.boxes, person)
	}
}

// shrink drops the oldest messages until the memory limit holds, and the names of removed messages.
func (s *mailShard) shrink() {
	for s.bytes > s.most && s.order.len() > 0 {
		oldest := s.order.pop()
		if box, place := s.find(oldest); place >= 0 {
			s.drop(oldest.person, box, place)
		}
	}
	if s.order.len() > 2*s.letters+mailShards {
		s.order.keep(func(p posting) bool {
			_, place := s.find(p)
			return place >= 0
		})
	}
}

func (s *mailShard) find(p posting) (*mailbox, int) {
	box := s.boxes[p.person]
	if box == nil {
		return nil, -1
	}
	return box, slices.IndexFunc(box.letters, func(l letter) bool { return l.serial == p.serial })
}
