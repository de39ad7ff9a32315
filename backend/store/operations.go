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
	Tries   int // guesses of its code that are allowed
}

// SignUp is a request to register.
type SignUp struct {
	Email, Name, Phone string // the e-mail normalised
	Password           string // its hash; empty means none
	Link               Link
	At                 time.Time
	MailPause          time.Duration // a known address has its next mail no sooner than this after the last
	mailed             bool
}

// SignUp registers a person and leaves a mail to be sent. For a known address it only repeats the
// mail, unless the address is verified or was mailed just now. It tells whether there is a mail to
// send; callers must not show that to the person.
func (s *Store) SignUp(signUp SignUp) (mailed bool, err error) {
	err = s.do(&signUp)
	return signUp.mailed, err
}

func (o *SignUp) wrote() bool { return o.mailed }

func (o *SignUp) apply(e *engine) error {
	o.mailed = false
	person, err := e.insert(insertPerson, o.values()...)
	if err != nil {
		return err
	}
	if person == 0 {
		return o.again(e)
	}
	return o.mail(e, person)
}

// values returns the parameters of insertPerson.
func (o *SignUp) values() []any {
	return []any{o.Email, o.Name, o.Phone, orNull(o.Password), o.At.UnixMilli(), o.Link.Nonce, o.Link.Hash, o.Link.Expires.UnixMilli()}
}

// repeatMails does for those who are not new, after the others have been written, what can be done.
func repeatMails(e *engine, signUps []*SignUp) error {
	for _, s := range signUps {
		if s.mailed {
			continue
		}
		if err := s.again(e); err != nil {
			return err
		}
	}
	return nil
}

// again repeats the mail to a known address, if it may be repeated.
func (o *SignUp) again(e *engine) error {
	in := SignIn{Email: o.Email, Link: o.Link, At: o.At, MailPause: o.MailPause}
	err := in.repeat(e, false)
	o.mailed = in.mailed
	return err
}

func (o *SignUp) mail(e *engine, person int64) error {
	_, err := e.exec(insertJob, person, JobMail, o.At.UnixMilli(), nil)
	o.mailed = err == nil
	return err
}

// SignIn is a request for a link to come back with.
type SignIn struct {
	Email     string // normalised
	Link      Link
	At        time.Time
	MailPause time.Duration // there is a next mail no sooner than this after the last
	mailed    bool
}

// SignIn leaves a mail with a link to a known address, unless it was mailed just now. It tells
// whether there is a mail to send; callers must not show that to the person.
func (s *Store) SignIn(signIn SignIn) (mailed bool, err error) {
	err = s.do(&signIn)
	return signIn.mailed, err
}

func (o *SignIn) wrote() bool { return o.mailed }

func (o *SignIn) apply(e *engine) error { return o.repeat(e, true) }

func (o *SignIn) repeat(e *engine, evenVerified bool) error {
	o.mailed = false
	var person int64
	err := e.queryRow(mailAgain, o.At.UnixMilli(), []byte{}, o.Link.Nonce, o.Link.Hash, o.Link.Expires.UnixMilli(),
		o.Email, o.At.Add(-o.MailPause).UnixMilli(), evenVerified, o.Link.Tries).Scan(&person)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = e.exec(insertJob, person, JobMail, o.At.UnixMilli(), nil)
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
	n, err := e.exec(o.query, o.args...)
	if err == nil && n == 0 {
		return o.missed
	}
	return err
}

// VerifyEmail uses up a person's link, or refuses with ErrLinkUsed.
func (s *Store) VerifyEmail(person int64, linkHash []byte, at time.Time) error {
	return s.do(&change{verifyEmail, []any{at.UnixMilli(), person, linkHash, []byte{}}, ErrLinkUsed})
}

// try is an operation that counts a guess before it is looked at, so that nobody guesses in parallel.
type try struct {
	query  string
	args   []any
	result []any
	missed bool
}

func (o *try) wrote() bool { return !o.missed }

