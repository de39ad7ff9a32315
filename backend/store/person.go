package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// Person is how far somebody has come.
type Person struct {
	ID        int64
	Email     string
	Verified  bool   // the e-mail
	NIK       string // empty before ClaimNIK
	BirthDate string // YYYY-MM-DD, empty before ClaimNIK
	Photo     string // its SHA-256, empty before SetPhoto
	Eligible  bool
	SocialAid bool
	Batch     int // 0 before Join
}

// Person returns one person, or ErrUnknown.
func (s *Store) Person(ctx context.Context, id int64) (Person, error) {
	p := Person{ID: id}
	var sealed []byte
	err := s.engine.read[selectPerson].QueryRowContext(ctx, id).
		Scan(&p.Email, &p.Verified, &sealed, &p.BirthDate, &p.Photo, &p.Eligible, &p.SocialAid, &p.Batch)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return p, ErrUnknown
	case err != nil:
		return p, fmt.Errorf("%w: read a person: %w", ErrStorage, err)
	case len(sealed) == 0:
		return p, nil
	}
	p.NIK, err = s.sealer.open(id, sealed)
	return p, err
}
