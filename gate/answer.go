package gate

import (
	"encoding/json"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/grpc/codes"
)

// refusal is the answer of the gate itself.
type refusal struct {
	status        int
	code, message string
	retryAfter    time.Duration // 0 means none
}

// errLeft means that the client closed its connection while the request waited.
var errLeft = &refusal{}

// isCall reports whether a request is a call of gRPC.
func isCall(r *http.Request) bool {
	return strings.HasPrefix(r.Header.Get("Content-Type"), "application/grpc")
}

// answer writes the refusal: as JSON, or to a call of gRPC as its status.
func (f *refusal) answer(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	if f.retryAfter > 0 {
		header.Set("Retry-After", strconv.Itoa(int(math.Ceil(f.retryAfter.Seconds()))))
	}
	header.Set("Cache-Control", "no-store")
	if isCall(r) {
		code := codes.Unavailable
		if f.status == http.StatusTooManyRequests {
			code = codes.ResourceExhausted
		}
		header.Set("Content-Type", "application/grpc")
		header.Set("Grpc-Status", strconv.Itoa(int(code)))
		header.Set("Grpc-Message", f.message)
		w.WriteHeader(http.StatusOK)
		return
	}
	header.Set("Content-Type", "application/json")
	w.WriteHeader(f.status)
	var body struct {
		Error struct {
			Code    string `json:"code"`
			Message string `json:"message"`
		} `json:"error"`
	}
	body.Error.Code, body.Error.Message = f.code, f.message
	_ = json.NewEncoder(w).Encode(body) // the client may be gone
}

// counting counts answers by status.
type counting struct {
	http.ResponseWriter
	answers *prometheus.CounterVec
	counted bool
}

// WriteHeader writes a header and counts it, unless more headers follow.
func (c *counting) WriteHeader(status int) {
	if !c.counted && (status >= http.StatusOK || status == http.StatusSwitchingProtocols) {
		c.counted = true
		c.answers.WithLabelValues(strconv.Itoa(status)).Inc()
	}
	c.ResponseWriter.WriteHeader(status)
}

// Write counts an answer that has no header of its own.
func (c *counting) Write(text []byte) (int, error) {
	if !c.counted {
		c.WriteHeader(http.StatusOK)
	}
	return c.ResponseWriter.Write(text)
}

// Unwrap lets the connection be flushed and taken over.
func (c *counting) Unwrap() http.ResponseWriter { return c.ResponseWriter }
