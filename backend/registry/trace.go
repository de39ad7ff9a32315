package registry

import (
	"context"
	"crypto/rand"
	"encoding/hex"
)

type traceKey struct{}

// TraceHeader is the header that holds a request's trace (W3C Trace Context, level 1).
const TraceHeader = "traceparent"

// WithTrace returns a context for calls on behalf of a request with this trace header. A malformed header is
// ignored.
func WithTrace(ctx context.Context, parent string) context.Context {
	if !isTraceparent(parent) {
		return ctx
	}
	return context.WithValue(ctx, traceKey{}, parent)
}

// childTrace returns the header for a call: the request's trace with a new span, or nothing.
func childTrace(ctx context.Context) string {
	parent, traced := ctx.Value(traceKey{}).(string)
	if !traced {
		return ""
	}
	span := make([]byte, 8)
	rand.Read(span) // crypto/rand.Read never fails since Go 1.24
	return parent[:36] + hex.EncodeToString(span) + parent[52:]
}

// isTraceparent reports whether text is a version 00 header: 00-<32 hex>-<16 hex>-<2 hex>, in lower case, with
// neither id all zero.
func isTraceparent(text string) bool {
	if len(text) != 55 || text[:3] != "00-" || text[35] != '-' || text[52] != '-' {
		return false
	}
	zero := true
	for i, c := range []byte(text) {
		if i == 35 || i == 52 {
			if zero {
				return false
			}
			zero = true
			continue
		}
		if i < 3 {
			continue
		}
		if !('0' <= c && c <= '9' || 'a' <= c && c <= 'f') {
			return false
		}
		zero = zero && c == '0'
	}
	return true
}
