package loadgen

import (
	"encoding/binary"
	"math/rand/v2"
	"unicode/utf8"

	"github.com/ombak-sim/ombak/journey/funnel"
)

// The opcodes of WebSocket frames (RFC 6455, section 5.2).
const (
	continuation = 0
	textFrame    = 1
	binaryFrame  = 2
	closeFrame   = 8
	pingFrame    = 9
	pongFrame    = 10
)

// Close codes (RFC 6455, section 7.4.1).
const (
	closeNormal   = 1000
	closeProtocol = 1002
	closeNoStatus = 1005
	closeInvalid  = 1007
	closeTooBig   = 1009
)

// socket is the state of one WebSocket, without its connection. What a server sends is given to take; what is to be sent
// is in out.
type socket struct {
	in       []byte   // the part of a frame that has come
	message  []byte   // fragments of the message that has begun
	opcode   byte     // of the message that has begun; 0 if none has
	inbox    [][]byte // messages that no step has taken yet
	held     int      // bytes in inbox
	out      []byte   // frames to be sent
	closing  bool     // a close frame was sent
	closed   bool     // nothing more comes
	code     int      // why it was closed
	received int      // messages
	random   *rand.Rand
}

// mostInbox is the most bytes of messages that a socket keeps until a step takes them. The oldest go first.
const mostInbox = 256 << 10

// take takes what was received. It returns false if the connection must be closed: after a close frame, or because the
// server breaks the protocol.
func (s *socket) take(bytes []byte) bool {
	if len(s.in) > 0 {
		s.in = append(s.in, bytes...)
		bytes = s.in
	}
	whole := len(bytes)
	for !s.closed {
		f, size := parseSocketFrame(bytes)
		if f.fault != 0 {
			s.end(f.fault)
			break
		}
		if size == 0 {
			break
		}
		s.frame(f)
		bytes = bytes[size:]
	}
	switch {
	case len(bytes) == 0 || s.closed:
		s.in = nil
	case len(bytes) == whole && len(s.in) == whole: // it is there already
	default:
		s.in = append(make([]byte, 0, len(bytes)), bytes...)
	}
	return !s.closed
}

// frame handles one whole frame.
func (s *socket) frame(f socketFrame) {
	switch f.opcode {
	case pingFrame:
		s.put(pongFrame, f.payload)
	case pongFrame:
	case closeFrame:
		s.hearClose(f.payload)
	case continuation:
		if s.opcode == 0 {
			s.end(closeProtocol)
			return
		}
		s.gather(f)
	default:
		if s.opcode != 0 {
			s.end(closeProtocol)
			return
		}
		s.opcode = f.opcode
		s.gather(f)
	}
}

// gather adds a fragment to the message that has begun.
func (s *socket) gather(f socketFrame) {
	if len(s.message)+len(f.payload) > maxBody {
		s.end(closeTooBig)
		return
	}
	s.message = append(s.message, f.payload...)
	if !f.final {
		return
	}
	message, opcode := s.message, s.opcode
	s.message, s.opcode = nil, 0
	if opcode == textFrame && !utf8.Valid(message) {
		s.end(closeInvalid)
		return
	}
	s.received++
	s.inbox = append(s.inbox, message)
	s.held += len(message)
	for len(s.inbox) > 1 && s.held > mostInbox {
		s.next()
	}
}

// next takes the oldest message out of the inbox. It returns false if there is none.
func (s *socket) next() ([]byte, bool) {
	if len(s.inbox) == 0 {
		s.inbox = nil
		return nil, false
	}
	message := s.inbox[0]
	s.inbox[0] = nil
	s.inbox = s.inbox[1:]
	s.held -= len(message)
	return message, true
}

func (s *socket) hearClose(payload []byte) {
	s.code = closeNoStatus
	if len(payload) >= 2 {
		s.code = int(binary.BigEndian.Uint16(payload))
	}
	if !s.closing {
		s.put(closeFrame, payload[:min(2, len(payload))])
	}
	s.closing, s.closed = true, true
}

// end closes the socket because of the server's mistake.
func (s *socket) end(code int) {
	s.say(code)
	s.closed, s.code = true, code
}

// say sends a close frame, once.
func (s *socket) say(code int) {
	if !s.closing {
		s.put(closeFrame, binary.BigEndian.AppendUint16(nil, uint16(code)))
		s.closing = true
	}
}

// reason returns why the socket is closed.
func (s *socket) reason() funnel.Reason { return funnel.ReasonClose + funnel.Reason(s.code) }

// put appends one masked frame to what is to be sent.
func (s *socket) put(opcode byte, payload []byte) {
	s.out = append(s.out, 0x80|opcode)
	switch size := len(payload); {
	case size < 126:
		s.out = append(s.out, 0x80|byte(size))
	case size <= 0xffff:
		s.out = binary.BigEndian.AppendUint16(append(s.out, 0x80|126), uint16(size))
	default:
		s.out = binary.BigEndian.AppendUint64(append(s.out, 0x80|127), uint64(size))
	}
	var mask [4]byte
	binary.LittleEndian.PutUint32(mask[:], s.random.Uint32())
	s.out = append(s.out, mask[:]...)
	for i, b := range payload {
		s.out = append(s.out, b^mask[i&3])
	}
}

// socketFrame is a frame that a server sends.
type socketFrame struct {
	opcode  byte
	final   bool
	payload []byte
	fault   int // the close code for a frame that is not valid; 0 if it is
}

// parseSocketFrame parses the first frame of what was received. The size is 0 if the frame is not complete.
func parseSocketFrame(bytes []byte) (f socketFrame, size int) {
	if len(bytes) < 2 {
		return f, 0
	}
	f.opcode, f.final = bytes[0]&0x0f, bytes[0]&0x80 != 0
	length, at := uint64(bytes[1]&0x7f), 2
	control := f.opcode&8 != 0
	known := f.opcode <= binaryFrame || f.opcode >= closeFrame && f.opcode <= pongFrame
	if bytes[0]&0x70 != 0 || bytes[1]&0x80 != 0 || !known || control && (!f.final || length > 125) {
		f.fault = closeProtocol
		return f, 0
	}
	switch length {
	case 126:
		if at = 4; len(bytes) < at {
			return f, 0
		}
		length = uint64(binary.BigEndian.Uint16(bytes[2:]))
	case 127:
		if at = 10; len(bytes) < at {
			return f, 0
		}
		length = binary.BigEndian.Uint64(bytes[2:])
	}
	if length > maxBody {
		f.fault = closeTooBig
		return f, 0
	}
	if uint64(len(bytes)-at) < length {
		return f, 0
	}
	f.payload = bytes[at : at+int(length)]
	return f, at + int(length)
}
