package store

import (
	"bytes"
	"database/sql"
	"errors"
	"time"
)

// Kept is the answer that was given under a key.
type Kept struct {
	Status int
	Body   []byte
}

type takeKeyOp struct {
	key, fingerprint []byte
	at, until        time.Time
	kept             Kept
}

// TakeKey begins a request under an idempotency key, until it is kept or freed, at the latest until the time given. A nil
// error with a Status of 0 means that the caller has it to itself. With another Status the request was
// answered before. It refuses with ErrKeyOther when the key was used for another request, and with
// ErrKeyRuns while that one runs.
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
	n, err := e.exec(takeKey, o.key, o.fingerprint, o.until.UnixMilli(), o.at.UnixMilli())
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
		return errAgain // another replica has freed it meanwhile
	case err != nil:
		return err
	case !bytes.Equal(fingerprint, o.fingerprint):
		return ErrKeyOther
	case o.kept.Status == 0:
		return ErrKeyRuns
	}
	return nil
}

// KeepKey keeps the answer to a request under its key.
func (s *Store) KeepKey(key string, answer Kept, until time.Time) error {
	body := s.sealer.seal(key, 0, answer.Body)
	return s.do(&change{keepKey, []any{answer.Status, body, until.UnixMilli(), s.sealer.blind("key " + key)}, ErrUnknown})
}

// FreeKey forgets a key, so that the request may be tried again.
func (s *Store) FreeKey(key string) error {
	return s.do(&change{freeKey, []any{s.sealer.blind("key " + key)}, ErrUnknown})
}
