package backend

import (
	"crypto/hmac"
	"encoding/base64"
	"errors"
	"strconv"
	"strings"
	"time"
)

// sessions signs and checks the tokens that identify a person once the e-mail address is verified:
// "<purpose>.<key id>.<row id>.<expiry, Unix s>.<HMAC>".
type sessions struct {
	key   signer
	keyID string // identifies the key that signed, should there be several
}

// sessionPurpose prevents other tokens from being accepted as sessions.
const sessionPurpose = "applicant"

var errSession = errors.New("the session is missing, malformed or expired")

func newSessions(key signer) sessions {
	return sessions{key: key, keyID: base64.RawURLEncoding.EncodeToString(key.sign([]byte("key id"))[:6])}
}

// issue returns a session for a person.
func (s sessions) issue(person int64, expires time.Time) string {
	text := strings.Join([]string{sessionPurpose, s.keyID, strconv.FormatInt(person, 10), strconv.FormatInt(expires.Unix(), 10)}, ".")
	return text + "." + base64.RawURLEncoding.EncodeToString(s.key.sign([]byte(text)))
}

// check returns the person of a session.
func (s sessions) check(token string, now time.Time, life time.Duration) (person int64, err error) {
	end := strings.LastIndexByte(token, '.')
	if end < 0 {
		return 0, errSession
	}
	mac, err := base64.RawURLEncoding.Strict().DecodeString(token[end+1:])
	if err != nil || !hmac.Equal(mac, s.key.sign([]byte(token[:end]))) {
		return 0, errSession
	}
	parts := strings.Split(token[:end], ".")
	if len(parts) != 4 || parts[0] != sessionPurpose || parts[1] != s.keyID {
		return 0, errSession
	}
	expires, err := strconv.ParseInt(parts[3], 10, 64)
	if err != nil || !holds(time.Unix(expires, 0), now, life) {
		return 0, errSession
	}
	if person, err = parseRow(parts[2]); err != nil {
		return 0, errSession
	}
	return person, nil
}
