package loadgen

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/ombak-sim/ombak/journey/funnel"
)

// line is a connection of the portable wire for HTTP/1.1. It belongs to the worker that has taken it, or to its watch
// while it is idle.
type line struct {
	conn    net.Conn
	key     owner
	cold    bool // closed after its only answer
	answers int  // requests answered on it so far
	opened  time.Time
	rested  time.Time     // when it became idle
	in      []byte        // the part of the answer that was read
	watched chan struct{} // closed when the watch has ended; nil if there is none
	gone    bool          // the server has closed it, or sent without being asked; set by the watch
}

// watch reads from an idle connection until it is taken, or ends, which it reports. Over TLS, it takes the tickets that the
// server sends.
func (l *line) watch() (gone bool) {
	var one [1]byte
	_, err := l.conn.Read(one[:])
	gone = !errors.Is(err, os.ErrDeadlineExceeded)
	l.gone = gone
	close(l.watched) // from here on, the line belongs to who has taken it
	return gone
}

// wake ends the watch and reports whether the connection can be used.
func (l *line) wake() bool {
	if l.watched != nil {
		_ = l.conn.SetReadDeadline(time.Unix(1, 0)) // a connection of the network has deadlines
		<-l.watched
		l.watched = nil
	}
	return !l.gone
}

// ask sends a request and reads its answer until the deadline, which is none if it is zero.
func (l *line) ask(text []byte, toHead bool, deadline time.Time) (frame, error) {
	_ = l.conn.SetDeadline(deadline) // likewise
	l.in = l.in[:0]
	if _, err := l.conn.Write(text); err != nil {
		return frame{}, err
	}
	return l.hear(toHead)
}

// hear reads the rest of an answer.
func (l *line) hear(toHead bool) (frame, error) {
	for {
		if cap(l.in)-len(l.in) < 4<<10 {
			l.in = append(l.in, make([]byte, max(8<<10, cap(l.in)))...)[:len(l.in)]
		}
		n, ended := l.conn.Read(l.in[len(l.in):cap(l.in)])
		l.in = l.in[:len(l.in)+n]
		f, err := parseFrame(l.in, toHead)
		for err == nil && f.interim() {
			l.in = append(l.in[:0], l.in[f.head:]...)
			f, err = parseFrame(l.in, toHead)
		}
		closed := errors.Is(ended, io.EOF) || errors.Is(ended, io.ErrUnexpectedEOF)
		switch {
		case err != nil || f.whole || f.untilClose && closed:
			return f, err
		case ended != nil:
			return f, ended
		}
	}
}

// lost returns the reason of a request whose connection was closed before the answer was complete.
func (l *line) lost() funnel.Reason {
	if l.answers > 0 && len(l.in) == 0 {
		return funnel.ReasonStale
	}
	return funnel.ReasonReset
}

// readAnswer reads an answer that has arrived whole.
func readAnswer(source *bytes.Reader, reader *bufio.Reader, text []byte, f frame, toHead bool, resp *fasthttp.Response) error {
	resp.SkipBody = toHead
	source.Reset(fullLines(text[:f.head+f.body], f.head))
	reader.Reset(source)
	return resp.ReadLimitBody(reader, maxBody)
}

// exchange makes a request over HTTP/1.1.
func (w *worker) exchange(work job, done *completion) {
	request := &w.generator.requests[work.request]
	text, err := w.bytes(work)
	if err != nil {
		done.end, done.answer.Outcome, done.reason = time.Since(w.began), funnel.Failed, funnel.ReasonBody
		return
	}
	var deadline time.Time
	if work.timeout > 0 {
		deadline = w.began.Add(done.start + work.timeout)
	}
	toHead := w.generator.method(work) == fasthttp.MethodHead
	l, err := w.pool.lines.take(work, w.generator.client(work), w.generator.cold(work), deadline)
	var f frame
	if r := w.pool.routes[w.generator.client(work)]; r.proxy != nil && r.secure == nil {
		text = absolute(text, strings.TrimSuffix(r.address, ":80"), r.proxy)
	}
	if err == nil {
		f, err = l.ask(text, toHead, deadline)
	}
	done.end = time.Since(w.began)
	if err != nil {
		done.answer.Outcome, done.reason = classifyError(err)
		if l != nil {
			w.lose(l, work, request, toHead, done)
		}
		return
	}
	w.resp.Reset()
	if w.reads(request) {
		if w.reader == nil {
			w.reader = bufio.NewReaderSize(nil, 64<<10)
		}
		if err := readAnswer(&w.source, w.reader, l.in, f, toHead, &w.resp); err != nil {
			done.answer.Outcome, done.reason = funnel.Failed, funnel.ReasonBody
			_ = l.conn.Close() // nothing can be done about it
			return
		}
	}
	w.judge(work, request, f.status, f.retry, &w.resp, done)
	if !f.keep || l.cold || len(l.in) > f.head+f.body {
		_ = l.conn.Close() // likewise
		return
	}
	l.answers++
	w.pool.lines.rest(l)
}

// lose closes the connection of a request that has failed. It leaves it open for a while if the person has left silently,
// so that the service keeps working on the abandoned request.
func (w *worker) lose(l *line, work job, request *compiled, toHead bool, done *completion) {
	if done.reason == funnel.ReasonReset {
		done.reason = l.lost()
	}
	if done.answer.Outcome != funnel.TimedOut || !work.leaves || !request.Silent || !w.pool.lines.leave() {
		_ = l.conn.Close() // nothing can be done about it
		return
	}
	_ = l.conn.SetDeadline(time.Now().Add(linger)) // a connection of the network has deadlines
	w.pool.workers.Go(func() {
		defer w.pool.lines.left()
		_, _ = l.hear(toHead) // for nobody
		_ = l.conn.Close()
	})
}
