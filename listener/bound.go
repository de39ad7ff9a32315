package listener

import (
	"cmp"
	"errors"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Bound limits the open connections of a process. The zero value has no limit, but still makes room when the system has no
// descriptor left.
type Bound struct {
	Most   int            // most open connections; 0 means no limit
	Notify func(shed int) // hears how many were closed since it was last called, at most once a minute; may be nil

	mu     sync.Mutex
	free   sync.Cond // signalled when a connection closes, or begins to wait for its client; L is set at the first use
	open   map[*conn]struct{}
	wanted atomic.Int64 // accepted connections that wait for room
	shed   atomic.Int64
	told   int64     // of shed, when Notify was last called
	silent time.Time // until when Notify is not called
}

// Shed returns how many connections were closed to make room.
func (b *Bound) Shed() int64 { return b.shed.Load() }

// Open returns the number of open connections.
func (b *Bound) Open() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.open)
}

// Listen returns a listener whose connections count against the bound. Its Accept ends only when the listener is closed, or
// fails for a reason other than a lack of descriptors or memory.
func (b *Bound) Listen(l net.Listener) net.Listener {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.free.L = &b.mu
	if b.open == nil {
		b.open = map[*conn]struct{}{}
	}
	return &bounded{Listener: l, bound: b}
}

type bounded struct {
	net.Listener
	bound  *Bound
	closed atomic.Bool
}

// Accept waits for the next connection, and for room.
func (l *bounded) Accept() (net.Conn, error) {
	for pause := minPause; ; pause = min(2*pause, maxPause) {
		accepted, err := l.Listener.Accept()
		if err == nil {
			return l.bound.add(accepted, &l.closed), nil
		}
		if !exhausted(err) || l.closed.Load() {
			return nil, err
		}
		l.bound.makeRoom()
		time.Sleep(pause)
	}
}

// Close closes the listener. Its connections stay open.
func (l *bounded) Close() error {
	l.closed.Store(true)
	err := l.Listener.Close()
	l.bound.mu.Lock()
	defer l.bound.mu.Unlock()
	l.bound.free.Broadcast()
	return err
}

// While there is no descriptor, accepting is tried again after a pause that doubles.
const (
	minPause = 5 * time.Millisecond
	maxPause = time.Second
)

// exhausted reports whether accepting failed because the process or the system has no descriptor or memory left, or
// because the client has gone.
func exhausted(err error) bool {
	return slices.ContainsFunc([]error{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.ECONNABORTED}, func(lack error) bool {
		return errors.Is(err, lack)
	})
}

// add counts a connection, once there is room for it.
func (b *Bound) add(accepted net.Conn, closed *atomic.Bool) net.Conn {
	b.mu.Lock()
	defer b.mu.Unlock()
	for b.Most > 0 && len(b.open) >= b.Most && !closed.Load() {
		b.wanted.Add(1)
		if !b.closeIdle() {
			b.free.Wait()
		}
		b.wanted.Add(-1)
	}
	c := &conn{Conn: accepted, bound: b}
	c.waiting.Store(instant())
	b.open[c] = struct{}{}
	return c
}

// makeRoom closes idle connections because the system has no descriptor left.
func (b *Bound) makeRoom() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closeIdle()
}

// closeIdle closes the connections that have waited longest for their client, a sixteenth of all at once, so that a crowd
// of strangers is searched through only now and then. It reports whether there was one. The caller holds the lock.
func (b *Bound) closeIdle() bool {
	type idle struct {
		conn  *conn
		since int64
	}
	var all []idle
	for c := range b.open {
		if since := c.waiting.Load(); since > 0 {
			all = append(all, idle{c, since})
		}
	}
	slices.SortFunc(all, func(a, b idle) int { return cmp.Compare(a.since, b.since) })
	all = all[:min(len(all), max(1, len(b.open)/16))]
	for _, idle := range all {
		delete(b.open, idle.conn)
		_ = idle.conn.Conn.Close() // its server sees the end of the connection
	}
	b.shed.Add(int64(len(all)))
	b.tell(time.Now())
	return len(all) > 0
}

// tell calls Notify, unless it was called within the last minute.
func (b *Bound) tell(now time.Time) {
	shed := b.shed.Load()
	if b.Notify == nil || shed == b.told || now.Before(b.silent) {
		return
	}
	b.Notify(int(shed - b.told))
	b.told, b.silent = shed, now.Add(time.Minute)
}

// CloseWaiting closes the connections that have waited for their client for at least the given time.
func (b *Bound) CloseWaiting(patience time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	latest := instant() - int64(patience)
	for c := range b.open {
		if since := c.waiting.Load(); since > 0 && since <= latest {
			delete(b.open, c)
			_ = c.Conn.Close() // its server sees the end of the connection
		}
	}
}

// conn is a connection that counts.
type conn struct {
	net.Conn
	bound   *Bound
	waiting atomic.Int64 // the instant since which it has waited for its client; 0 while the server is at work
}

var started = time.Now()

// instant returns the nanoseconds since the process started, at least 1.
func instant() int64 { return max(1, int64(time.Since(started))) }

// Unwrap returns the underlying connection.
func (c *conn) Unwrap() net.Conn { return c.Conn }

// Read notes that the server waits for the client.
func (c *conn) Read(buffer []byte) (int, error) {
	if c.waiting.CompareAndSwap(0, instant()) && c.bound.wanted.Load() > 0 {
		c.bound.wake()
	}
	n, err := c.Conn.Read(buffer)
	c.waiting.Store(0)
	return n, err
}

// Close closes the connection and makes room for another.
func (c *conn) Close() error {
	err := c.Conn.Close()
	c.bound.mu.Lock()
	delete(c.bound.open, c)
	c.bound.mu.Unlock()
	c.bound.wake()
	return err
}

// wake has an accepted connection look for room again.
func (b *Bound) wake() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.free.Signal()
}

// leaving returns how many of a process's descriptors connections may take.
func leaving(descriptors int) int { return max(16, descriptors-max(64, descriptors/10)) }
