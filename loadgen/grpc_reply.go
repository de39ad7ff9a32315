package loadgen

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/valyala/fasthttp"
	"golang.org/x/net/http2"
	"google.golang.org/grpc/codes"

	"github.com/ombak-sim/ombak/journey/funnel"
)

// reply is what a server says to a unary call, in memory: header fields, one message, and trailers or trailers alone. It is
// given blocks of fields and pieces of the body of any length.
type reply struct {
	keeps    bool       // the message is asked for
	spoken   bool       // the first block of fields says that the server speaks gRPC
	trailing bool       // the block of fields is not the first
	trailed  bool       // the stream has ended with a block of fields
	encoding string     // of a compressed message
	status   codes.Code // that the last block says
	pushback retry      // how long the server asks callers to wait
	pushed   bool       // it does ask

	head     [messageHead]byte // of the message under way
	filled   int               // bytes of head
	rest     int               // bytes of the message that have not come
	messages int               // that are complete
	message  []byte            // the first one, if it is asked for or compressed
}

// messageHead is the length of what precedes a message: a flag and a length of four bytes.
const messageHead = 5

// framed returns a message as it goes over the wire.
func framed(message []byte) []byte {
	text := make([]byte, messageHead, messageHead+len(message))
	binary.BigEndian.PutUint32(text[1:], uint32(len(message)))
	return append(text, message...)
}

// block begins a block of fields. What a former one said of the status does not count, because it was not the last. Trailing
// says that the block comes after the first; interim answers do not count.
func (r *reply) block(trailing bool) {
	if !trailing {
		r.spoken, r.encoding = false, ""
	}
	r.trailing, r.status = trailing, codes.Unknown // if no field says more
}

// field takes a field, and returns its value as metadata, and whether it is metadata. The error says that the field is
// malformed.
func (r *reply) field(name, value string) (text string, is bool, err error) {
	switch name {
	case "content-type":
		if r.trailing {
			return "", false, nil
		}
		r.spoken = isGRPC(value)
		return value, r.spoken, nil
	case "grpc-encoding":
		if !r.trailing {
			r.encoding = value
		}
		return "", false, nil
	case "grpc-status":
		code, err := strconv.ParseInt(value, 10, 32)
		r.status = knownCode(codes.Code(uint32(code)))
		return "", false, err
	case "grpc-retry-pushback-ms":
		r.pushback, r.pushed = parsePushback(value)
	}
	if isReserved(name) {
		return "", false, nil
	}
	text, err = metadataOf(name, value)
	return text, err == nil, err
}

// isGRPC reports whether a content type is one of gRPC.
func isGRPC(contentType string) bool {
	rest, begins := strings.CutPrefix(contentType, "application/grpc")
	return begins && (rest == "" || rest[0] == '+' || rest[0] == ';')
}

// isReserved reports whether a field belongs to the protocol, and is no metadata.
func isReserved(name string) bool {
	switch name {
	case "", "content-type", "user-agent", "te", "grpc-message-type", "grpc-encoding", "grpc-message", "grpc-status", "grpc-timeout":
		return true
	}
	return name[0] == ':'
}

// metadataOf returns the value of a field. Binary ones travel in base64, padded or not.
func metadataOf(name, value string) (string, error) {
	if !strings.HasSuffix(name, "-bin") {
		return value, nil
	}
	encoding := base64.RawStdEncoding
	if len(value)%4 == 0 {
		encoding = base64.StdEncoding
	}
	text, err := encoding.DecodeString(value)
	return string(text), err
}

// parsePushback parses milliseconds.
func parsePushback(value string) (asked retry, is bool) {
	pause, err := strconv.Atoi(value)
	return retry{after: time.Duration(max(0, min(pause, 1<<30))) * time.Millisecond}, err == nil
}