func (o *try) apply(e *engine) error {
	err := e.queryRow(o.query, o.args...).Scan(o.result...)
	if o.missed = errors.Is(err, sql.ErrNoRows); o.missed {
		return ErrTries
	}
	return err
}

// TryLink counts a guess of the code that belongs to a link, and returns the person and the nonce
// that give the code. It refuses with ErrTries when there is no such link or no try left.
func (s *Store) TryLink(email string, tries int, at time.Time) (person int64, nonce []byte, err error) {
	err = s.do(&try{query: tryLink, args: []any{email, tries, at.UnixMilli(), []byte{}}, result: []any{&person, &nonce}})
	return person, nonce, err
}

// SetPassword keeps the hash of a person's password.
func (s *Store) SetPassword(person int64, hash string) error {
	return s.do(&change{setPassword, []any{hash, person}, ErrOutOfOrder})
}

type claim struct {
	person        int64
	index, sealed []byte
	birthDate     string
	at            time.Time
}

// ClaimNIK gives a NIK to a person for good; it may be claimed again by the same person. It refuses
// with ErrNIKTaken when another person has it, and with ErrOutOfOrder when the e-mail is not verified
// or the person has another NIK.
func (s *Store) ClaimNIK(person int64, nik, birthDate string, at time.Time) error {
	return s.do(&claim{person, s.sealer.blind(nik), s.sealer.seal("nik", person, []byte(nik)), birthDate, at})
}

func (o *claim) apply(e *engine) error {
	if known, err := o.known(e); known || err != nil {
		return err
	}
	n, err := e.exec(claimNIK, o.index, o.sealed, o.birthDate, o.at.UnixMilli(), o.person, IdentityVerified)
	if err != nil || n > 0 {
		return err
	}
	if known, err := o.known(e); known || err != nil { // another replica has been at it meanwhile
		return err
	}
	return ErrOutOfOrder
}

// known tells whether the NIK is the person's already, and refuses when it is another's.
func (o *claim) known(e *engine) (bool, error) {
	var owner int64
	switch err := e.queryRow(findNIK, o.index).Scan(&owner); {
	case errors.Is(err, sql.ErrNoRows):
		return false, nil
	case err != nil:
		return false, err
	case owner != o.person:
		return false, ErrNIKTaken
	}
	return true, nil
}

// The values of Person.Identity that the store sets itself.
const (
	IdentityPending  = "pending"
	IdentityVerified = "verified"
)

// SetIdentity records what the registry said of a person whose NIK is not verified.
func (s *Store) SetIdentity(person int64, verdict string) error {
	return s.do(&change{setIdentity, []any{verdict, person}, ErrOutOfOrder})
}

type askLater struct {
	person  int64
	payload []byte
	at      time.Time
}

// AskLater leaves a question to the registry as a job. It refuses with ErrOutOfOrder when one is left
// already or the NIK is verified.
func (s *Store) AskLater(person int64, question []byte, at time.Time) error {
	return s.do(&askLater{person, s.sealer.seal("question", person, question), at})
}

func (o *askLater) apply(e *engine) error {
	n, err := e.exec(askIdentity, IdentityPending, o.person)
	if err == nil && n == 0 {
		return ErrOutOfOrder
	}
	if err == nil {
		_, err = e.exec(insertJob, o.person, JobVerification, o.at.UnixMilli(), o.payload)
	}
	return err
}

// SetProfile keeps a person's profile, sealed.
func (s *Store) SetProfile(person int64, profile []byte) error {
	return s.do(&change{setProfile, []any{s.sealer.seal("profile", person, profile), person}, ErrOutOfOrder})
}

// Photo is a picture of a person.
type Photo struct {
	Person  int64
	Selfie  bool // else it is of the KTP
	SHA256  string
	Content []byte // kept where the database is shared; else it is the caller's affair
}

type setPhoto struct {
	photo    Photo
	replaced string
}

