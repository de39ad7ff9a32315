package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// Person is a person's progress.
type Person struct {
	ID          int64
	Email, Name string
	Phone       string
	Password    string // the password's hash, or empty
	Verified    bool   // whether the e-mail address is verified
	Identity    string // the registry's last verdict, IdentityPending, or empty
	NIK         string // empty before ClaimNIK
	BirthDate   string // YYYY-MM-DD, empty before ClaimNIK
	Profile     bool
	Photo       string // SHA-256 of the photo of the KTP, empty before SetPhoto
	Selfie      string // SHA-256 of the selfie, empty before SetPhoto
	PhoneGiven  bool   // whether the phone was given after the address was proved
	PhoneProved bool
	Statement   bool
	TestDue     time.Time // when the score is shown; zero before SubmitTest
	TestScore   int
	Eligible    bool
	SocialAid   bool
	Batch       int // 0 before Join
	Selected    bool
}

// Person returns one person, or ErrUnknown.
func (s *Store) Person(ctx context.Context, id int64) (Person, error) {
	op := readPerson{ctx: ctx, id: id}
	var err error
	if s.durability == Async { // uncommitted changes are visible only on the write connection
		err = s.do(&op)
	} else {
		err = s.ask(&op)
	}
	switch {
	case errors.Is(err, sql.ErrNoRows), errors.Is(err, ErrUnknown):
		return op.person, ErrUnknown
	case errors.Is(err, ErrClosed):
		return op.person, err
	case err != nil:
		return op.person, fmt.Errorf("%w: read a person: %w", ErrStorage, err)
	case len(op.sealed) == 0:
		return op.person, nil
	}
	nik, err := s.sealer.open("nik", id, op.sealed)
	op.person.NIK = string(nik)
	return op.person, err
}

type readPerson struct {
	ctx    context.Context
	id     int64
	person Person
	sealed []byte
	err    error
	done   chan struct{} // closed by the reader
}

// ask passes a lookup to a reader and waits for it.
func (s *Store) ask(op *readPerson) error {
	op.done = make(chan struct{})
	select {
	case s.lookups <- op:
		<-op.done
		return op.err
	case <-s.closing:
		return ErrClosed
	case <-op.ctx.Done():
		return op.ctx.Err()
	}
}

// read serves lookups until the store is closed.
//
// Note: a query needs a stack several times as deep as the rest of a request, and a goroutine keeps its stack
// for a while. With thousands of connections, these stacks would be most of their memory.
func (s *Store) read() {
	for {
		select {
		case op := <-s.lookups:
			op.err = op.scan(s.engine.read[selectPerson].QueryRowContext(op.ctx, op.id))
			close(op.done)
		case <-s.closing:
			return
		}
	}
}

func (o *readPerson) scan(row *sql.Row) error {
	p := &o.person
	p.ID = o.id
	var due int64
	err := row.Scan(&p.Email, &p.Name, &p.Phone, &p.Password, &p.Verified, &p.Identity, &o.sealed, &p.BirthDate, &p.Profile, &p.Photo,
		&p.Selfie, &p.PhoneGiven, &p.PhoneProved, &p.Statement, &due, &p.TestScore, &p.Eligible, &p.SocialAid, &p.Batch, &p.Selected)
	if due != 0 {
		p.TestDue = time.UnixMilli(due)
	}
	return err
}

func (o *readPerson) apply(e *engine) error {
	err := o.scan(e.queryRow(selectPerson, o.id))
	if errors.Is(err, sql.ErrNoRows) {
		return ErrUnknown
	}
	return err
}

// Password returns the person with a verified address and the hash of the password, or ErrUnknown.
func (s *Store) Password(ctx context.Context, email string) (person int64, hash string, err error) {
	err = s.engine.read[selectPassword].QueryRowContext(ctx, email).Scan(&person, &hash)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return 0, "", ErrUnknown
	case err != nil:
		return 0, "", fmt.Errorf("%w: read a password: %w", ErrStorage, err)
	}
	return person, hash, nil
}

// erasedEmail replaces the address of an erased person. It is not a valid address.
func erasedEmail(person int64) string { return "erased:" + strconv.FormatInt(person, 10) }
