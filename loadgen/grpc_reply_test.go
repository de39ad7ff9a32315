package loadgen

import (
	"bytes"
	"compress/gzip"
	"errors"
	"math"
	"slices"
	"strconv"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"pgregory.net/rapid"

	"github.com/ombak-sim/ombak/journey/funnel"
)

// inPieces gives a reply a body in pieces, until the first error.
func (r *reply) inPieces(pieces [][]byte) error {
	for _, piece := range pieces {
		if err := r.take(piece); err != nil {
			return err
		}
	}
	return nil
}

func compressed(text []byte) []byte {
	var made bytes.Buffer
	writer := gzip.NewWriter(&made)
	_, _ = writer.Write(text) // a buffer takes everything
	_ = writer.Close()
	return made.Bytes()
}

// A message comes out as it went in, in whatever pieces, compressed or not, and only if it is asked for.
func TestRepliesTakeAnyPieces(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.SliceOfN(rapid.Byte(), 0, 5_000).Draw(t, "message")
		body, zip := framed(text), rapid.Bool().Draw(t, "compressed")
		r := reply{spoken: true, keeps: rapid.Bool().Draw(t, "keeps")}
		if zip {
			body, r.encoding = framed(compressed(text)), "gzip"
			body[0] = 1
		}
		for rest := body; len(rest) > 0; {
			n := rapid.IntRange(1, len(rest)).Draw(t, "piece")
			if err := r.take(rest[:n]); err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		r.block(true)
		r.trailed = true
		if _, _, err := r.field("grpc-status", "0"); err != nil {
			t.Fatal(err)
		}
		if code, reason := r.verdict(200); code != codes.OK || reason != 0 || r.messages != 1 {
			t.Fatalf("code %v, reason %v, %d messages", code, reason, r.messages)
		}
		if kept := r.keeps || zip; kept && !bytes.Equal(r.message, text) || !kept && r.message != nil {
			t.Fatalf("%d bytes of %d are kept; asked for: %v", len(r.message), len(text), r.keeps)
		}
	})
}

// A server asks callers to wait in fields before a message or after it, also if nobody reads them.
func TestRepliesAskForAPause(t *testing.T) {
	for _, test := range []struct {
		why    string
		fields []string
		want   time.Duration
	}{
		{"nothing of gRPC: that of HTTP", nil, 7 * time.Second},
		{"milliseconds", []string{"grpc-retry-pushback-ms", "250"}, 250 * time.Millisecond},
		{"never again, which is at once for people", []string{"grpc-retry-pushback-ms", "-1"}, 0},
		{"no number", []string{"grpc-retry-pushback-ms", "soon"}, 7 * time.Second},
	} {
		r := reply{}
		r.block(true)
		for i := 0; i < len(test.fields); i += 2 {
			if _, is, err := r.field(test.fields[i], test.fields[i+1]); err != nil || !is {
				t.Errorf("%s: metadata %v, error %v", test.why, is, err)
			}
		}
		if got := r.asked(retry{after: 7 * time.Second}).from(time.Now()); got != test.want {
			t.Errorf("%s: %v, want %v", test.why, got, test.want)
		}
	}
}

// Timeouts have at most eight digits, and are never shorter than what is left, nor much longer.
func TestTimeoutsOfCalls(t *testing.T) {
	for left, want := range map[time.Duration]string{
		0: "1n", -5: "1n", 99_999_999: "99999999n", 100 * time.Millisecond: "100000u", 100*time.Millisecond + 1: "100001u", 2 * time.Minute: "120000m", 28 * time.Hour: "100800S",
		40_000 * time.Hour: "2400000M", math.MaxInt64: "2562048H",
	} {
		if got := timeoutOf(left); got != want {
			t.Errorf("%v: %s, want %s", left, got, want)
		}
	}
	units := map[byte]time.Duration{'n': 1, 'u': time.Microsecond, 'm': time.Millisecond, 'S': time.Second, 'M': time.Minute, 'H': time.Hour}
	rapid.Check(t, func(t *rapid.T) {
		left := time.Duration(rapid.Int64Range(1, math.MaxInt64/2).Draw(t, "left"))
		text := timeoutOf(left)
		n, err := strconv.ParseInt(text[:len(text)-1], 10, 64)
		unit := units[text[len(text)-1]]
		if err != nil || unit == 0 || len(text) > 9 || time.Duration(n)*unit < left || time.Duration(n)*unit-left >= unit || unit > 1 && left/unit > 100_000_000 {
			t.Fatalf("%v is written as %s", left, text)
		}
	})
}

// FuzzReply gives a call whatever a server may send: what is kept is bounded, and the pieces in which it comes do not matter.
func FuzzReply(f *testing.F) {
	good := framed([]byte("message"))
	zipped := framed(compressed([]byte("message")))
	zipped[0] = 1
	f.Add(good, "application/grpc", "", "grpc-status", "0", 200, byte(3))
	f.Add(zipped, "application/grpc+proto", "gzip", "grpc-status", "8", 200, byte(1))
	f.Add(append(slices.Clone(good), good...), "application/grpc", "identity", "x-some-bin", "aGk", 200, byte(6))
	f.Add([]byte{0, 0xff, 0xff, 0xff, 0xff}, "text/html", "br", "grpc-retry-pushback-ms", "-1", 503, byte(0))
	f.Fuzz(func(t *testing.T, body []byte, contentType, encoding, name, value string, status int, size byte) {
		play := func(pieces [][]byte) (*reply, codes.Code, funnel.Reason, error) {
			r := &reply{keeps: size%2 == 0}
			r.block(false)
			_, _, _ = r.field("content-type", contentType) // it is never malformed
			_, _, _ = r.field("grpc-encoding", encoding)   // likewise
			err := r.inPieces(pieces)
			r.block(true)
			text, is, fault := r.field(name, value)
			r.trailed = true
			if fault != nil && is || len(text) > len(value) {
				t.Fatalf("%s: %q is metadata of %d bytes, and malformed: %v", name, value, len(text), fault)
			}
			code, reason := r.verdict(status)
			return r, code, reason, errors.Join(err, fault)
		}
		whole, code, reason, err := play([][]byte{body})
		pieces, otherCode, otherReason, otherErr := play(slices.Collect(slices.Chunk(body, int(size)+1)))
		if (err == nil) != (otherErr == nil) || code != otherCode || reason != otherReason || !bytes.Equal(whole.message, pieces.message) && err == nil {
			t.Fatalf("whole: %v, %v, %v; in pieces: %v, %v, %v", err, code, reason, otherErr, otherCode, otherReason)
		}
		if len(whole.message) > maxBody || whole.encoding == "" && len(whole.message) > len(body) || whole.messages > 1 || code >= codes.Code(funnel.ReasonClose-funnel.ReasonGRPC) {
			t.Fatalf("%d bytes kept of %d, %d messages, code %d", len(whole.message), len(body), whole.messages, code)
		}
	})
}
