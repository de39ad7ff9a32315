package store

import (
	"database/sql"
	"errors"
	"time"
)

// Link is what a person must show to prove an e-mail address: the hash of a secret that the nonce
// and a key outside the database give.
type Link struct {
	Nonce   []byte
	Hash    []byte
	Expires time.Time
}

// SignUp is a request to register.
type SignUp struct {
	Email, Name, Phone string // the e-mail normalised
	Link               Link
	At                 time.Time
	MailPause          time.Duration // a known address has its next mail no sooner than this after the last
	mailed             bool
}

// SignUp registers a person and puts a mail into the outbox. For a known address it only repeats the
// mail, unless the address is verified or was mailed just now. It tells whether there is a mail to
// send; callers must not show that to the person.
func (s *Store) SignUp(signUp SignUp) (mailed bool, err error) {
	err = s.do(&signUp)
	return signUp.mailed, err
}

func (o *SignUp) apply(e *engine) error {
	o.mailed = false
	result, err := e.exec(insertPerson, o.Email, o.Name, o.Phone, o.At.UnixMilli(), o.Link.Nonce, o.Link.Hash, o.Link.Expires.UnixMilli())
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil {
		return err
	} else if n == 0 {
		return o.again(e)
	}
	person, err := result.LastInsertId()
	if err != nil {
		return err
	}
	return o.mail(e, person)
}

// again repeats the mail to a known address, if it may be repeated.
func (o *SignUp) again(e *engine) error {
	var person int64
	err := e.queryRow(mailAgain, o.At.UnixMilli(), o.Link.Nonce, o.Link.Hash, o.Link.Expires.UnixMilli(),
		o.Email, o.At.Add(-o.MailPause).UnixMilli()).Scan(&person)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	return o.mail(e, person)
}

func (o *SignUp) mail(e *engine, person int64) error {
	_, err := e.exec(insertMail, person)
	o.mailed = err == nil
	return err
}

// change is an operation of one statement that must hit a row.
type change struct {
	query  string
	args   []any
	missed Refusal // when it hits none
}

func (o *change) apply(e *engine) error {
	result, err := e.exec(o.query, o.args...)
	if err != nil {
		if isDuplicate(err) {
			return ErrNIKTaken // the only UNIQUE column that a change can touch
		}
		return err
	}
	if n, err := result.RowsAffected(); err != nil {
		return err
	} else if n == 0 {
		return o.missed
	}
	return nil
}

// VerifyEmail uses up a person's link, or refuses with ErrLinkUsed.
func (s *Store) VerifyEmail(person int64, linkHash []byte, at time.Time) error {
	return s.do(&change{verifyEmail, []any{at.UnixMilli(), person, linkHash}, ErrLinkUsed})
}

// ClaimNIK gives a NIK to a person for good. It refuses with ErrNIKTaken when another person has it,
// and with ErrOutOfOrder when the e-mail is not verified or the person has another NIK.
func (s *Store) ClaimNIK(person int64, nik, birthDate string, at time.Time) error {
	index, sealed := s.sealer.blind(nik), s.sealer.seal(person, nik)
	return s.do(&change{claimNIK, []any{index, sealed, birthDate, at.UnixMilli(), person}, ErrOutOfOrder})
}

// SetPhoto records the SHA-256 of a person's photo.
func (s *Store) SetPhoto(person int64, sha256 string) error {
	return s.do(&change{setPhoto, []any{sha256, person}, ErrOutOfOrder})
}

// SetEligible records that a person may join, and whether the household gets social aid.
func (s *Store) SetEligible(person int64, socialAid bool, at time.Time) error {
	return s.do(&change{setEligible, []any{at.UnixMilli(), socialAid, person}, ErrOutOfOrder})
}

// currentBatch is the batch that people join.
const currentBatch = 1

type join struct {
	person int64
	at     time.Time
	batch  int
}

// Join gives a person a place in the current batch and returns its number; for a member it returns
// the number again. It refuses with ErrBatchFull, or with ErrOutOfOrder before SetEligible.
func (s *Store) Join(person int64, at time.Time) (batch int, err error) {
	op := &join{person: person, at: at}
	err = s.do(op)
	return op.batch, err
}

func (o *join) apply(e *engine) error {
	var eligible bool
	err := e.queryRow(askJoin, o.person).Scan(&o.batch, &eligible)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return ErrOutOfOrder
	case err != nil || o.batch != 0:
		return err
	case !eligible:
		return ErrOutOfOrder
	}
	result, err := e.exec(takePlace, currentBatch)
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil {
		return err
	} else if n == 0 {
		return ErrBatchFull
	}
	o.batch = currentBatch
	_, err = e.exec(setBatch, o.batch, o.at.UnixMilli(), o.person)
	return err
}
