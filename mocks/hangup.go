package mocks

import (
	"context"
	"net"
)

// hangUp is a listener whose connections are closed when the context ends, for servers that would
// wait until the other side hangs up.
type hangUp struct {
	net.Listener
	context context.Context
}

// Accept implements net.Listener.
func (h hangUp) Accept() (net.Conn, error) {
	conn, err := h.Listener.Accept()
	if err != nil {
		return nil, err
	}
	forget := context.AfterFunc(h.context, func() { _ = conn.Close() }) // whoever reads from it learns of it
	return &hangUpConn{conn, forget}, nil
}

type hangUpConn struct {
	net.Conn
	forget func() bool
}

// Close implements net.Conn.
func (c *hangUpConn) Close() error {
	c.forget()
	return c.Conn.Close()
}
