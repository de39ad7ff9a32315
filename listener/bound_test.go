package listener_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"syscall"
	"testing"

	"github.com/ombak-sim/ombak/listener"
)

// echo serves connections that send back what they get, until the listener is closed.
func echo(t *testing.T, bound *listener.Bound, inner net.Listener) (address string) {
	t.Helper()
	l := bound.Listen(inner)
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			serving.Go(func() {
				defer c.Close()
				_, _ = io.Copy(onlyWriter{c}, onlyReader{c}) // until the client goes
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		serving.Wait()
	})
	return inner.Addr().String()
}

type (
	onlyReader struct{ io.Reader }
	onlyWriter struct{ io.Writer }
)

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func dial(t *testing.T, address string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// said reports whether a connection still answers.
func said(c net.Conn, text string) bool {
	if _, err := c.Write([]byte(text)); err != nil {
		return false
	}
	answer := make([]byte, len(text))
	_, err := io.ReadFull(c, answer)
	return err == nil && string(answer) == text
}

// busy returns a connection whose server is at work on what its client has sent.
func busy(t *testing.T, l net.Listener) net.Conn {
	t.Helper()
	client := dial(t, l.Addr().String())
	server, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(server, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	return server
}

// Strangers who say nothing make room for newcomers.
func TestStrangersMakeRoom(t *testing.T) {
	told := make(chan int, 100)
	bound := &listener.Bound{Most: 20, Notify: func(shed int) { told <- shed }}
	address := echo(t, bound, listen(t))
	var strangers []net.Conn
	for range 20 {
		strangers = append(strangers, dial(t, address))
		if !said(strangers[len(strangers)-1], "hello") {
			t.Fatal("a connection below the bound does not answer")
		}
	}
	for range 5 {
		if !said(dial(t, address), "let me in") {
			t.Fatal("a newcomer does not get in")
		}
	}
	if shed := bound.Shed(); shed != 5 {
		t.Errorf("%d connections were closed, want 5", shed)
	}
	alive := 0
	for _, stranger := range strangers {
		if said(stranger, "still here") {
			alive++
		}
	}
	if alive != 15 {
		t.Errorf("%d of the first 20 still answer, want 15", alive)
	}
	if first := <-told; first != 1 || len(told) > 0 {
		t.Errorf("told of %d, and %d more within the minute; want 1 and none", first, len(told))
	}
}

// Connections at work are never closed: a newcomer waits until one ends.
func TestConnectionsAtWorkStay(t *testing.T) {
	bound := &listener.Bound{Most: 2}
	inner := listen(t)
	l := bound.Listen(inner)
	defer l.Close()
	var atWork []net.Conn
	for range 2 {
		atWork = append(atWork, busy(t, l))
	}
	dial(t, inner.Addr().String())
	accepted := make(chan error)
	go func() {
		c, err := l.Accept()
		if err == nil {
			_ = c.Close()
		}
		accepted <- err
	}()
	for _, server := range atWork {
		if _, err := server.Write([]byte("y")); err != nil {
			t.Errorf("a connection at work was closed: %v", err)
		}
	}
	_ = atWork[0].Close()
	if err := <-accepted; err != nil || bound.Shed() != 0 {
		t.Errorf("%v, %d closed; want the newcomer and nobody closed", err, bound.Shed())
	}
}

// starved fails to accept a few times, as when the system has no descriptor left.
type starved struct {
	net.Listener
	failures []error
}

func (s *starved) Accept() (net.Conn, error) {
	if len(s.failures) == 0 {
		return s.Listener.Accept()
	}
	err := s.failures[0]
	s.failures = s.failures[1:]
	return nil, fmt.Errorf("accept: %w", err)
}

// Accepting outlives a lack of descriptors, and nothing else.
func TestAcceptOutlivesALackOfDescriptors(t *testing.T) {
	bound := &listener.Bound{}
	inner := &starved{Listener: listen(t), failures: []error{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.ECONNABORTED}}
	if address := echo(t, bound, inner); !said(dial(t, address), "hello") {
		t.Error("it does not accept any more")
	}
	broken := bound.Listen(&starved{Listener: listen(t), failures: []error{syscall.EBADF}})
	defer broken.Close()
	if _, err := broken.Accept(); !errors.Is(err, syscall.EBADF) {
		t.Errorf("%v; want the listener's own error", err)
	}
}

// A connection that comes to an end of its work makes room for one that waits.
func TestWorkThatEndsMakesRoom(t *testing.T) {
	bound := &listener.Bound{Most: 1}
	inner := listen(t)
	l := bound.Listen(inner)
	defer l.Close()
	server := busy(t, l)
	dial(t, inner.Addr().String())
	accepted := make(chan error)
	go func() {
		_, err := l.Accept()
		accepted <- err
	}()
	go func() { _, _ = server.Read(make([]byte, 1)) }() // it waits for its client from now on
	if err := <-accepted; err != nil || bound.Shed() != 1 {
		t.Errorf("%v, %d closed; want the newcomer, and one closed", err, bound.Shed())
	}
}

func ExampleBound() {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	bound := listener.Bound{Most: 100}
	l := bound.Listen(inner)
	defer l.Close()
	fmt.Println(bound.Open(), bound.Shed())
	// Output: 0 0
}
