package loadgen_test

import (
	"bytes"
	"io"
	"net"
	"strings"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// hostile speaks HTTP/2 up to each request, and then misbehaves.
func hostile(misbehave func(framer *http2.Framer, stream uint32) error) func(net.Conn) {
	return func(conn net.Conn) {
		preface := make([]byte, len(http2.ClientPreface))
		if _, err := io.ReadFull(conn, preface); err != nil {
			return
		}
		framer := http2.NewFramer(conn, conn)
		if framer.WriteSettings() != nil {
			return
		}
		for {
			frame, err := framer.ReadFrame()
			if err != nil {
				return
			}
			switch frame := frame.(type) {
			case *http2.SettingsFrame:
				if !frame.IsAck() {
					err = framer.WriteSettingsAck()
				}
			case *http2.PingFrame:
				if !frame.IsAck() {
					err = framer.WritePing(true, frame.Data)
				}
			case *http2.HeadersFrame:
				err = misbehave(framer, frame.StreamID)
			}
			if err != nil {
				return
			}
		}
	}
}

func goAway(framer *http2.Framer, stream uint32) error {
	if err := framer.WriteGoAway(stream, http2.ErrCodeInternal, nil); err != nil {
		return err
	}
	return io.EOF
}

func resetStream(framer *http2.Framer, stream uint32) error {
	return framer.WriteRSTStream(stream, http2.ErrCodeInternal)
}

func encoded(fields ...string) []byte {
	var block bytes.Buffer
	encoder := hpack.NewEncoder(&block)
	for i := 0; i < len(fields); i += 2 {
		_ = encoder.WriteField(hpack.HeaderField{Name: fields[i], Value: fields[i+1]}) // a buffer takes everything
	}
	return block.Bytes()
}

func endlessHeaders(framer *http2.Framer, stream uint32) error {
	if err := framer.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: encoded(":status", "200", "content-type", "application/grpc")}); err != nil {
		return err
	}
	for i := range 10_000 {
		if err := framer.WriteContinuation(stream, i == 9_999, encoded("x-more", strings.Repeat("a", 1000))); err != nil {
			return err
		}
	}
	return nil
}

func hugeMessage(framer *http2.Framer, stream uint32) error {
	if err := framer.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, EndHeaders: true, BlockFragment: encoded(":status", "200", "content-type", "application/grpc")}); err != nil {
		return err
	}
	return framer.WriteData(stream, false, []byte{0, 0x7f, 0xff, 0xff, 0xff, 1, 2, 3})
}

func noStatus(framer *http2.Framer, stream uint32) error {
	if err := framer.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, EndHeaders: true, BlockFragment: encoded(":status", "200", "content-type", "application/grpc")}); err != nil {
		return err
	}
	return framer.WriteData(stream, true, nil)
}