// SetPhoto records a person's photo, and returns the SHA-256 of the one that nothing names any more; empty means none.
func (s *Store) SetPhoto(photo Photo) (replaced string, err error) {
	op := &setPhoto{photo: photo}
	err = s.do(op)
	return op.replaced, err
}

func (o *setPhoto) apply(e *engine) error {
	o.replaced = ""
	var old, other string
	err := e.queryRow(photosOf, o.photo.Person).Scan(&old, &other)
	if errors.Is(err, sql.ErrNoRows) {
		return ErrOutOfOrder
	}
	set := setKTP
	if o.photo.Selfie {
		set, old, other = setSelfie, other, old
	}
	if err == nil {
		_, err = e.exec(set, o.photo.SHA256, o.photo.Person)
	}
	if err == nil && e.shared {
		_, err = e.exec(keepPhoto, o.photo.Person, o.photo.SHA256, o.photo.Content)
	}
	if err != nil || old == "" || old == o.photo.SHA256 || old == other {
		return err
	}
	if o.replaced = old; e.shared {
		_, err = e.exec(dropPhoto, o.photo.Person, old)
	}
	return err
}

type startCode struct {
	person  int64
	nonce   []byte
	expires time.Time
	at      time.Time
	pause   time.Duration
}

// StartOTP leaves a short message with a new code. It refuses with ErrTooSoon within the pause after
// the last, and when the phone is verified.
func (s *Store) StartOTP(person int64, nonce []byte, expires, at time.Time, pause time.Duration) error {
	return s.do(&startCode{person, nonce, expires, at, pause})
}

func (o *startCode) apply(e *engine) error {
	n, err := e.exec(startOTP, o.nonce, o.expires.UnixMilli(), o.at.UnixMilli(), o.person, o.at.Add(-o.pause).UnixMilli())
	if err == nil && n == 0 {
		return ErrTooSoon
	}
	if err == nil {
		_, err = e.exec(insertJob, o.person, JobSMS, o.at.UnixMilli(), nil)
	}
	return err
}

// TryOTP counts a guess of the code and returns the nonce that gives it, or refuses with ErrTries.
func (s *Store) TryOTP(person int64, tries int, at time.Time) (nonce []byte, err error) {
	err = s.do(&try{query: tryOTP, args: []any{person, tries, at.UnixMilli()}, result: []any{&nonce}})
	return nonce, err
}

// ConfirmPhone uses up the code that the nonce gives.
func (s *Store) ConfirmPhone(person int64, nonce []byte, at time.Time) error {
	return s.do(&change{confirmPhone, []any{at.UnixMilli(), person, nonce}, ErrTries})
}

// SetStatement records that a person has made the declarations.
func (s *Store) SetStatement(person int64, at time.Time) error {
	return s.do(&change{setStatement, []any{at.UnixMilli(), person}, ErrOutOfOrder})
}

// SubmitTest keeps the score of a person's test, to be known when it is due. It refuses with
// ErrOutOfOrder when there is one.
func (s *Store) SubmitTest(person int64, score int, due time.Time) error {
	return s.do(&change{submitTest, []any{score, due.UnixMilli(), person}, ErrOutOfOrder})
}

// SetEligible records that a person may join, and whether the household gets social aid.
func (s *Store) SetEligible(person int64, socialAid bool, at time.Time) error {
	return s.do(&change{setEligible, []any{at.UnixMilli(), socialAid, person}, ErrOutOfOrder})
}

type erase struct{ change }

// Erase empties a person's row: nothing of the person is left but that there was one, and of photos those that are
// not in the database.
func (s *Store) Erase(person int64, at time.Time) error {
	return s.do(&erase{change{erasePerson, []any{at.UnixMilli(), person, erasedEmail(person), []byte{}}, ErrOutOfOrder}})
}

func (o *erase) apply(e *engine) error {
	err := o.change.apply(e)
	if err == nil && e.shared {
		_, err = e.exec(dropPhotos, o.args[1])
	}
	return err
}

func orNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}
