package backend_test

import (
	"bytes"
	"compress/gzip"
	"strings"
	"testing"

	"github.com/ombak-sim/ombak/backend"
	"github.com/ombak-sim/ombak/resilience"
)

// TestNoSessionIsReplayed checks that a client that knows the key of another client's request does not get its
// session without a counted attempt, even with the right code.
func TestNoSessionIsReplayed(t *testing.T) {
	s := startService(t, nil)
	if a := s.signUp("siti@example.test"); a.status != 202 {
		t.Fatal(a)
	}
	code := codeLine.FindStringSubmatch(<-s.mail.taken)[1]
	try := func(code string) answer {
		return s.post("/v1/email-verifications", "", fields{"email": "siti@example.test", "code": code}, "Idempotency-Key", "1")
	}
	s.want("the code", try(code), 200, "")
	s.want("another code under the same key", try("000000"), 410, "link_used_or_expired")
	s.want("the code again", try(code), 410, "link_used_or_expired")
}

// TestErasedAnswersAreNotReplayed checks that the session is checked before the idempotency key.
func TestErasedAnswersAreNotReplayed(t *testing.T) {
	s := startService(t, nil)
	session := s.sessionsOf(1)[0]
	s.want("identity", s.post("/v1/identity", session, identityOf(1)), 200, "")
	ask := func() answer { return s.post("/v1/eligibility", session, nil, "Idempotency-Key", "e") }
	s.want("eligibility", ask(), 200, "")
	if a := ask(); a.status != 200 || a.body != `{"eligible":true,"social_aid":false}` {
		t.Errorf("repeated: %v", a)
	}
	s.want("erased", s.send("DELETE", "/v1/me", session, "", nil), 200, "")
	s.want("eligibility of the erased", ask(), 401, "no_session")
}

// TestKeysAreBehindTheDoors checks that a rejected request writes nothing, with or without a key.
func TestKeysAreBehindTheDoors(t *testing.T) {
	s := startService(t, func(s *service) {
		s.config.Doors = []backend.DoorConfig{{Paths: []string{"/v1/signups"}, Policy: resilience.Policy{Name: "token-bucket", Settings: resilience.Settings{Rate: 0.001, Burst: 1}}}}
	})
	ask := func() answer {
		return s.post("/v1/signups", "", fields{"name": "Siti", "email": "siti@example.test", "phone": "08123456789"}, "Idempotency-Key", "k")
	}
	s.want("the first", ask(), 202, "")
	<-s.mail.taken
	awaitDepth(s, 0)
	before := s.server.Stats().Store.Rows
	for range 10 {
		s.want("too often", ask(), 429, "too_many_requests")
	}
	for range 10 {
		s.want("nobody", s.post("/v1/statement", "made.up", nil, "Idempotency-Key", "k"), 401, "no_session")
	}
	if after := s.server.Stats().Store.Rows; after-before >= 10 { // the queues poll for work now and then
		t.Errorf("%d operations by rejected requests", after-before)
	}
}

// TestPackedBodiesAreRefused checks that compressed bodies are rejected: a compressed megabyte may expand to a
// gigabyte.
func TestPackedBodiesAreRefused(t *testing.T) {
	s := startService(t, nil)
	session := s.sessionsOf(1)[0]
	var packed bytes.Buffer
	writer := gzip.NewWriter(&packed)
	if _, err := writer.Write(make([]byte, 10<<20)); err != nil || writer.Close() != nil {
		t.Fatal(err)
	}
	for _, encoding := range []string{"gzip", "deflate", "br", "zstd"} {
		a := s.send("POST", "/v1/photos", session, "multipart/form-data; boundary=x", packed.Bytes(), "Content-Encoding", encoding)
		s.want(encoding, a, 415, "encoded")
	}
}

// TestStrangersBringNothingLarge checks that a large body is read only with a session.
func TestStrangersBringNothingLarge(t *testing.T) {
	s := startService(t, nil)
	session := s.sessionsOf(1)[0]
	if a := s.announce("/v1/photos", 1<<20); a.status != 401 || a.code() != "no_session" {
		t.Errorf("a stranger's photo: %v", a)
	}
	if a := s.announce("/v1/photos", 9<<20, "Authorization: Bearer "+session); a.status != 413 {
		t.Errorf("nine megabytes: %v", a)
	}
	for why, headers := range map[string][]string{"a stranger's": {"Expect: 100-continue"}, "too large": {"Expect: 100-continue", "Authorization: Bearer " + session}} {
		if a := s.announce("/v1/photos", 1<<30, headers...); a.status/100 != 4 {
			t.Errorf("%s: %v; want a refusal before the body is read", why, a)
		}
	}
}

// TestNamesAreNoAddresses checks that names contain no addresses, because a mail greets with the name.
func TestNamesAreNoAddresses(t *testing.T) {
	s := startService(t, nil)
	for _, name := range []string{"click http://evil.test/win", "evil.test/win", "a@b.c", "<b>Siti</b>", strings.Repeat("a", 101)} {
		s.want(name, s.post("/v1/signups", "", fields{"name": name, "email": "siti@example.test", "phone": "08123456789"}), 422, "invalid")
	}
	s.want("a name", s.post("/v1/signups", "", fields{"name": "Dr. Siti Nur'aini-Ałi, S.T.", "email": "siti@example.test", "phone": "08123456789"}), 202, "")
}
