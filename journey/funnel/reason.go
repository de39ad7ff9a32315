package funnel

import (
	"slices"
	"strconv"
)

// Reason is why an attempt ended as it did: an HTTP status, a class of transport error, a gRPC code or a WebSocket close
// code.
type Reason uint16

// Classes of transport errors, with numbers above all HTTP statuses; 0 means unknown.
const (
	ReasonDial    Reason = 1000 + iota // the connection could not be opened
	ReasonReset                        // the connection was closed or reset before the answer
	ReasonTLS                          // the TLS handshake failed
	ReasonTimeout                      // the timeout ran out
	ReasonBody                         // the answer was not what was expected
	ReasonLocal                        // the generator's own resources ran out (descriptors, ports, people in flight)
	ReasonStale                        // a connection used before was closed before any byte of the answer
	ReasonCheck                        // the answer's body failed a check
	ReasonLink                         // a link or redirect was missing, led to no target, or led too far
)

// Ranges of reasons that carry the number of another protocol.
const (
	ReasonGRPC  Reason = 2000  // plus the code of a gRPC status
	ReasonClose Reason = 10000 // plus the code of a WebSocket's close frame; 0 if it has none
)

var reasonNames = [...]string{"dial", "reset", "tls", "timeout", "body", "local", "stale", "check", "link"}

// codeNames are the codes of gRPC in their order.
var codeNames = [...]string{
	"OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED",
	"FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED",
}

// CodeNames returns the names of the gRPC codes.
func CodeNames() []string { return slices.Clone(codeNames[:]) }

// CodeReason returns the reason for the name of a gRPC code, and false if there is no such code.
func CodeReason(name string) (Reason, bool) {
	place := slices.Index(codeNames[:], name)
	return ReasonGRPC + Reason(max(0, place)), place >= 0
}

// IsCode reports whether a reason is a gRPC code.
func (r Reason) IsCode() bool { return r >= ReasonGRPC && r < ReasonClose }

// String returns the name used in files: a word for a transport error, the name of a gRPC code, close- and the code of a
// WebSocket that was closed, digits for an HTTP status.
func (r Reason) String() string {
	if i := int(r) - int(ReasonDial); i >= 0 && i < len(reasonNames) {
		return reasonNames[i]
	}
	switch {
	case r >= ReasonClose:
		return "close-" + strconv.Itoa(int(r-ReasonClose))
	case r.IsCode() && int(r-ReasonGRPC) < len(codeNames):
		return codeNames[r-ReasonGRPC]
	case r.IsCode():
		return "CODE_" + strconv.Itoa(int(r-ReasonGRPC))
	}
	return strconv.Itoa(int(r))
}
