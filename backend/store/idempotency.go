package store

import (
	"bytes"
	"database/sql"
	"errors"
	"time"
)

// Kept is the answer stored under a key.
type Kept struct {
	Status int
	Body   []byte
}

// longestKept is the longest time that an answer is kept.
const longestKept = 48 * time.Hour

type takeKeyOp struct {
	key, fingerprint []byte
	at, until        time.Time
	kept             Kept
}

// TakeKey begins a request under an idempotency key. The key is held until it is kept or freed, or until the
// given time. A nil error with a Status of 0 means that the caller holds the key. With another Status the
// request was answered before. TakeKey refuses with ErrKeyOther if the key was used for a different request,
// and with ErrKeyRuns while the first request runs.
func (s *Store) TakeKey(key string, fingerprint []byte, at, until time.Time) (Kept, error) {
	op := &takeKeyOp{key: s.sealer.blind("key " + key), fingerprint: fingerprint, at: at, until: until}
	if err := s.do(op); err != nil || len(op.kept.Body) == 0 {
		return op.kept, err
	}
	var err error
	op.kept.Body, err = s.sealer.open(key, 0, op.kept.Body)
	return op.kept, err
}

func (o *takeKeyOp) apply(e *engine) error {
	o.kept = Kept{}
	n, err := e.exec(takeKey, o.key, o.fingerprint, o.until.UnixMilli(), o.at.UnixMilli(),
		Latest(o.at, longestKept).UnixMilli(), o.at.Add(2*o.until.Sub(o.at)).UnixMilli())
	if err == nil && n > 0 {
		_, err = e.exec(dropKeys, o.at.UnixMilli())
		return err
	}
	if err != nil {
		return err
	}
	var fingerprint []byte
	switch err := e.queryRow(readKey, o.key).Scan(&fingerprint, &o.kept.Status, &o.kept.Body); {
	case errors.Is(err, sql.ErrNoRows):
		return errAgain // another replica has freed it in the meantime
	case err != nil:
		return err
	case !bytes.Equal(fingerprint, o.fingerprint):
		return ErrKeyOther
	case o.kept.Status == 0:
		return ErrKeyRuns
	}
	return nil
}

// KeepKey stores the answer to a request under its key.
func (s *Store) KeepKey(key string, answer Kept, until time.Time) error {
	body := s.sealer.seal(key, 0, answer.Body)
	return s.do(&change{keepKey, []any{answer.Status, body, until.UnixMilli(), s.sealer.blind("key " + key)}, ErrUnknown})
}

// FreeKey deletes a key, so that the request may be repeated.
func (s *Store) FreeKey(key string) error {
	return s.do(&change{freeKey, []any{s.sealer.blind("key " + key)}, ErrUnknown})
}
