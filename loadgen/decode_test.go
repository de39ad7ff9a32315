package loadgen_test

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/valyala/fasthttp"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/loadgen"
)

// Compressed answers are decoded over every protocol, up to a size limit.
func TestCompressedAnswersAreDecoded(t *testing.T) {
	t.Parallel()                                                                  // it mostly waits
	text := []byte(`{"token":"t1","pad":"` + strings.Repeat("pad ", 1000) + `"}`) // long enough to be worth compressing
	zipped := func(text []byte) []byte { return fasthttp.AppendGzipBytes(nil, text) }
	bomb := func() []byte {
		var out bytes.Buffer
		w := gzip.NewWriter(&out)
		for range 64 { // of which 8 MiB may be read
			_, _ = w.Write(make([]byte, 1<<20))
		}
		_ = w.Close()
		return out.Bytes()
	}()
	raw := func() []byte {
		var out bytes.Buffer
		w, _ := flate.NewWriter(&out, flate.BestCompression) // a level that exists
		_, _ = w.Write(text)
		_ = w.Close()
		return out.Bytes()
	}()
	for _, test := range []struct {
		why, encoding string
		status        int
		body          []byte
		outcome       funnel.Outcome
		reason        funnel.Reason
	}{
		{"gzip", "gzip", 200, zipped(text), funnel.Completed, 200},
		{"under its other name", "X-GZIP", 200, zipped(text), funnel.Completed, 200},
		{"deflate", "deflate", 200, fasthttp.AppendDeflateBytes(nil, text), funnel.Completed, 200},
		{"deflate without the frame of zlib", "deflate", 200, raw, funnel.Completed, 200},
		{"no deflate", "deflate", 200, text, funnel.Failed, funnel.ReasonBody},
		{"brotli", "br", 200, fasthttp.AppendBrotliBytes(nil, text), funnel.Completed, 200},
		{"not compressed", "identity", 200, text, funnel.Completed, 200},
		{"an unknown encoding, which is left as it is", "x-own", 200, text, funnel.Completed, 200},
		{"no gzip", "gzip", 200, text, funnel.Failed, funnel.ReasonBody},
		{"a bomb", "gzip", 200, bomb, funnel.Failed, funnel.ReasonBody},
		{"a rejection, whose body may be empty", "gzip", 503, []byte("busy"), funnel.Rejected, 503},
	} {
		for _, protocol := range []struct{ http2, secure bool }{{false, false}, {false, true}, {true, true}} {
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Accept-Encoding") != "" {
					w.WriteHeader(http.StatusBadRequest) // compression was not requested
					return
				}
				w.Header().Set("Content-Encoding", test.encoding)
				w.WriteHeader(test.status)
				_, _ = w.Write(test.body)
			}))
			server.EnableHTTP2 = protocol.http2
			if protocol.secure {
				server.StartTLS()
			} else {
				server.Start()
			}
			r := play(t, config(server.URL, func(c *loadgen.Config) {
				c.Signups.Bins.Counts, c.Connections.HTTP2, c.Connections.TLS.CA = []int{1}, protocol.http2, certificateOf(server)
				c.Requests[0].Extract = map[string]loadgen.Extract{"token": {JSON: "token"}, "ticket": {JSON: "ticket", Rejected: true}}
				c.Requests[0].Checks = []loadgen.Check{{Contains: `"token":"t1"`}}
			}))
			server.Close()
			if r.samples[0].Outcome != test.outcome || r.samples[0].Reason != test.reason {
				t.Errorf("%s, %+v: %v, %v; want %v, %v", test.why, protocol, r.samples[0].Outcome, r.samples[0].Reason, test.outcome, test.reason)
			}
		}
	}
}
