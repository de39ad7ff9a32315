package backend

import (
	"bytes"
	"errors"
	"net"
	"os"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// scriptedConn gives one piece per Read, and notes what is asked of it.
type scriptedConn struct {
	net.Conn
	pieces [][]byte
	reads  int
	set    []time.Time // read deadlines
	write  []time.Time
}

func (c *scriptedConn) Read(p []byte) (int, error) {
	c.reads++
	if len(c.pieces) == 0 {
		return 0, net.ErrClosed
	}
	n := copy(p, c.pieces[0])
	if c.pieces[0] = c.pieces[0][n:]; len(c.pieces[0]) == 0 {
		c.pieces = c.pieces[1:]
	}
	return n, nil
}

func (c *scriptedConn) SetReadDeadline(t time.Time) error {
	c.set = append(c.set, t)
	return nil
}

func (c *scriptedConn) SetWriteDeadline(t time.Time) error {
	c.write = append(c.write, t)
	return nil
}

func TestSipConnLosesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pieces := rapid.SliceOf(rapid.SliceOfN(rapid.Byte(), 1, 3*sipSize)).Draw(t, "pieces")
		sent := bytes.Join(pieces, nil)
		conn := &sipConn{Conn: &scriptedConn{pieces: pieces}}
		var got []byte
		for {
			p := make([]byte, rapid.SampledFrom([]int{1, 2, 100, sipSize, 4096}).Draw(t, "size"))
			n, err := conn.Read(p)
			got = append(got, p[:n]...)
			if err != nil {
				break
			}
		}
		if !bytes.Equal(got, sent) {
			t.Fatalf("%d bytes were sent, %d others came", len(sent), len(got))
		}
	})
}

// TestSipConnReadsARequestAtOnce plays what fasthttp asks for each small request of a kept connection.
func TestSipConnReadsARequestAtOnce(t *testing.T) {
	request := []byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	scripted := &scriptedConn{pieces: [][]byte{request, request, request}}
	conn := &sipConn{Conn: scripted}
	now := time.Now()
	for range 3 {
		conn.SetReadDeadline(now.Add(2 * time.Minute))
		first := make([]byte, 1)
		if _, err := conn.Read(first); err != nil {
			t.Fatal(err)
		}
		conn.SetReadDeadline(now.Add(30 * time.Second))
		rest := make([]byte, 4096)
		n, err := conn.Read(rest)
		if got := append(first, rest[:n]...); err != nil || !bytes.Equal(got, request) {
			t.Fatalf("read %q, %v", got, err)
		}
		conn.SetWriteDeadline(now.Add(30 * time.Second))
		now = now.Add(300 * time.Millisecond)
	}
	if scripted.reads != 3 || len(scripted.set) != 1 || len(scripted.write) != 1 {
		t.Errorf("%d reads, %d deadlines of reads and %d of writes reached the kernel, not 3, 1 and 1", scripted.reads, len(scripted.set), len(scripted.write))
	}
	conn.SetDeadline(time.Time{})
	conn.Read(make([]byte, 1)) // there is nothing more
	if !scripted.set[len(scripted.set)-1].IsZero() || !scripted.write[len(scripted.write)-1].IsZero() {
		t.Error("deadlines that were taken back are there still")
	}
}

func TestSipConnKeepsDeadlines(t *testing.T) {
	here, there := net.Pipe()
	defer there.Close()
	conn := &sipConn{Conn: here}
	defer conn.Close()
	for _, size := range []int{1, 100} {
		conn.SetReadDeadline(time.Now().Add(time.Hour))
		conn.SetReadDeadline(time.Now().Add(time.Millisecond))
		if _, err := conn.Read(make([]byte, size)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("a read of %d bytes ended with %v", size, err)
		}
	}
	conn.SetWriteDeadline(time.Now().Add(time.Millisecond))
	if _, err := conn.Write([]byte("nobody reads")); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a write ended with %v", err)
	}
}
