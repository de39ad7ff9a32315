package backend

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/ombak-sim/ombak/backend/store"
)

// How long an idempotency key is kept after the answer, and at most while the request runs.
const (
	keyKept  = 24 * time.Hour
	keyRuns  = time.Minute
	maxKey   = 255
	keyField = "Idempotency-Key"
)

// keyed lets anyone repeat a request under an Idempotency-Key. Keys are separate for each client address.
//
// Note: an answer that contains a session must not be kept. A repeated request would return the session without
// counting as an attempt to prove the address.
func (s *Server) keyed(handle handler) handler {
	return func(ctx *fasthttp.RequestCtx) (reply, error) {
		return s.once(ctx, ctx.RemoteIP().String(), func() (reply, error) { return handle(ctx) })
	}
}

// once answers a request that may carry an Idempotency-Key. A second request with the same key gets the answer
// of the first (IETF draft-ietf-httpapi-idempotency-key-header). Answers that ask the client to try again are
// not kept.
func (s *Server) once(ctx *fasthttp.RequestCtx, who string, handle func() (reply, error)) (reply, error) {
	given := string(ctx.Request.Header.Peek(keyField))
	switch {
	case given == "" || !ctx.IsPost():
		return handle()
	case len(given) > maxKey:
		return reply{}, invalid("Idempotency-Key may have at most 255 characters")
	}
	key := string(ctx.Path()) + "\x00" + who + "\x00" + given
	fingerprint := sha256.Sum256(ctx.PostBody())
	now := s.config.Wall()
	kept, err := s.store.TakeKey(key, fingerprint[:], now, now.Add(keyRuns))
	switch {
	case errors.Is(err, store.ErrKeyOther):
		return reply{}, &fault{status: fasthttp.StatusUnprocessableEntity, code: "key_reused", message: "this Idempotency-Key was used with a different request"}
	case errors.Is(err, store.ErrKeyRuns):
		return reply{}, &fault{status: fasthttp.StatusConflict, code: "still_running", message: "the first request with this Idempotency-Key is still running"}
	case err != nil:
		return reply{}, err
	case kept.Status != 0:
		return reply{kept.Status, json.RawMessage(kept.Body)}, nil
	}
	answer, err := handle()
	s.keep(key, answer, err)
	return answer, err
}

// keep stores the answer, or deletes the key if the client should try again.
func (s *Server) keep(key string, given reply, no error) {
	if no != nil {
		f := asFault(no)
		given = reply{f.status, f.body()}
	}
	var err error
	if given.status == fasthttp.StatusTooManyRequests || given.status >= fasthttp.StatusInternalServerError {
		err = s.store.FreeKey(key)
	} else {
		err = s.store.KeepKey(key, store.Kept{Status: given.status, Body: asJSON(given.body)}, s.config.Wall().Add(keyKept))
	}
	if err != nil {
		s.config.Log.Error("store an idempotency key; the key stays locked until its lease ends", "error", err)
	}
}
