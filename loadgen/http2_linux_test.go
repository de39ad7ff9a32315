package loadgen

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/valyala/fasthttp"
	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
	"google.golang.org/grpc/codes"
	"pgregory.net/rapid"

	"github.com/ombak-sim/ombak/journey/funnel"
)

// peer writes what a server sends.
type peer struct {
	text    bytes.Buffer
	framer  *http2.Framer
	block   bytes.Buffer
	encoder *hpack.Encoder
}

func newPeer(settings ...http2.Setting) *peer {
	p := &peer{}
	p.framer, p.encoder = http2.NewFramer(&p.text, nil), hpack.NewEncoder(&p.block)
	_ = p.framer.WriteSettings(settings...) // a buffer takes everything
	return p
}

// head writes header fields in pieces of at most size bytes.
func (p *peer) head(id uint32, last bool, size int, fields ...string) {
	p.block.Reset()
	for i := 0; i < len(fields); i += 2 {
		_ = p.encoder.WriteField(hpack.HeaderField{Name: fields[i], Value: fields[i+1]})
	}
	pieces := slices.Collect(slices.Chunk(p.block.Bytes(), size))
	_ = p.framer.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: pieces[0], EndStream: last, EndHeaders: len(pieces) == 1})
	for i, piece := range pieces[1:] {
		_ = p.framer.WriteContinuation(id, i == len(pieces)-2, piece)
	}
}

func begun(h *h2conn, n int, body string) (streams []*stream) {
	for range n {
		t := &stream{resp: &fasthttp.Response{}, request: outgoing{[]hpack.HeaderField{{Name: ":method", Value: "POST"}, {Name: ":path", Value: "/" + body[:min(3, len(body))]}}, []byte(body)}}
		streams = append(streams, t)
		h.add(t)
	}
	return streams
}

// Answers come whole, in whatever pieces, order and frames.
func TestH2TakesAnyPieces(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := newH2Conn(100)
		streams := begun(h, rapid.IntRange(1, 5).Draw(t, "streams"), "body")
		p := newPeer()
		want := make([]string, len(streams))
		for i := range streams {
			id := uint32(2*i + 1)
			want[i] = strings.Repeat("x", rapid.IntRange(1, 40_000).Draw(t, "length"))
			if rapid.Bool().Draw(t, "interim") {
				p.head(id, false, 100, ":status", "103", "link", "early")
			}
			p.head(id, false, rapid.IntRange(1, 30).Draw(t, "pieces"), ":status", "200", "x-name", want[i][:1]+strings.Repeat("n", i))
			_ = p.framer.WritePing(false, [8]byte{})
		}
		for i, text := range want {
			for _, part := range slices.Collect(slices.Chunk([]byte(text), 9_000)) {
				_ = p.framer.WriteDataPadded(uint32(2*i+1), false, part, make([]byte, i))
			}
			if rapid.Bool().Draw(t, "trailers") {
				p.head(uint32(2*i+1), true, 100, "x-sum", "1")
			} else {
				_ = p.framer.WriteData(uint32(2*i+1), true, nil)
			}
		}
		for text := p.text.Bytes(); len(text) > 0; {
			n := rapid.IntRange(1, len(text)).Draw(t, "piece")
			if err := h.take(text[:n]); err != nil {
				t.Fatal(err)
			}
			text = text[n:]
		}
		if len(h.ended) != len(streams) || !h.idle() || len(h.in) > 0 {
			t.Fatalf("%d of %d ended, %d bytes left", len(h.ended), len(streams), len(h.in))
		}
		for i, s := range streams {
			if s.err != nil || s.status != 200 || string(s.resp.Body()) != want[i] || len(s.resp.Header.Peek("X-Name")) != i+1 || len(s.resp.Header.Peek("X-Sum"))+len(s.resp.Header.Peek("Link")) > 0 {
				t.Fatalf("stream %d: status %d, %d bytes, error %v", i, s.status, len(s.resp.Body()), s.err)
			}
		}
	})
}

