package loadgen

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/valyala/fasthttp"
	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// h2conn is an HTTP/2 connection in memory (RFC 9113): the take method gets what was read, in pieces of any length, and out
// holds what is to be written. What the server makes it keep is bounded.
type h2conn struct {
	out     []byte // to be written
	in      []byte // the part of a frame that was read
	source  bytes.Reader
	framer  *http2.Framer
	encoder *hpack.Encoder
	block   bytes.Buffer // of encoder
	decoder *hpack.Decoder

	streams map[uint32]*stream
	queue   []*stream // not begun: the server has not said yet how many it takes, or takes fewer
	stuck   []*stream // whose bodies wait for the server to take more
	ended   []*stream // since the caller last cleared it
	limit   int       // most streams of ours
	now     func() time.Duration
	most    uint32 // most streams that the server takes; not known before greeted
	greeted bool   // the server's settings have come
	leaving bool   // no stream begins any more
	lost    bool   // the connection has failed

	next     uint32 // of the stream that begins next
	window   int64  // bytes of bodies that the server still takes
	initial  int64  // the window of a new stream
	largest  int    // frame that the server takes
	taken    int    // bytes of bodies taken since the last update of the server's window
	replies  int    // answers to the server's frames since out was last empty
	answered int    // streams that the server has answered

	head struct { // the block of header fields that is being read
		stream *stream // nil if nobody waits for it
		last   bool    // the stream ends with it
		frames int
		size   int // of its fields, as in the limit that the settings have told
		again  bool
	}
}

// stream is one request and its answer.
type stream struct {
	id       uint32
	place    int32 // of the connection
	index    int32 // among the streams of the shard
	job      job
	start    time.Duration
	deadline uint64 // the sequence number of its deadline; 0 if it has none
	waited   bool   // for the connection to open
	request  outgoing

	rest     []byte // of the body, still to be sent
	window   int64
	taken    int                // bytes of the answer since the last update of its window
	resp     *fasthttp.Response // nil if only the status is asked for
	status   int
	retry    retry
	length   int // that the server has announced; -1 if it has not
	received int
	silent   bool          // an answer to HEAD has no body
	reply    *reply        // nil unless it is a gRPC call
	until    time.Duration // its deadline, as the server is told; 0 if it has none
	left     bool          // the person has left silently, and the answer is outstanding
	err      error
}

// outgoing is a request as HTTP/2 sends it.
type outgoing struct {
	fields []hpack.HeaderField
	body   []byte
}

const (
	streamWindow   = 4 << 20 // bytes of an answer that the server may send before they are taken
	connWindow     = 1 << 30
	refillAt       = 1 << 20
	mostHeadFrames = 1 << 10 // frames of one block of fields
	mostReplies    = 1 << 10 // answers to the server's frames that may wait to be written
	frameHead      = 9       // bytes
	largestFrame   = 16 << 10
	firstWindow    = 65_535 // RFC 9113, section 6.9.2
	firstMost      = 100    // the least that RFC 9113, section 6.5.2, recommends to a server
)

// errRefused is the end of a stream that the server has not worked on, most often because it was about to close the
// connection.
var errRefused = errors.New("the server has not begun this request")

func newH2Conn(limit int) *h2conn {
	s := &h2conn{streams: map[uint32]*stream{}, limit: limit, most: firstMost, next: 1, window: firstWindow, initial: firstWindow, largest: largestFrame}
	s.framer = http2.NewFramer(s, &s.source)
	s.framer.SetReuseFrames()
	s.framer.SetMaxReadFrameSize(largestFrame)
	s.encoder = hpack.NewEncoder(&s.block)
	s.decoder = hpack.NewDecoder(4096, s.field)
	s.decoder.SetMaxStringLength(mostFields)
	s.out = append(s.out, http2.ClientPreface...)
	_ = s.framer.WriteSettings( // writing to memory never fails
		http2.Setting{ID: http2.SettingEnablePush, Val: 0},
		http2.Setting{ID: http2.SettingInitialWindowSize, Val: streamWindow},
		http2.Setting{ID: http2.SettingMaxHeaderListSize, Val: mostFields})
	_ = s.framer.WriteWindowUpdate(0, connWindow-firstWindow) // likewise
	return s
}

// Write appends to out.
func (s *h2conn) Write(text []byte) (int, error) {
	s.out = append(s.out, text...)
	return len(text), nil
}

// allowed returns the most streams at once.
func (s *h2conn) allowed() int { return min(s.limit, int(min(s.most, math.MaxInt32))) }

// room reports whether another stream may begin, or wait for the server's settings.
func (s *h2conn) room() bool { return !s.leaving && len(s.streams)+len(s.queue) < s.allowed() }

