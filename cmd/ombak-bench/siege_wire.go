//go:build linux

package main

import (
	"errors"
	"io"
	"net"
	"sync"
)

// The moods of a wire.
const (
	carrying = iota // carries bytes both ways
	silent          // accepts connections and carries nothing, until the mood changes
	gone            // refuses connections, and has reset those that were open
)

// wire lies between a backend and something that it calls. Whoever calls through it cannot tell it from the other side.
type wire struct {
	to, address string
	mutex       sync.Mutex // guards the fields below
	mood        int
	turned      chan struct{} // closed when the mood changes
	listener    net.Listener
	open        map[net.Conn]bool
	carriers    sync.WaitGroup
}

// newWire listens at a free port and carries what comes to an address. Without an address it is silent for ever.
func newWire(to string) (*wire, error) {
	w := &wire{to: to, address: "127.0.0.1:0", turned: make(chan struct{}), open: map[net.Conn]bool{}}
	if to == "" {
		w.mood = silent
	}
	err := w.listen()
	return w, err
}

// listen listens at the wire's address. The caller holds the lock, if there are others.
func (w *wire) listen() error {
	listener, err := net.Listen("tcp", w.address)
	if err != nil {
		return err
	}
	w.listener, w.address = listener, listener.Addr().String()
	w.carriers.Go(func() { w.accept(listener) })
	return nil
}

// turn changes the mood. A wire that is gone comes back at its address.
func (w *wire) turn(mood int) error {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	was := w.mood
	w.mood = mood
	close(w.turned)
	w.turned = make(chan struct{})
	switch {
	case mood == gone:
		w.listener.Close()
		for conn := range w.open {
			reset(conn)
		}
	case was == gone:
		return w.listen()
	}
	return nil
}

// reset closes a connection so that the other side is told of a reset.
func reset(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // otherwise it is closed in order
	}
	conn.Close()
}

// close ends the wire.
func (w *wire) close() {
	_ = w.turn(gone) // nothing is listened to
	w.carriers.Wait()
}

func (w *wire) accept(listener net.Listener) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		w.carriers.Go(func() { w.connect(conn) })
	}
}

// connect carries one connection to its end.
func (w *wire) connect(conn net.Conn) {
	defer w.forget(conn)
	if !w.keep(conn) || !w.wait() {
		return
	}
	other, err := net.Dial("tcp", w.to)
	if err != nil {
		return
	}
	defer w.forget(other)
	if !w.keep(other) {
		return
	}
	var back sync.WaitGroup
	defer back.Wait()
	back.Go(func() { w.carry(conn, other) })
	w.carry(other, conn)
}

// keep notes an open connection. It reports whether the wire is there.
func (w *wire) keep(conn net.Conn) bool {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.open[conn] = true
	return w.mood != gone
}

func (w *wire) forget(conn net.Conn) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	delete(w.open, conn)
	conn.Close()
}

// wait waits while the wire is silent. It reports whether it then carries.
func (w *wire) wait() bool {
	for {
		w.mutex.Lock()
		mood, turned := w.mood, w.turned
		w.mutex.Unlock()
		if mood != silent {
			return mood == carrying
		}
		<-turned
	}
}

// carry copies what comes until one side closes. Then it closes the other.
func (w *wire) carry(to, from net.Conn) {
	defer to.Close()
	buffer := make([]byte, 16<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 && w.wait() {
			if _, failed := to.Write(buffer[:n]); failed != nil {
				return
			}
		}
		if err != nil {
			if !errors.Is(err, io.EOF) {
				reset(to)
			}
			return
		}
	}
}
