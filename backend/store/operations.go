package store

import (
	"database/sql"
	"errors"
	"time"
)

// Link proves an e-mail address. It holds the hash of a secret that is derived from the nonce and a key outside
// the database.
type Link struct {
	Nonce   []byte
	Hash    []byte
	Expires time.Time
	Tries   int // allowed attempts at its code
}

// SignUp is a request to register.
type SignUp struct {
	Email, Name, Phone string // the e-mail address is normalised
	Password           string // the password's hash; empty means none
	Link               Link
	At                 time.Time
	MailPause          time.Duration // minimum time between two mails to a known address
	mailed             bool
}

// SignUp registers a person and queues a mail. For a known address it only repeats the mail, unless the address
// is verified or was mailed recently. It reports whether there is a mail to send; callers must not reveal that
// to the person.
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

// repeatMails repeats the mails of known addresses, after the new people have been written.
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

// again repeats the mail to a known address, if allowed.
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

// SignIn is a request for a link to sign in again.
type SignIn struct {
	Email     string // normalised
	Link      Link
	At        time.Time
	MailPause time.Duration // minimum time between two mails
	mailed    bool
}

// SignIn queues a mail with a link for a known address, unless it was mailed recently. It reports whether there
// is a mail to send; callers must not reveal that to the person.
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
		o.Email, o.At.Add(-o.MailPause).UnixMilli(), evenVerified, o.Link.Tries,
		o.At.Add(o.MailPause).UnixMilli(), Latest(o.At, o.Link.Expires.Sub(o.At)).UnixMilli()).Scan(&person)
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

// change is an operation of one statement that must affect a row.
type change struct {
	query  string
	args   []any
	missed Refusal // the refusal if no row is affected
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
	return s.do(&change{verifyEmail, []any{at.UnixMilli(), person, linkHash, []byte{}, Latest(at, s.linkTTL).UnixMilli(), s.proofBySMS}, ErrLinkUsed})
}

// try is an operation that counts an attempt before the code is compared, so that parallel attempts are
// counted.
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

// TryLink counts an attempt at the code of a link, and returns the person and the nonce from which the code is
// derived. It refuses with ErrTries if there is no such link or no attempt left.
func (s *Store) TryLink(email string, tries int, at time.Time) (person int64, nonce []byte, err error) {
	err = s.do(&try{query: tryLink, args: []any{email, tries, at.UnixMilli(), []byte{}, Latest(at, s.linkTTL).UnixMilli()}, result: []any{&person, &nonce}})
	return person, nonce, err
}

// SetPassword stores the hash of a person's password.
func (s *Store) SetPassword(person int64, hash string) error {
	return s.do(&change{setPassword, []any{hash, person}, ErrOutOfOrder})
}

type claim struct {
	person        int64
	index, sealed []byte
	birthDate     string
	at            time.Time
}

// ClaimNIK assigns a NIK to a person permanently. The same person may claim it again. It refuses with
// ErrNIKTaken if another person has it, and with ErrOutOfOrder if the e-mail address is not verified or the
// person has another NIK.
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
	if known, err := o.known(e); known || err != nil { // another replica has claimed it in the meantime
		return err
	}
	return ErrOutOfOrder
}

// known reports whether the person already has the NIK, and refuses if another person has it.
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

// SetIdentity records the registry's verdict on a person whose NIK is not verified.
func (s *Store) SetIdentity(person int64, verdict string) error {
	return s.do(&change{setIdentity, []any{verdict, person}, ErrOutOfOrder})
}

type askLater struct {
	person  int64
	payload []byte
	at      time.Time
}

// AskLater queues an identity check as a job. It refuses with ErrOutOfOrder if one is queued already or the NIK
// is verified.
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

// Contact is how to reach a person. What is empty stays as it is.
type Contact struct{ Name, Phone string }

// SetProfile stores a person's encrypted profile, and the contact that its owner gives. Another phone than before is not
// proved. It refuses with ErrOutOfOrder if the e-mail address is not verified.
func (s *Store) SetProfile(person int64, profile []byte, given Contact, at time.Time) error {
	sealed := s.sealer.seal("profile", person, profile)
	return s.do(&change{setProfile, []any{sealed, person, given.Name, given.Phone, at.UnixMilli()}, ErrOutOfOrder})
}

// Photo is a picture of a person.
type Photo struct {
	Person  int64
	Selfie  bool // otherwise of the KTP
	SHA256  string
	Content []byte // stored if the database is shared; otherwise the caller stores it
}

type setPhoto struct {
	photo    Photo
	replaced string
}

// SetPhoto records a person's photo and returns the SHA-256 of a photo that is no longer referenced, or "".
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

// StartOTP queues a short message with a new code. It refuses with ErrTooSoon within the pause after the last
// message, if the phone is verified, and if nobody has given it since the address was proved.
func (s *Store) StartOTP(person int64, nonce []byte, expires, at time.Time, pause time.Duration) error {
	return s.do(&startCode{person, nonce, expires, at, pause})
}

func (o *startCode) apply(e *engine) error {
	n, err := e.exec(startOTP, o.nonce, o.expires.UnixMilli(), o.at.UnixMilli(), o.person, o.at.Add(-o.pause).UnixMilli(), o.at.Add(o.pause).UnixMilli())
	if err == nil && n == 0 {
		return ErrTooSoon
	}
	if err == nil {
		_, err = e.exec(insertJob, o.person, JobSMS, o.at.UnixMilli(), nil)
	}
	return err
}

// TryOTP counts an attempt and returns the nonce from which the code is derived, or refuses with ErrTries.
func (s *Store) TryOTP(person int64, tries int, at time.Time) (nonce []byte, err error) {
	err = s.do(&try{query: tryOTP, args: []any{person, tries, at.UnixMilli(), Latest(at, s.codeTTL).UnixMilli()}, result: []any{&nonce}})
	return nonce, err
}

// ConfirmPhone uses up the code derived from the nonce.
func (s *Store) ConfirmPhone(person int64, nonce []byte, at time.Time) error {
	return s.do(&change{confirmPhone, []any{at.UnixMilli(), person, nonce, Latest(at, s.codeTTL).UnixMilli()}, ErrTries})
}

// SetStatement records that a person has made the declarations.
func (s *Store) SetStatement(person int64, at time.Time) error {
	return s.do(&change{setStatement, []any{at.UnixMilli(), person}, ErrOutOfOrder})
}

// SubmitTest stores the score of a person's test, which is shown when due. It refuses with ErrOutOfOrder if
// there already is one.
func (s *Store) SubmitTest(person int64, score int, due time.Time) error {
	return s.do(&change{submitTest, []any{score, due.UnixMilli(), person}, ErrOutOfOrder})
}

// SetEligible records that a person may join, and whether the household gets social aid.
func (s *Store) SetEligible(person int64, socialAid bool, at time.Time) error {
	return s.do(&change{setEligible, []any{at.UnixMilli(), socialAid, person}, ErrOutOfOrder})
}

type erase struct{ change }

// Erase empties a person's row, and returns what the person has booked. Only the fact that the person existed remains, and photos outside the database.
func (s *Store) Erase(person int64, at time.Time) error {
	return s.do(&erase{change{erasePerson, []any{at.UnixMilli(), person, erasedEmail(person), []byte{}}, ErrOutOfOrder}})
}

func (o *erase) apply(e *engine) error {
	person := o.args[1]
	err := o.change.apply(e)
	if err == nil {
		err = e.returnAll(person)
	}
	if err == nil && e.shared {
		_, err = e.exec(dropPhotos, person)
	}
	return err
}

func orNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}
