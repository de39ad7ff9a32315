package backend

import (
	"crypto/sha256"
	"errors"
	"time"

	"github.com/ombak-sim/ombak/backend/store"
	"github.com/valyala/fasthttp"
)

// How long an idempotency key is kept after the answer, and at most while there is none.
const (
	keyKept  = 24 * time.Hour
	keyRuns  = time.Minute
	maxKey   = 255
	keyField = "Idempotency-Key"
)

// once answers a request that carries an Idempotency-Key: the second with the same key has the answer
// of the first (IETF draft-ietf-httpapi-idempotency-key-header). Answers that ask to try again are not
// kept.
func (s *Server) once(ctx *fasthttp.RequestCtx, handle handler) {
	given := string(ctx.Request.Header.Peek(keyField))
	if len(given) > maxKey {
		writeFault(ctx, invalid("Idempotency-Key may have 255 characters"))
		return
	}
	key := string(ctx.Path()) + "\x00" + string(ctx.Request.Header.Peek(fasthttp.HeaderAuthorization)) + "\x00" + given
	fingerprint := sha256.Sum256(ctx.PostBody())
	now := time.Now()
	kept, err := s.store.TakeKey(key, fingerprint[:], now, now.Add(keyRuns))
	switch {
	case errors.Is(err, store.ErrKeyOther):
		writeFault(ctx, &fault{status: fasthttp.StatusUnprocessableEntity, code: "key_reused", message: "this Idempotency-Key came with another request"})
	case errors.Is(err, store.ErrKeyRuns):
		writeFault(ctx, &fault{status: fasthttp.StatusConflict, code: "still_running", message: "the request under this Idempotency-Key is still running"})
	case err != nil:
		writeFault(ctx, asFault(err))
	case kept.Status != 0:
		ctx.SetStatusCode(kept.Status)
		ctx.SetContentType("application/json")
		ctx.SetBody(kept.Body)
	default:
		s.answer(ctx, handle)
		s.keep(ctx, key)
	}
}

// keep notes the answer, or forgets the key when the request is to be tried again.
func (s *Server) keep(ctx *fasthttp.RequestCtx, key string) {
	var err error
	if status := ctx.Response.StatusCode(); status == fasthttp.StatusTooManyRequests || status >= fasthttp.StatusInternalServerError {
		err = s.store.FreeKey(key)
	} else {
		err = s.store.KeepKey(key, store.Kept{Status: status, Body: ctx.Response.Body()}, time.Now().Add(keyKept))
	}
	if err != nil {
		s.config.Log.Error("an idempotency key could not be noted; it runs until its lease ends", "error", err)
	}
}
