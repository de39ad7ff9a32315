package backend

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/ombak-sim/ombak/backend/store"
)

// How long an idempotency key is kept after the answer, and at most while there is none.
const (
	keyKept  = 24 * time.Hour
	keyRuns  = time.Minute
	maxKey   = 255
	keyField = "Idempotency-Key"
)

// keyed lets everybody repeat a request under an Idempotency-Key, each for an address of their own.
//
// Note: an answer that gives a session must not be kept. Who repeats the request would have it without the proof
// having been counted as a try.
func (s *Server) keyed(handle handler) handler {
	return func(ctx *fasthttp.RequestCtx) (reply, error) {
		return s.once(ctx, ctx.RemoteIP().String(), func() (reply, error) { return handle(ctx) })
	}
}

// once answers a request of somebody that may carry an Idempotency-Key: the second with the same key has the answer of
// the first (IETF draft-ietf-httpapi-idempotency-key-header). Answers that ask to try again are not kept.
func (s *Server) once(ctx *fasthttp.RequestCtx, who string, handle func() (reply, error)) (reply, error) {
	given := string(ctx.Request.Header.Peek(keyField))
	switch {
	case given == "" || !ctx.IsPost():
		return handle()
	case len(given) > maxKey:
		return reply{}, invalid("Idempotency-Key may have 255 characters")
	}
	key := string(ctx.Path()) + "\x00" + who + "\x00" + given
	fingerprint := sha256.Sum256(ctx.PostBody())
	now := time.Now()
	kept, err := s.store.TakeKey(key, fingerprint[:], now, now.Add(keyRuns))
	switch {
	case errors.Is(err, store.ErrKeyOther):
		return reply{}, &fault{status: fasthttp.StatusUnprocessableEntity, code: "key_reused", message: "this Idempotency-Key came with another request"}
	case errors.Is(err, store.ErrKeyRuns):
		return reply{}, &fault{status: fasthttp.StatusConflict, code: "still_running", message: "the request under this Idempotency-Key is still running"}
	case err != nil:
		return reply{}, err
	case kept.Status != 0:
		return reply{kept.Status, json.RawMessage(kept.Body)}, nil
	}
	answer, err := handle()
	s.keep(key, answer, err)
	return answer, err
}

// keep notes the answer, or forgets the key when the request is to be tried again.
func (s *Server) keep(key string, given reply, no error) {
	if no != nil {
		f := asFault(no)
		given = reply{f.status, f.body()}
	}
	var err error
	if given.status == fasthttp.StatusTooManyRequests || given.status >= fasthttp.StatusInternalServerError {
		err = s.store.FreeKey(key)
	} else {
		err = s.store.KeepKey(key, store.Kept{Status: given.status, Body: asJSON(given.body)}, time.Now().Add(keyKept))
	}
	if err != nil {
		s.config.Log.Error("an idempotency key could not be noted; it runs until its lease ends", "error", err)
	}
}
