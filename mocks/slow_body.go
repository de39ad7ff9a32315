package mocks

import (
	"bufio"
	"bytes"
	"context"
	"net"
	"net/http"
	"time"

	"github.com/valyala/fasthttp"
)

// wireAnswer sends an answer in a way that no server would: it writes the bytes itself and closes the
// connection.
type wireAnswer struct {
	context context.Context
	half    bool          // stop in the middle
	over    time.Duration // send the body in pieces over this time
	date    time.Time     // value of the Date header, unless zero
}

// slowPieces is the maximum number of pieces of a slow body.
const slowPieces = 20

// take sends the answer in place of the server.
func (w wireAnswer) take(ctx *fasthttp.RequestCtx) {
	ctx.Response.Header.SetConnectionClose()
	var whole bytes.Buffer
	buffered := bufio.NewWriter(&whole)
	if ctx.Response.Write(buffered) != nil || buffered.Flush() != nil {
		return // in memory; the server answers as usual
	}
	head, body, _ := bytes.Cut(whole.Bytes(), []byte("\r\n\r\n"))
	head = append(w.dated(head), "\r\n\r\n"...)
	if w.half {
		body = body[:len(body)/2]
	}
	ctx.HijackSetNoResponse(true)
	ctx.Hijack(func(conn net.Conn) {
		if _, err := conn.Write(head); err == nil {
			w.send(conn, body)
		}
	})
}

// dated replaces the Date header.
func (w wireAnswer) dated(head []byte) []byte {
	if w.date.IsZero() {
		return bytes.Clone(head)
	}
	var lines [][]byte
	for _, line := range bytes.Split(head, []byte("\r\n")) {
		if !bytes.HasPrefix(line, []byte("Date:")) {
			lines = append(lines, line)
		}
	}
	lines = append(lines, []byte("Date: "+w.date.UTC().Format(http.TimeFormat)))
	return bytes.Join(lines, []byte("\r\n"))
}

// send writes the body. A slow body is sent in pieces at equal intervals.
func (w wireAnswer) send(conn net.Conn, body []byte) {
	pieces := 1
	if w.over > 0 {
		pieces = max(1, min(slowPieces, len(body)))
	}
	for i := range pieces {
		if w.over > 0 && !w.pause(w.over/time.Duration(pieces)) {
			return
		}
		if _, err := conn.Write(body[len(body)*i/pieces : len(body)*(i+1)/pieces]); err != nil {
			return // the client has closed the connection
		}
	}
}

// pause waits and reports whether the mocks are still running.
func (w wireAnswer) pause(length time.Duration) bool {
	timer := time.NewTimer(length)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-w.context.Done():
		return false
	}
}
