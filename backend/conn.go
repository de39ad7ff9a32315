package backend

import (
	"net"
	"time"
)

// sipSize is what a connection reads at once while it waits for a request: nearly all but photos are smaller. It makes a
// sipConn 1 KiB.
const sipSize = 1024 - 48

// sipper is a listener whose connections are cheap to wait on.
type sipper struct{ net.Listener }

// Accept implements net.Listener.
func (l sipper) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &sipConn{Conn: conn}, nil
}

// sipConn spares system calls and timers for a server that holds no buffers while it waits (fasthttp's ReduceMemoryUsage).
//
// Such a server asks for one byte first, and for the rest when it comes; here the rest has come with that byte. It also
// sets three deadlines for each request; here one is set only before the kernel is asked, and when it has moved by a
// second or more: it strikes up to a second early.
//
// Note: a goroutine of the server alone may set the deadlines; Close may come from any.
type sipConn struct {
	net.Conn
	from, to           uint32 // what of the sip has not been asked for yet
	read, armed, write int64  // deadlines in Unix nanoseconds: of reads as asked, of reads as set, of writes as set
	sip                [sipSize]byte
}

// Read implements net.Conn.
func (c *sipConn) Read(p []byte) (int, error) {
	if c.from == c.to {
		if err := move(&c.armed, c.read, c.Conn.SetReadDeadline); err != nil {
			return 0, err
		}
		if len(p) != 1 {
			return c.Conn.Read(p)
		}
		n, err := c.Conn.Read(c.sip[:])
		if n == 0 {
			return 0, err
		}
		c.from, c.to = 0, uint32(n)
	}
	n := copy(p, c.sip[c.from:c.to])
	c.from += uint32(n)
	return n, nil
}

// SetReadDeadline implements net.Conn.
func (c *sipConn) SetReadDeadline(t time.Time) error {
	c.read = nanos(t)
	return nil
}

// SetWriteDeadline implements net.Conn.
func (c *sipConn) SetWriteDeadline(t time.Time) error {
	return move(&c.write, nanos(t), c.Conn.SetWriteDeadline)
}

// SetDeadline implements net.Conn.
func (c *sipConn) SetDeadline(t time.Time) error {
	c.read = nanos(t)
	return c.SetWriteDeadline(t)
}

// nanos is 0 for no deadline.
func nanos(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

// move sets a deadline that is another by a second or more.
func move(armed *int64, to int64, set func(time.Time) error) error {
	if d := time.Duration(to - *armed); d < time.Second && d > -time.Second {
		return nil
	}
	*armed = to
	if to == 0 {
		return set(time.Time{})
	}
	return set(time.Unix(0, to))
}
