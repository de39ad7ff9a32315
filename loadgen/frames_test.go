package loadgen

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// served returns a frame as a server sends it.
func served(opcode byte, final bool, payload []byte) []byte {
	s := &socket{random: rand.New(rand.NewPCG(1, 2))}
	s.put(opcode, payload)
	masked := len(s.out) - len(payload)
	frame := append([]byte(nil), s.out[:masked-4]...)
	if frame[1] &= 0x7f; !final {
		frame[0] &= 0x7f
	}
	return append(frame, payload...)
}

// TestSocketTakesAnyPieces gives a socket messages in fragments, with pings between them, in pieces of any length.
func TestSocketTakesAnyPieces(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		messages := rapid.SliceOfN(rapid.SliceOfN(rapid.ByteRange('a', 'z'), 0, 70_000), 1, 3).Draw(t, "messages")
		var stream []byte
		for _, message := range messages {
			cut := rapid.IntRange(0, len(message)).Draw(t, "cut")
			stream = append(stream, served(textFrame, false, message[:cut])...)
			stream = append(stream, served(pingFrame, true, []byte("p"))...)
			stream = append(stream, served(continuation, true, message[cut:])...)
		}
		s := &socket{random: rand.New(rand.NewPCG(1, 2))}
		for len(stream) > 0 {
			n := rapid.IntRange(1, len(stream)).Draw(t, "piece")
			if !s.take(stream[:n]) {
				t.Fatalf("closed with %d", s.code)
			}
			stream = stream[n:]
		}
		if s.received != len(messages) || s.in != nil {
			t.Fatalf("%d messages, %d bytes left", s.received, len(s.in))
		}
		last := s.inbox[len(s.inbox)-1]
		if !bytes.Equal(last, messages[len(messages)-1]) {
			t.Fatal("the last message differs")
		}
		if pongs := len(s.out); pongs != 7*len(messages) {
			t.Fatalf("%d bytes of pongs", pongs)
		}
	})
}

// FuzzSocket gives a socket whatever a server may send: it keeps its bounds and ends in order.
func FuzzSocket(f *testing.F) {
	f.Add(served(textFrame, true, []byte("hello")))
	f.Add(append(served(binaryFrame, false, []byte("a")), served(continuation, true, []byte("b"))...))
	f.Add(served(closeFrame, true, []byte{3, 232}))
	f.Add([]byte{0x82, 127, 255, 255, 255, 255, 255, 255, 255, 255})
	f.Fuzz(func(t *testing.T, stream []byte) {
		s := &socket{random: rand.New(rand.NewPCG(1, 2))}
		half := len(stream) / 2
		if s.take(stream[:half]) {
			s.take(stream[half:])
		}
		sum := 0
		for _, message := range s.inbox {
			sum += len(message)
		}
		if sum != s.held || len(s.in) > len(stream) || s.closed && !s.closing {
			t.Fatalf("%d bytes in the inbox, counted %d; %d left; closed %v, closing %v", sum, s.held, len(s.in), s.closed, s.closing)
		}
	})
}
