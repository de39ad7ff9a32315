package backend

import (
	"sync"
	"time"

	"github.com/valyala/fasthttp"
)

// Bounds of the bodies under way, in bytes. Bodies up to smallBody are not counted: connections are bounded, too.
const (
	smallBody      = 4 << 10
	bodiesUnderWay = 64 << 20
)

// readTimeout is the longest time in which a request is read.
const readTimeout = 30 * time.Second

// bodies bounds the memory of the bodies under way.
type bodies struct {
	mutex    sync.Mutex // guards the fields below
	total    int
	underWay map[*fasthttp.RequestHeader]body
}

type body struct {
	size  int
	since time.Time
}

// admit reports whether there is room for a body of at most limit bytes, and takes it. The caller of a request that has a
// handler calls done with the same header. A connection that breaks frees its room at its next request, or when reading
// would have timed out.
func (b *bodies) admit(header *fasthttp.RequestHeader, limit int, now time.Time) bool {
	size := header.ContentLength()
	if size == -1 { // chunked
		size = limit
	}
	if size <= smallBody || size > limit { // a body above the limit is not read
		return true
	}
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.drop(header)
	if b.total+size > bodiesUnderWay {
		for other, body := range b.underWay {
			if now.Sub(body.since) > readTimeout {
				b.drop(other)
			}
		}
	}
	if b.total+size > bodiesUnderWay {
		return false
	}
	if b.underWay == nil {
		b.underWay = map[*fasthttp.RequestHeader]body{}
	}
	b.underWay[header] = body{size, now}
	b.total += size
	return true
}

// done frees the room of a body.
func (b *bodies) done(header *fasthttp.RequestHeader) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.drop(header)
}

func (b *bodies) drop(header *fasthttp.RequestHeader) {
	b.total -= b.underWay[header].size
	delete(b.underWay, header)
}

// crowded is the answer to a body for which there is no room.
func crowded() *fault {
	return &fault{status: fasthttp.StatusServiceUnavailable, code: "overloaded", message: "too many uploads are under way; try again later", retryAfter: 5 * time.Second}
}

// expect answers a request that asks whether to send its body.
func (s *Server) expect(ctx *fasthttp.RequestCtx) int {
	if ctx.Request.Header.ContentLength() <= s.limitBody(&ctx.Request.Header) {
		return fasthttp.StatusContinue
	}
	s.unreadable(ctx, fasthttp.ErrBodyTooLarge)
	return ctx.Response.StatusCode()
}