// What is sent never exceeds the server's windows, frames and number of streams, and all of it goes out when it may.
func TestH2KeepsTheServersLimits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		window := rapid.IntRange(0, 90_000).Draw(t, "window")
		most := rapid.IntRange(1, 5).Draw(t, "most")
		h := newH2Conn(100)
		streams := begun(h, 5, strings.Repeat("y", rapid.IntRange(1, 100_000).Draw(t, "length")))
		p := newPeer(http2.Setting{ID: http2.SettingInitialWindowSize, Val: uint32(window)}, http2.Setting{ID: http2.SettingMaxConcurrentStreams, Val: uint32(most)})
		left := map[uint32]int{0: firstWindow}
		sent := map[uint32]int{}
		read := func() {
			out := bytes.NewReader(bytes.TrimPrefix(h.out, []byte(http2.ClientPreface)))
			h.out, h.replies = nil, 0
			framer := http2.NewFramer(nil, out)
			for {
				frame, err := framer.ReadFrame()
				if err != nil {
					return
				}
				switch f := frame.(type) {
				case *http2.HeadersFrame:
					left[f.StreamID] = window
				case *http2.DataFrame:
					sent[f.StreamID] += len(f.Data())
					left[0] -= len(f.Data())
					if left[f.StreamID] -= len(f.Data()); left[f.StreamID] < 0 || left[0] < 0 || len(f.Data()) > largestFrame {
						t.Fatalf("%d bytes more than the window", -left[f.StreamID])
					}
				}
			}
		}
		if err := h.take(p.text.Bytes()); err != nil {
			t.Fatal(err)
		}
		read()
		begun := len(h.streams)
		for range 200 {
			id := uint32(2*rapid.IntRange(0, begun).Draw(t, "which")) - 1
			if id == ^uint32(0) {
				id = 0
			}
			by := rapid.IntRange(1, 20_000).Draw(t, "by")
			p.text.Reset()
			_ = p.framer.WriteWindowUpdate(id, uint32(by))
			left[id] += by
			if err := h.take(p.text.Bytes()); err != nil {
				t.Fatal(err)
			}
			read()
			for _, s := range streams[:begun] {
				if len(s.rest) > 0 && left[0] > 0 && left[s.id] > 0 {
					t.Fatalf("stream %d waits with %d and %d bytes open", s.id, left[0], left[s.id])
				}
				if sent[s.id]+len(s.rest) != len(s.request.body) {
					t.Fatalf("stream %d has sent %d and has %d left of %d", s.id, sent[s.id], len(s.rest), len(s.request.body))
				}
			}
		}
		if begun != most {
			t.Fatalf("%d streams, the server takes %d", begun, most)
		}
	})
}

// What a server must not do ends the connection, or the stream, and what it makes the client keep is bounded.
func TestH2RefusesFloods(t *testing.T) {
	for _, test := range []struct {
		why   string
		sends func(*peer)
	}{
		{"pings", func(p *peer) {
			for range mostReplies {
				_ = p.framer.WritePing(false, [8]byte{})
			}
		}},
		{"settings", func(p *peer) {
			for range mostReplies {
				_ = p.framer.WriteSettings()
			}
		}},
		{"empty continuations", func(p *peer) {
			_ = p.framer.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: []byte{0x88}})
			for range mostHeadFrames {
				_ = p.framer.WriteContinuation(1, false, nil)
			}
		}},
		{"fields out of the table", func(p *peer) {
			p.head(1, false, 16_000, ":status", "200", "x-long", strings.Repeat("l", 3_000))
			block := bytes.Repeat([]byte{0xbe}, 16_000) // the newest entry of the table
			_ = p.framer.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block, EndHeaders: true, EndStream: true})
		}},
		{"a setting that is none", func(p *peer) {
			p.framer.AllowIllegalWrites = true
			_ = p.framer.WriteSettings(http2.Setting{ID: http2.SettingMaxFrameSize, Val: 1})
		}},
		{"a table beyond the agreed one", func(p *peer) {
			_ = p.framer.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: []byte{0x3f, 0xe1, 0xff, 0x03}, EndHeaders: true})
		}},
	} {
		h := newH2Conn(100)
		begun(h, 1, "body")
		p := newPeer()
		test.sends(p)
		if err := h.take(p.text.Bytes()); !errors.Is(err, errFrame) {
			t.Errorf("%s: %v", test.why, err)
		}
		if len(h.out) > 1<<20 || h.head.size > 2*mostFields+16_000*3_000 {
			t.Errorf("%s: %d bytes to be written", test.why, len(h.out))
		}
	}
}

