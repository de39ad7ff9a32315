package backend_test

import (
	"bytes"
	"compress/gzip"
	"strings"
	"testing"

	"github.com/ombak-sim/ombak/backend"
	"github.com/ombak-sim/ombak/resilience"
)

// TestNoSessionIsReplayed: whoever knows the key of another's request must not have its session without a try being
// counted, not even with the right code.
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

// TestErasedAnswersAreNotReplayed: the session is looked at before the key.
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

// TestKeysAreBehindTheDoors: who is turned away writes nothing, key or not.
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
	if after := s.server.Stats().Store.Rows; after-before >= 10 { // the queues look for work now and then
		t.Errorf("%d operations of people who were turned away", after-before)
	}
}

// TestPackedBodiesAreRefused: a packed megabyte may stand for a gigabyte.
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

// TestStrangersBringNothingLarge: before a megabyte is read, somebody must be known.
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
			t.Errorf("%s: %v; want a no before the body", why, a)
		}
	}
}

// TestNamesAreNoAddresses: a mail greets with the name, whoever gave it.
func TestNamesAreNoAddresses(t *testing.T) {
	s := startService(t, nil)
	for _, name := range []string{"click http://evil.test/win", "evil.test/win", "a@b.c", "<b>Siti</b>", strings.Repeat("a", 101)} {
		s.want(name, s.post("/v1/signups", "", fields{"name": name, "email": "siti@example.test", "phone": "08123456789"}), 422, "invalid")
	}
	s.want("a name", s.post("/v1/signups", "", fields{"name": "Dr. Siti Nur'aini-Ałi, S.T.", "email": "siti@example.test", "phone": "08123456789"}), 202, "")
}