// take takes a piece of the body. After an error, nothing of the reply can be used.
func (r *reply) take(text []byte) error {
	for len(text) > 0 {
		if r.filled < messageHead {
			n := copy(r.head[r.filled:], text)
			r.filled, text = r.filled+n, text[n:]
			if r.filled < messageHead {
				return nil
			}
			if err := r.begin(); err != nil {
				return err
			}
		}
		n := min(len(text), r.rest)
		if r.wanted() {
			r.message = append(r.message, text[:n]...)
		}
		if r.rest, text = r.rest-n, text[n:]; r.rest == 0 {
			if err := r.complete(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *reply) isCompressed() bool { return r.head[0] == 1 }

// wanted reports whether the message under way is kept.
func (r *reply) wanted() bool { return r.messages == 0 && (r.keeps || r.isCompressed()) }

// begin takes the head of a message.
func (r *reply) begin() error {
	length := binary.BigEndian.Uint32(r.head[1:])
	switch {
	case length > maxBody:
		return fmt.Errorf("%w: the message has %d bytes", errReply, length)
	case r.head[0] > 1:
		return fmt.Errorf("%w: the message has the flag %d", errReply, r.head[0])
	case r.isCompressed() && r.encoding != "gzip":
		return fmt.Errorf("%w: the message is compressed by %q", errReply, r.encoding)
	}
	r.rest = int(length)
	return nil
}

// complete ends a message.
func (r *reply) complete() (err error) {
	if r.messages > 0 {
		return fmt.Errorf("%w: there is more than one message", errReply)
	}
	if r.isCompressed() {
		if r.message, err = unzipped(r.message); err != nil {
			return err
		}
	}
	r.filled, r.messages = 0, 1
	return nil
}

// unzipped returns the content of a compressed message, of at most maxBody bytes.
func unzipped(message []byte) ([]byte, error) {
	resp := fasthttp.AcquireResponse()
	defer fasthttp.ReleaseResponse(resp)
	resp.Header.SetContentEncoding("gzip")
	resp.SetBodyRaw(message)
	text, err := resp.BodyUncompressedWithLimit(maxBody)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errReply, err)
	}
	return text, nil
}

// verdict returns how a call has ended whose stream has ended in order: a code, or else a reason. Status is the status of
// HTTP.
func (r *reply) verdict(status int) (codes.Code, funnel.Reason) {
	cut := r.filled > 0
	switch {
	case !r.spoken && status == http.StatusOK:
		return 0, funnel.ReasonBody
	case !r.spoken:
		return codeOfHTTP(status), 0
	case cut && r.trailed:
		return codes.Internal, 0
	case cut:
		return 0, funnel.ReasonReset
	case !r.trailed, r.status == codes.OK && r.messages == 0:
		return 0, funnel.ReasonBody
	}
	return r.status, 0
}

// asked returns how long the server asks callers to wait. Retry-After counts if there is nothing of gRPC.
func (r *reply) asked(after retry) retry {
	if r.pushed {
		return r.pushback
	}
	return after
}

// codeOfHTTP returns the code of an answer that is not gRPC (https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md).
func codeOfHTTP(status int) codes.Code {
	switch status {
	case http.StatusBadRequest:
		return codes.Internal
	case http.StatusUnauthorized:
		return codes.Unauthenticated
	case http.StatusForbidden:
		return codes.PermissionDenied
	case http.StatusNotFound:
		return codes.Unimplemented
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return codes.Unavailable
	}
	return codes.Unknown
}

// codeOfReset returns the code of a stream that the server has reset
// (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md, "Errors"). It returns false for those of which that page makes
// INTERNAL: the server has said nothing of the call, so the reason is reset.
func codeOfReset(code http2.ErrCode) (codes.Code, bool) {
	switch code {
	case http2.ErrCodeRefusedStream:
		return codes.Unavailable, true
	case http2.ErrCodeCancel:
		return codes.Canceled, true
	case http2.ErrCodeEnhanceYourCalm:
		return codes.ResourceExhausted, true
	case http2.ErrCodeInadequateSecurity:
		return codes.PermissionDenied, true
	}
	return 0, false
}

// knownCode returns a code that reasons have room for. Others are UNKNOWN.
func knownCode(code codes.Code) codes.Code {
	if code >= codes.Code(funnel.ReasonClose-funnel.ReasonGRPC) {
		return codes.Unknown
	}
	return code
}

// timeoutOf returns a time as gRPC writes it: at most eight digits and a unit, rounded up.
func timeoutOf(left time.Duration) string {
	left = max(left, 1)
	units := []struct {
		size time.Duration
		name string
	}{{1, "n"}, {time.Microsecond, "u"}, {time.Millisecond, "m"}, {time.Second, "S"}, {time.Minute, "M"}, {time.Hour, "H"}}
	for i, unit := range units {
		n := left / unit.size
		if left%unit.size > 0 {
			n++
		}
		if n < 100_000_000 || i == len(units)-1 {
			return strconv.FormatInt(int64(n), 10) + unit.name
		}
	}
	return "" // hours are never too many
}