// Streams that a server has not begun are told from those that it ended.
func TestH2GoesAway(t *testing.T) {
	h := newH2Conn(100)
	streams := begun(h, 4, "body")
	p := newPeer()
	_ = p.framer.WriteRSTStream(1, http2.ErrCodeInternal)
	_ = p.framer.WriteGoAway(3, http2.ErrCodeNo, nil)
	p.head(3, true, 100, ":status", "204")
	if err := h.take(p.text.Bytes()); err != nil {
		t.Fatal(err)
	}
	if streams[0].err == nil || streams[1].err != nil || !errors.Is(streams[2].err, errRefused) || !errors.Is(streams[3].err, errRefused) || h.room() || !h.idle() {
		t.Errorf("errors %v, %v, %v, %v; room %v", streams[0].err, streams[1].err, streams[2].err, streams[3].err, h.room())
	}
}

// FuzzH2 gives a connection whatever a server may send: it keeps its bounds, and each stream ends at most once.
func FuzzH2(f *testing.F) {
	p := newPeer(http2.Setting{ID: http2.SettingMaxConcurrentStreams, Val: 2}, http2.Setting{ID: http2.SettingInitialWindowSize, Val: 10})
	p.head(1, false, 3, ":status", "200", "content-length", "4")
	_ = p.framer.WriteData(1, true, []byte("body"))
	_ = p.framer.WriteWindowUpdate(3, 100)
	_ = p.framer.WriteRSTStream(3, http2.ErrCodeRefusedStream)
	_ = p.framer.WriteGoAway(5, http2.ErrCodeNo, nil)
	f.Add(p.text.Bytes())
	p = newPeer()
	p.head(3, false, 5, ":status", "200", "content-type", "application/grpc", "grpc-encoding", "gzip")
	_ = p.framer.WriteData(3, false, framed([]byte("message")))
	p.head(3, true, 100, "grpc-status", "0", "x-some-bin", "aGk=")
	p.head(5, true, 100, ":status", "200", "content-type", "application/grpc", "grpc-status", "14", "grpc-retry-pushback-ms", "3")
	f.Add(p.text.Bytes())
	f.Fuzz(func(t *testing.T, text []byte) {
		h := newH2Conn(100)
		streams := begun(h, 3, strings.Repeat("z", 100))
		streams[1].reply, streams[2].reply = &reply{keeps: true}, &reply{} // as calls of gRPC have them
		half := len(text) / 2
		if h.take(text[:half]) != nil || h.take(text[half:]) != nil {
			h.endAll(errFrame)
		}
		ends := map[*stream]int{}
		for _, s := range h.ended {
			if ends[s]++; ends[s] > 1 {
				t.Fatal("a stream has ended twice")
			}
			if s.reply == nil {
				continue
			}
			if code, outcome, reason := s.conclude(h); reason != 0 && (outcome != funnel.Failed || code != codes.OK) || len(s.reply.message) > len(text)+maxBody || code > 10_000 {
				t.Fatalf("a call ends as %v, %v, for %v", code, outcome, reason)
			}
		}
		if len(h.ended)+len(h.streams)+len(h.queue) != len(streams) || len(h.in) > len(text) {
			t.Fatalf("%d ended, %d under way, %d wait; %d bytes left", len(h.ended), len(h.streams), len(h.queue), len(h.in))
		}
	})
}
