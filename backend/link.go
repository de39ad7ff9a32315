package backend

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/ombak-sim/ombak/backend/store"
)

// linkSecretSize is the length of a link's secret, in bytes: 128 bits cannot be guessed.
const linkSecretSize = 16

// links creates the links that prove an e-mail address. The database holds a nonce and a hash. The secret is
// the HMAC of the nonce, so the outbox does not store it.
type links struct{ key, codes signer }

// new returns a link to store in the database.
func (l links) new(expires time.Time) store.Link {
	nonce := newNonce()
	return store.Link{Nonce: nonce, Hash: hashSecret(l.secret(nonce)), Expires: expires, Tries: codeTries}
}

func (l links) secret(nonce []byte) []byte { return l.key.sign(nonce)[:linkSecretSize] }

// code returns the code that can be typed instead of opening the link. The number of attempts is limited.
func (l links) code(nonce []byte) string { return code(l.codes, nonce) }

// codeDigits is the length of a code.
const codeDigits = 6

// code derives a code of decimal digits from a nonce.
func code(key signer, nonce []byte) string {
	n := binary.BigEndian.Uint64(key.sign(nonce)) % 1_000_000
	return fmt.Sprintf("%0*d", codeDigits, n)
}

// newNonce returns random bytes that cannot be guessed.
func newNonce() []byte {
	nonce := make([]byte, linkSecretSize)
	rand.Read(nonce) // crypto/rand.Read never fails since Go 1.24
	return nonce
}

func hashSecret(secret []byte) []byte {
	hash := sha256.Sum256(secret)
	return hash[:]
}

// token returns the text that the mail shows: "<row id>.<secret>".
func (l links) token(person int64, nonce []byte) string {
	return strconv.FormatInt(person, 10) + "." + base64.RawURLEncoding.EncodeToString(l.secret(nonce))
}

var errToken = errors.New("the token is malformed")

// parseToken reads a token. Each token has exactly one spelling.
func parseToken(token string) (person int64, secret []byte, err error) {
	id, text, found := strings.Cut(token, ".")
	if !found {
		return 0, nil, errToken
	}
	if person, err = parseRow(id); err != nil {
		return 0, nil, errToken
	}
	secret, err = base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(secret) != linkSecretSize || len(text) != base64.RawURLEncoding.EncodedLen(linkSecretSize) {
		return 0, nil, errToken
	}
	return person, secret, nil
}

// parseRow reads a row id: digits without a leading zero.
func parseRow(text string) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 1 || strconv.FormatInt(n, 10) != text {
		return 0, errToken
	}
	return n, nil
}