// idle reports whether nothing is under way.
func (s *h2conn) idle() bool { return len(s.streams)+len(s.queue) == 0 }

// add begins a stream, or lets it wait for the server's settings.
func (s *h2conn) add(t *stream) {
	if !s.greeted {
		s.queue = append(s.queue, t)
		return
	}
	s.begin(t)
}

// begin sends the head of a request, and as much of its body as the server takes.
func (s *h2conn) begin(t *stream) {
	t.id, t.window, t.length = s.next, s.initial, -1
	if s.next += 2; s.next > math.MaxInt32-2 {
		s.leaving = true
	}
	s.streams[t.id] = t
	s.block.Reset()
	for _, field := range t.request.fields {
		_ = s.encoder.WriteField(field) // likewise
	}
	if t.until > 0 {
		_ = s.encoder.WriteField(hpack.HeaderField{Name: "grpc-timeout", Value: timeoutOf(t.until - s.now()), Sensitive: true}) // no table keeps it
	}
	t.rest = t.request.body
	text := s.block.Bytes()
	part := text[:min(len(text), s.largest)]
	text = text[len(part):]
	_ = s.framer.WriteHeaders(http2.HeadersFrameParam{StreamID: t.id, BlockFragment: part, EndStream: len(t.rest) == 0, EndHeaders: len(text) == 0})
	for len(text) > 0 {
		part = text[:min(len(text), s.largest)]
		text = text[len(part):]
		_ = s.framer.WriteContinuation(t.id, len(text) == 0, part)
	}
	if len(t.rest) > 0 && !s.pump(t) {
		s.stuck = append(s.stuck, t)
	}
}

// pump sends as much of a body as the server takes, and reports whether that was all.
func (s *h2conn) pump(t *stream) bool {
	for len(t.rest) > 0 {
		n := int(min(int64(len(t.rest)), int64(s.largest), s.window, t.window))
		if n <= 0 {
			return false
		}
		_ = s.framer.WriteData(t.id, n == len(t.rest), t.rest[:n])
		t.rest = t.rest[n:]
		s.window -= int64(n)
		t.window -= int64(n)
	}
	return true
}

// pumpAll goes on sending bodies.
func (s *h2conn) pumpAll() {
	var stuck []*stream
	for _, t := range s.stuck {
		if s.streams[t.id] == t && !s.pump(t) {
			stuck = append(stuck, t)
		}
	}
	s.stuck = stuck
}

// cancel ends a stream that nobody waits for any more.
func (s *h2conn) cancel(t *stream) {
	if t.id == 0 {
		for i, other := range s.queue {
			if other == t {
				s.queue = append(s.queue[:i], s.queue[i+1:]...)
				return
			}
		}
		return
	}
	delete(s.streams, t.id)
	_ = s.framer.WriteRSTStream(t.id, http2.ErrCodeCancel)
}

// end ends a stream with its answer, or an error.
func (s *h2conn) end(t *stream, err error) {
	if t.err = err; err == nil {
		s.answered++
		if len(t.rest) > 0 { // the server wants no more of the body
			_ = s.framer.WriteRSTStream(t.id, http2.ErrCodeCancel)
		}
	}
	delete(s.streams, t.id)
	s.ended = append(s.ended, t)
}

// endAll ends every stream with an error.
func (s *h2conn) endAll(err error) {
	s.leaving, s.lost = true, true
	for _, t := range s.streams {
		s.end(t, err)
	}
	for _, t := range s.queue {
		t.err = err
		s.ended = append(s.ended, t)
	}
	s.queue = nil
}

// take handles what was read. After an error the connection is of no use.
func (s *h2conn) take(text []byte) error {
	if len(s.in) > 0 {
		s.in = append(s.in, text...)
		text = s.in
	}
	for len(text) >= frameHead {
		length := int(text[0])<<16 | int(binary.BigEndian.Uint16(text[1:]))
		if !s.greeted && text[3] != byte(http2.FrameSettings) {
			return fmt.Errorf("%w: the server does not answer in HTTP/2", errFrame)
		}
		if length > largestFrame {
			return fmt.Errorf("%w: a frame of HTTP/2 has %d bytes", errFrame, length)
		}
		if len(text) < frameHead+length {
			break
		}
		s.source.Reset(text[:frameHead+length])
		text = text[frameHead+length:]
		if err := s.handle(s.framer.ReadFrame()); err != nil {
			return err
		}
	}
	s.in = append(s.in[:0], text...)
	return nil
}

