package loadgen

import (
	"bytes"
	"errors"
	"net/http"
	"strconv"
	"time"
)

// frame is the length and meaning of an HTTP/1.1 answer according to its head (RFC 9112, section 6.3, message
// body length).
type frame struct {
	status     int
	head       int // bytes of the head, the empty line included
	body       int // bytes of the body; for a chunked one, including its framing
	whole      bool
	untilClose bool // the body ends where the connection does
	keep       bool // the connection may be used again
	retry      retry
}

// errFrame is returned for bytes that are no answer of HTTP.
var errFrame = errors.New("the answer is not HTTP")

// maxHead is the longest head read, in bytes.
const maxHead = 64 << 10

// parseFrame parses the beginning of an answer. The field whole is true if the answer is complete. Interim answers
// (1xx) must be removed first. The answer to a HEAD request has no body.
func parseFrame(text []byte, toHead bool) (frame, error) {
	head := headLength(text)
	if head < 0 {
		if len(text) > maxHead || len(text) >= 5 && !bytes.HasPrefix(text, []byte("HTTP/")) {
			return frame{}, errFrame
		}
		return frame{}, nil
	}
	line, rest := cutLine(text[:head])
	f := frame{head: head}
	var err error
	if len(line) < 12 || !bytes.HasPrefix(line, []byte("HTTP/1.")) {
		return frame{}, errFrame
	}
	if f.status, err = strconv.Atoi(string(line[9:12])); err != nil || f.status < 100 {
		return frame{}, errFrame
	}
	var wishes options
	length, chunked, err := f.readHeaders(rest, &wishes)
	if err != nil {
		return frame{}, err
	}
	f.keep = !wishes.close && (line[7] == '1' || wishes.keep) && f.status != http.StatusSwitchingProtocols
	if toHead {
		f.whole = true
		return f, nil
	}
	return f, f.measure(text[f.head:], length, chunked)
}

// headLength returns the length of the head with the empty line that ends it, or -1 if there is none yet. A line may
// end in a line feed alone (RFC 9112, section 2.2).
func headLength(text []byte) int {
	for at := 0; ; {
		next := bytes.IndexByte(text[at:], '\n')
		if next < 0 {
			return -1
		}
		if at > 0 && (next == 0 || next == 1 && text[at] == '\r') {
			return at + next + 1
		}
		at += next + 1
	}
}

// cutLine returns the first line without its line end, and the rest.
func cutLine(text []byte) (line, rest []byte) {
	line, rest, _ = bytes.Cut(text, []byte("\n"))
	return bytes.TrimSuffix(line, []byte("\r")), rest
}

// fullLines returns an answer in which all lines of the head end in a carriage return and a line feed.
func fullLines(answer []byte, head int) []byte {
	lines, full := []byte("\n"), []byte("\r\n")
	if bytes.Count(answer[:head], lines) == bytes.Count(answer[:head], full) {
		return answer
	}
	made := bytes.ReplaceAll(bytes.ReplaceAll(answer[:head], full, lines), lines, full)
	return append(made, answer[head:]...)
}

// interim reports whether the final answer is outstanding. After 101 there is none: what follows belongs to another
// protocol.
func (f frame) interim() bool {
	return f.whole && f.status < 200 && f.status != http.StatusSwitchingProtocols
}

// options is what the Connection headers of an answer say about the connection (RFC 9112, section 9.3).
type options struct{ close, keep bool }

// read reads one header, which is a list.
func (o *options) read(list []byte) {
	for word := range bytes.SplitSeq(list, []byte(",")) {
		word = bytes.TrimSpace(word)
		o.close = o.close || bytes.EqualFold(word, []byte("close"))
		o.keep = o.keep || bytes.EqualFold(word, []byte("keep-alive"))
	}
}

// readHeaders reads the headers that matter here. The length is -1 if there is none.
func (f *frame) readHeaders(text []byte, wishes *options) (length int, chunked bool, err error) {
	length = -1
	for {
		var line []byte
		if line, text = cutLine(text); len(line) == 0 {
			break
		}
		name, value, found := bytes.Cut(line, []byte(":"))
		if !found {
			return 0, false, errFrame
		}
		value = bytes.TrimSpace(value)
		switch len(name) {
		case len("Content-Length"):
			if bytes.EqualFold(name, []byte("Content-Length")) {
				if length, err = strconv.Atoi(string(value)); err != nil || length < 0 || length > maxBody {
					return 0, false, errFrame
				}
			}
		case len("Transfer-Encoding"):
			chunked = chunked || bytes.EqualFold(name, []byte("Transfer-Encoding")) && bytes.EqualFold(value, []byte("chunked"))
		case len("Connection"):
			if bytes.EqualFold(name, []byte("Connection")) {
				wishes.read(value)
			}
		case len("Retry-After"):
			if bytes.EqualFold(name, []byte("Retry-After")) {
				f.retry = parseRetry(value)
			}
		}
	}
	return length, chunked, nil
}

// measure determines the length of the body, and whether it is complete.
func (f *frame) measure(body []byte, length int, chunked bool) error {
	switch {
	case f.status < 200 || f.status == 204 || f.status == 304:
		f.whole = true
	case chunked:
		return f.measureChunks(body)
	case length >= 0:
		f.body, f.whole = length, len(body) >= length
	default:
		f.untilClose, f.keep = true, false
		f.body = len(body)
		if len(body) > maxBody {
			return errFrame
		}
	}
	return nil
}

func (f *frame) measureChunks(body []byte) error {
	at := 0
	for {
		line, _, found := bytes.Cut(body[at:], []byte("\r\n"))
		if !found {
			return tooLong(len(body))
		}
		digits, _, _ := bytes.Cut(line, []byte(";"))
		size, err := strconv.ParseUint(string(bytes.TrimSpace(digits)), 16, 31)
		if err != nil || size > maxBody {
			return errFrame
		}
		at += len(line) + 2
		if size == 0 {
			return f.measureTrailers(body, at)
		}
		at += int(size) + 2
		if at > len(body) {
			return tooLong(len(body))
		}
	}
}

// measureTrailers finds the empty line that ends a chunked body.
func (f *frame) measureTrailers(body []byte, at int) error {
	for {
		line, _, found := bytes.Cut(body[at:], []byte("\r\n"))
		if !found {
			return tooLong(len(body))
		}
		at += len(line) + 2
		if len(line) == 0 {
			f.body, f.whole = at, true
			return nil
		}
	}
}

func tooLong(length int) error {
	if length > maxBody+maxHead {
		return errFrame
	}
	return nil
}

// retry is the value of a Retry-After header (RFC 9110, section 10.2.3).
type retry struct {
	after time.Duration
	at    time.Time // zero unless the header holds a date
}

// parseRetry parses seconds or a date. It ignores anything else.
func parseRetry(value []byte) retry {
	if seconds, err := strconv.Atoi(string(value)); err == nil {
		return retry{after: time.Duration(max(0, min(seconds, 1<<20))) * time.Second}
	}
	if at, err := http.ParseTime(string(value)); err == nil {
		return retry{at: at}
	}
	return retry{}
}

// from returns how long to wait from now on, at most an hour.
func (r retry) from(now time.Time) time.Duration {
	wait := r.after
	if !r.at.IsZero() {
		wait = r.at.Sub(now)
	}
	return max(0, min(wait, time.Hour))
}
