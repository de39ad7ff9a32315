package mocks

import (
	"context"
	"net"
	"sync"
	"sync/atomic"

	"github.com/ombak-sim/ombak/workload/fault"
)

// gatekeeper is the listener of one mock. It refuses connections that a fault refuses or that exceed the limit.
// It closes all connections when the context ends, because the servers would wait until the clients close them.
//
// Note: a refused connection is accepted and reset at once. A listening socket cannot refuse, and closing it
// would free the port.
type gatekeeper struct {
	net.Listener
	context context.Context
	most    int // open connections; 0 means no limit
	board   *board
	clock   *runClock
	open    atomic.Int64
	made    atomic.Uint64 // connections so far
}

// Accept implements net.Listener.
func (g *gatekeeper) Accept() (net.Conn, error) {
	for {
		conn, err := g.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if g.refuses(conn) {
			cut(conn)
			continue
		}
		g.open.Add(1)
		kept := &keptConn{Conn: conn, gate: g}
		kept.forget = context.AfterFunc(g.context, func() { _ = conn.Close() }) // the reader sees the error
		return kept, nil
	}
}

func (g *gatekeeper) refuses(conn net.Conn) bool {
	if g.most > 0 && g.open.Load() >= int64(g.most) {
		return true
	}
	return g.board != nil && g.board.fate(g.clock.scenario(), g.made.Add(1), conn.RemoteAddr().String()).Has(fault.Refused)
}

type keptConn struct {
	net.Conn
	gate   *gatekeeper
	forget func() bool
	once   sync.Once
}

// Unwrap returns the underlying connection.
func (c *keptConn) Unwrap() net.Conn { return c.Conn }

// Close implements net.Conn.
func (c *keptConn) Close() error {
	c.once.Do(func() {
		c.forget()
		c.gate.open.Add(-1)
	})
	return c.Conn.Close()
}