// handle handles one frame, or the error of reading it.
func (s *h2conn) handle(frame http2.Frame, err error) error {
	var fault http2.StreamError
	if errors.As(err, &fault) {
		s.reset(fault.StreamID, fault.Code)
		return nil
	}
	if err != nil {
		return fmt.Errorf("%w: %w", errFrame, err)
	}
	switch f := frame.(type) {
	case *http2.HeadersFrame:
		s.head.stream, s.head.last, s.head.frames, s.head.size = s.streams[f.StreamID], f.StreamEnded(), 0, 0
		if t := s.head.stream; t != nil {
			if s.head.again = t.status >= fasthttp.StatusOK; !s.head.again {
				t.status, t.length, t.retry = 0, -1, retry{} // there may have been an interim answer
			}
			if t.reply != nil {
				t.reply.block(s.head.again)
			}
		}
		return s.fields(f.HeaderBlockFragment(), f.HeadersEnded())
	case *http2.ContinuationFrame:
		return s.fields(f.HeaderBlockFragment(), f.HeadersEnded())
	case *http2.DataFrame:
		return s.data(f)
	case *http2.SettingsFrame:
		return s.settings(f)
	case *http2.WindowUpdateFrame:
		return s.widen(f.StreamID, int64(f.Increment))
	case *http2.PingFrame:
		if f.IsAck() {
			return nil
		}
		_ = s.framer.WritePing(true, f.Data)
		return s.reply()
	case *http2.RSTStreamFrame:
		if t := s.streams[f.StreamID]; t != nil {
			s.end(t, streamReset(f.ErrCode))
		}
	case *http2.GoAwayFrame:
		s.goAway(f.LastStreamID)
	case *http2.PushPromiseFrame:
		return fmt.Errorf("%w: the server pushes, which it was told not to", errFrame)
	}
	return nil
}

// streamReset is the error of a stream that the server has reset. One that was refused was not worked on (RFC 9113, section
// 8.7).
type streamReset http2.ErrCode

// Error names the code.
func (r streamReset) Error() string {
	return "the server has reset the stream: " + http2.ErrCode(r).String()
}

// Is reports whether the server has refused the stream.
func (r streamReset) Is(target error) bool {
	return target == errRefused && http2.ErrCode(r) == http2.ErrCodeRefusedStream
}

// reply counts an answer to a frame of the server.
func (s *h2conn) reply() error {
	if s.replies++; s.replies > mostReplies {
		return fmt.Errorf("%w: the server floods the connection", errFrame)
	}
	return nil
}

// reset ends a stream whose frames are wrong.
func (s *h2conn) reset(id uint32, code http2.ErrCode) {
	if t := s.streams[id]; t != nil {
		_ = s.framer.WriteRSTStream(id, code)
		t.rest = nil
		s.end(t, errFrame)
	}
}

// goAway ends the streams that the server has not begun. The others go on.
func (s *h2conn) goAway(last uint32) {
	s.leaving = true
	for id, t := range s.streams {
		if id > last {
			s.end(t, errRefused)
		}
	}
	for _, t := range s.queue {
		t.err = errRefused
		s.ended = append(s.ended, t)
	}
	s.queue = nil
}

// settings takes the server's settings and acknowledges them.
func (s *h2conn) settings(f *http2.SettingsFrame) error {
	if f.IsAck() {
		return nil
	}
	if !s.greeted {
		s.greeted, s.most = true, math.MaxUint32
	}
	if err := f.ForeachSetting(s.set); err != nil {
		return fmt.Errorf("%w: %w", errFrame, err)
	}
	_ = s.framer.WriteSettingsAck()
	for len(s.queue) > 0 && len(s.streams) < s.allowed() {
		t := s.queue[0]
		s.queue = s.queue[1:]
		s.begin(t)
	}
	s.pumpAll()
	return s.reply()
}

func (s *h2conn) set(setting http2.Setting) error {
	if err := setting.Valid(); err != nil {
		return err
	}
	switch setting.ID {
	case http2.SettingMaxConcurrentStreams:
		s.most = setting.Val
	case http2.SettingInitialWindowSize:
		for _, t := range s.streams {
			if t.window += int64(setting.Val) - s.initial; t.window > math.MaxInt32 {
				return errors.New("a window is too wide")
			}
		}
		s.initial = int64(setting.Val)
	case http2.SettingMaxFrameSize:
		s.largest = int(setting.Val)
	case http2.SettingHeaderTableSize:
		s.encoder.SetMaxDynamicTableSizeLimit(setting.Val)
	}
	return nil
}

// widen lets more of the bodies be sent.
func (s *h2conn) widen(id uint32, by int64) error {
	if id == 0 {
		if s.window += by; s.window > math.MaxInt32 {
			return fmt.Errorf("%w: the connection's window is too wide", errFrame)
		}
	} else if t := s.streams[id]; t != nil {
		if t.window += by; t.window > math.MaxInt32 {
			s.reset(id, http2.ErrCodeFlowControl)
		}
	}
	s.pumpAll()
	return nil
}

