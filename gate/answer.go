package gate

import (
	"bufio"
	"encoding/json"
	"math"
	"net"
	"net/http"
	"slices"
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

// visit is a request at the gate: it counts the answer, and holds the places behind the doors until the request is done.
type visit struct {
	http.ResponseWriter
	answers *prometheus.CounterVec
	counted bool
	places  []func() // leave them
}

// leave gives up all places.
func (v *visit) leave() {
	for _, leave := range slices.Backward(v.places) {
		leave()
	}
	v.places = nil
}

// count counts an answer once.
func (v *visit) count(status int) {
	if !v.counted {
		v.counted = true
		v.answers.WithLabelValues(strconv.Itoa(status)).Inc()
	}
}

// WriteHeader writes a header and counts it, unless more headers follow.
func (v *visit) WriteHeader(status int) {
	if status >= http.StatusOK {
		v.count(status)
	}
	v.ResponseWriter.WriteHeader(status)
}

// Write counts an answer that has no header of its own.
func (v *visit) Write(text []byte) (int, error) {
	v.count(http.StatusOK)
	return v.ResponseWriter.Write(text)
}

// Hijack takes over the connection of a request whose protocol is switched. The request is done then, however long its
// WebSocket stays open.
func (v *visit) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffered, err := http.NewResponseController(v.ResponseWriter).Hijack()
	if err == nil {
		v.count(http.StatusSwitchingProtocols)
		v.leave()
	}
	return conn, buffered, err
}

// Unwrap lets the connection be flushed.
func (v *visit) Unwrap() http.ResponseWriter { return v.ResponseWriter }
