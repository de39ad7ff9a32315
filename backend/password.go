package backend

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"hash/maphash"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/valyala/fasthttp"
	"golang.org/x/crypto/argon2"

	"github.com/ombak-sim/ombak/backend/store"
	"github.com/ombak-sim/ombak/resilience"
)

// The values of Config.Passwords.
const (
	PasswordAtSignUp    = "at-signup"    // every sign-up includes a password
	PasswordAfterVerify = "after-verify" // a person with a session may set a password
)

// OWASP's minimum for argon2id (Password Storage Cheat Sheet): 19 MiB, 2 passes, 1 lane.
const (
	argonMemory = 19 << 10 // KiB
	argonTime   = 2
	argonLanes  = 1
	saltSize    = 16
	hashSize    = 32
)

// waitersPerSlot limits the queue for a slot to about half a second.
const waitersPerSlot = 20

// guesses limits the attempts on one address, from all clients together: a burst of ten, then one every twelve
// seconds.
var guesses = resilience.BucketConfig{Rate: 1. / 12, Burst: 10}

// passwords limits how many passwords are hashed at once. It rejects a request that would wait too long.
type passwords struct {
	slots   chan struct{}
	waiting atomic.Int64
	hashed  atomic.Uint64

	began time.Time
	seed  maphash.Seed
	mutex sync.Mutex // guards the fields below
	tries *resilience.Buckets
}

func newPasswords(slots int) *passwords {
	return &passwords{slots: make(chan struct{}, slots), began: time.Now(), seed: maphash.MakeSeed(), tries: resilience.NewBuckets(guesses)}
}

// allow counts one attempt on an address, known or not.
func (p *passwords) allow(email string) error {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if wait, ok := p.tries.Allow(time.Since(p.began), maphash.String(p.seed, email)); !ok {
		return tooEarly("too_many_requests", "too many attempts for this address; try again later", wait)
	}
	return nil
}

// enter takes a slot. After a nil error the caller must call leave.
func (p *passwords) enter() error {
	if p.waiting.Add(1) > int64(cap(p.slots)*waitersPerSlot) {
		p.waiting.Add(-1)
		return overloaded(time.Second)
	}
	p.slots <- struct{}{}
	p.waiting.Add(-1)
	return nil
}

func (p *passwords) leave() {
	p.hashed.Add(1)
	<-p.slots
}

// hash returns a password's hash in the PHC string format.
func (p *passwords) hash(password string) (string, error) {
	salt := make([]byte, saltSize)
	rand.Read(salt) // crypto/rand.Read never fails since Go 1.24
	key, err := p.derive(password, salt)
	if err != nil {
		return "", err
	}
	return encodeHash(salt, key), nil
}

func (p *passwords) derive(password string, salt []byte) ([]byte, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	return argon2.IDKey([]byte(password), salt, argonTime, argonMemory, argonLanes, hashSize), nil
}

// check reports whether a password matches a hash. A malformed hash takes the same time and never matches.
func (p *passwords) check(password, encoded string) (bool, error) {
	salt, want, known := decodeHash(encoded)
	if !known {
		salt, want = make([]byte, saltSize), make([]byte, hashSize)
	}
	key, err := p.derive(password, salt)
	return err == nil && subtle.ConstantTimeCompare(key, want) == 1 && known, err
}

var hashPrefix = fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$", argon2.Version, argonMemory, argonTime, argonLanes)

func encodeHash(salt, key []byte) string {
	return hashPrefix + base64.RawStdEncoding.EncodeToString(salt) + "$" + base64.RawStdEncoding.EncodeToString(key)
}

func decodeHash(encoded string) (salt, key []byte, known bool) {
	rest, found := strings.CutPrefix(encoded, hashPrefix)
	first, second, split := strings.Cut(rest, "$")
	salt, err := base64.RawStdEncoding.DecodeString(first)
	key, errKey := base64.RawStdEncoding.DecodeString(second)
	return salt, key, found && split && errors.Join(err, errKey) == nil && len(salt) == saltSize && len(key) == hashSize
}

// checkPassword checks a new password against ASVS 5.0, 6.2.1 and 6.2.9.
func checkPassword(password string) error {
	if n := utf8.RuneCountInString(password); n < 8 || n > 128 {
		return invalid("password must have 8 to 128 characters")
	}
	return nil
}

// setPassword sets the person's password.
func (s *Server) setPassword(ctx *fasthttp.RequestCtx, person store.Person) (reply, error) {
	var body struct {
		Password string `json:"password"`
	}
	if err := decode(ctx.PostBody(), &body); err != nil {
		return reply{}, err
	}
	if err := checkPassword(body.Password); err != nil {
		return reply{}, err
	}
	hash, err := s.passwords.hash(body.Password)
	if err == nil {
		err = s.store.SetPassword(person.ID, hash)
	}
	return reply{fasthttp.StatusOK, statusBody{"set"}}, err
}

// passwordSession returns a session for an address and its password. An unknown address takes the same time.
func (s *Server) passwordSession(ctx *fasthttp.RequestCtx) (reply, error) {
	var body struct {
		Email    string `json:"email"`
		Password string `json:"password"`
	}
	if err := decode(ctx.PostBody(), &body); err != nil {
		return reply{}, err
	}
	email, err := normaliseEmail(body.Email)
	if err != nil {
		return reply{}, invalid(err.Error())
	}
	if err := s.passwords.allow(email); err != nil {
		return reply{}, err
	}
	person, hash, err := s.store.Password(context.Background(), email)
	if err != nil && !errors.Is(err, store.ErrUnknown) {
		return reply{}, err
	}
	good, err := s.passwords.check(body.Password, hash)
	if err != nil {
		return reply{}, err
	}
	if !good {
		return reply{}, &fault{status: fasthttp.StatusUnauthorized, code: "wrong_credentials", message: "the address or the password is wrong"}
	}
	return s.session(person, s.config.Wall()), nil
}