// data takes a part of a body, and lets the server send as much again.
func (s *h2conn) data(f *http2.DataFrame) error {
	if s.taken += int(f.Length); s.taken >= refillAt {
		_ = s.framer.WriteWindowUpdate(0, uint32(s.taken))
		s.taken = 0
	}
	t := s.streams[f.StreamID]
	switch {
	case f.StreamID >= s.next:
		return fmt.Errorf("%w: a body comes that nobody asked for", errFrame)
	case t == nil:
		return nil
	case t.status < fasthttp.StatusOK:
		s.reset(t.id, http2.ErrCodeProtocol)
		return nil
	}
	if err := t.keep(f.Data()); err != nil {
		_ = s.framer.WriteRSTStream(t.id, http2.ErrCodeCancel)
		s.end(t, err)
		return nil
	}
	if f.StreamEnded() {
		s.finish(t)
	} else if t.taken += int(f.Length); t.taken >= refillAt {
		_ = s.framer.WriteWindowUpdate(t.id, uint32(t.taken))
		t.taken = 0
	}
	return nil
}

// keep takes a part of a body.
func (t *stream) keep(text []byte) error {
	t.received += len(text)
	switch {
	case t.reply != nil && t.reply.spoken:
		return t.reply.take(text)
	case t.received > maxBody:
		return fasthttp.ErrBodyTooLarge
	case t.resp != nil && t.reply == nil:
		t.resp.AppendBody(text)
	}
	return nil
}

// finish ends a stream whose answer is complete.
func (s *h2conn) finish(t *stream) {
	if t.status < fasthttp.StatusOK || t.length >= 0 && t.length != t.received && !t.silent && t.status != fasthttp.StatusNotModified {
		s.end(t, errFrame)
		return
	}
	s.end(t, nil)
}

// fields takes a part of a block of header fields.
func (s *h2conn) fields(part []byte, last bool) error {
	h := &s.head
	if h.frames++; h.frames > mostHeadFrames {
		return fmt.Errorf("%w: the header fields never end", errFrame)
	}
	if _, err := s.decoder.Write(part); err != nil {
		return fmt.Errorf("%w: %w", errFrame, err)
	}
	if h.size > mostFields {
		return fmt.Errorf("%w: the header fields have more than %d bytes", errFrame, mostFields)
	}
	if !last {
		return nil
	}
	if err := s.decoder.Close(); err != nil {
		return fmt.Errorf("%w: %w", errFrame, err)
	}
	t := h.stream
	switch {
	case t == nil || s.streams[t.id] != t: // it may have ended meanwhile
	case h.last:
		if t.reply != nil {
			t.reply.trailed = true
		}
		s.finish(t)
	case h.again || t.status < 100: // only trailers come later, and they end the stream
		s.reset(t.id, http2.ErrCodeProtocol)
	}
	return nil
}

// field takes a header field. Trailers are of use to gRPC only.
func (s *h2conn) field(f hpack.HeaderField) {
	h := &s.head
	h.size += int(f.Size())
	t := h.stream
	if t == nil || h.again && t.reply == nil || h.size > mostFields || t.status < 0 {
		return
	}
	switch {
	case h.again:
	case f.Name == ":status":
		if t.status, _ = strconv.Atoi(f.Value); len(f.Value) != 3 || t.status < 100 {
			t.status = -1
		}
		return
	case f.Name == "content-length":
		length, err := strconv.ParseUint(f.Value, 10, 62)
		if err != nil || t.length >= 0 && t.length != int(length) {
			t.status = -1
			return
		}
		t.length = int(length)
	}
	if f.Name == "retry-after" {
		t.retry = parseRetry([]byte(f.Value))
	}
	if !wellFormed(f) {
		t.status = -1
		return
	}
	t.name(f)
}

// name keeps a header field if it is asked for.
func (t *stream) name(f hpack.HeaderField) {
	if t.reply != nil {
		value, is, err := t.reply.field(f.Name, f.Value)
		if err != nil {
			t.status = -1
		}
		if !is {
			return
		}
		f.Value = value
	}
	if t.resp != nil && t.status >= fasthttp.StatusOK {
		t.resp.Header.Add(f.Name, f.Value)
	}
}

// wellFormed reports whether a header field is one of HTTP/2 (RFC 9113, section 8.2.1).
func wellFormed(f hpack.HeaderField) bool {
	for i := range len(f.Name) {
		if c := f.Name[i]; c <= ' ' || c >= 0x7f || 'A' <= c && c <= 'Z' || c == ':' {
			return false
		}
	}
	for i := range len(f.Value) {
		if c := f.Value[i]; c == '\r' || c == '\n' || c == 0 {
			return false
		}
	}
	return f.Name != ""
}
