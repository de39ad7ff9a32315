package backend

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/ombak-sim/ombak/backend/registry"
	"github.com/ombak-sim/ombak/backend/store"
	"github.com/ombak-sim/ombak/resilience"
)

func TestNormaliseEmail(t *testing.T) {
	for _, row := range []struct{ why, text, want string }{
		{"the usual form", "siti@example.test", "siti@example.test"},
		{"a capital and spaces, as phones add them", " Siti@Example.Test ", "siti@example.test"},
		{"dots and tags are kept", "s.i.t.i+prakerja@gmail.com", "s.i.t.i+prakerja@gmail.com"},
		{"no at", "siti", ""},
		{"two", "siti@a@b", ""},
		{"nobody", "@example.test", ""},
		{"nowhere", "siti@", ""},
		{"an empty label", "siti@example..test", ""},
		{"a space inside", "si ti@example.test", ""},
		{"a second line", "siti@example.test\r\nBcc: a@b.c", ""},
		{"angle brackets", "<siti@example.test>", ""},
		{"not ASCII", "sití@example.test", ""},
		{"a name of 65 characters", strings.Repeat("a", 65) + "@example.test", ""},
		{"a label of 64 characters", "siti@" + strings.Repeat("a", 64) + ".test", ""},
	} {
		got, err := normaliseEmail(row.text)
		if got != row.want || (err == nil) != (row.want != "") {
			t.Errorf("%s: %q, %v; want %q", row.why, got, err, row.want)
		}
	}
}

func FuzzNormaliseEmail(f *testing.F) {
	for _, seed := range []string{"siti@example.test", " A+B@C ", "@", "a@b\r\nc", "İ@example.test"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		email, err := normaliseEmail(text)
		if err != nil {
			return
		}
		if again, err := normaliseEmail(email); err != nil || again != email {
			t.Errorf("%q becomes %q, then %q, %v", text, email, again, err)
		}
		if strings.ContainsAny(email, " \t\r\n<>,;:\"") || strings.Count(email, "@") != 1 {
			t.Errorf("%q became %q", text, email)
		}
	})
}

func FuzzParseApplication(f *testing.F) {
	f.Add([]byte(`{"name":"Siti","email":"siti@example.test","phone":"+628123456789"}`))
	f.Add([]byte(`{"name":"\u0000","email":null}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		a, err := parseApplication(body)
		if err != nil {
			if status := asFault(err).status; status != 422 && status != 413 {
				t.Errorf("status %d", status)
			}
			return
		}
		if strings.ContainsAny(a.Name+a.Email+a.Phone, "\r\n\x00") || a.Name == "" || !utf8.ValidString(a.Name) {
			t.Errorf("%q", a)
		}
	})
}

func FuzzParseIdentity(f *testing.F) {
	f.Add([]byte(`{"nik":"9901014101900001","kk":"9901010101010001","birth_date":"1990-01-01","name":"Siti"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		i, err := parseIdentity(body)
		if err != nil {
			return
		}
		if len(i.NIK) != 16 || len(i.KK) != 16 || i.birth.Format(time.DateOnly) != i.BirthDate {
			t.Errorf("%+v", i)
		}
	})
}

func FuzzParseToken(f *testing.F) {
	l := links{key: newSigner([]byte("key"))}
	f.Add(l.token(1, []byte("nonce")))
	f.Add("1.")
	f.Add("+1.AAAAAAAAAAAAAAAAAAAAAA")
	f.Fuzz(func(t *testing.T, token string) {
		person, secret, err := parseToken(token)
		if err != nil {
			return
		}
		if person < 1 || len(secret) != linkSecretSize || strings.TrimSpace(token) != token {
			t.Errorf("%q: %d, %d bytes", token, person, len(secret))
		}
	})
}

func FuzzCheckSession(f *testing.F) {
	s := newSessions(newSigner([]byte("key")))
	now := time.Unix(1_600_000_000, 0)
	f.Add(s.issue(1, now.Add(time.Hour)))
	f.Add("applicant.x.1.9999999999.y")
	good := s.issue(7, now.Add(time.Hour))
	f.Fuzz(func(t *testing.T, token string) {
		if person, err := s.check(token, now, time.Hour); err == nil && token != good && person != 1 {
			t.Errorf("%q was accepted for %d", token, person)
		}
	})
}

func TestTokenAndSessionRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		person := rapid.Int64Min(1).Draw(t, "person")
		l := links{key: newSigner(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "key"))}
		link := l.new(time.Unix(0, 0))
		got, secret, err := parseToken(l.token(person, link.Nonce))
		if err != nil || got != person || !bytes.Equal(hashSecret(secret), link.Hash) {
			t.Fatalf("token of %d: %d, %v", person, got, err)
		}
		s := newSessions(l.key)
		expires := time.Unix(rapid.Int64Range(1, 1<<40).Draw(t, "expires"), 0)
		session := s.issue(person, expires)
		if got, err := s.check(session, expires.Add(-time.Second), time.Hour); err != nil || got != person {
			t.Fatalf("session of %d: %d, %v", person, got, err)
		}
		if _, err := s.check(session, expires, time.Hour); err == nil {
			t.Fatal("valid at its expiry")
		}
		i := rapid.IntRange(0, len(session)-1).Draw(t, "changed")
		changed := []byte(session)
		changed[i] ^= 1
		if _, err := s.check(string(changed), expires.Add(-time.Second), time.Hour); err == nil {
			t.Fatalf("%q was accepted", changed)
		}
		if _, err := newSessions(newSigner([]byte("other"))).check(session, expires.Add(-time.Second), time.Hour); err == nil {
			t.Fatal("valid under another key")
		}
	})
}

func TestAge(t *testing.T) {
	opens := time.Date(2020, 4, 11, 12, 0, 0, 0, time.UTC) // 19:00 in Jakarta
	for _, row := range []struct {
		why, birth string
		now        time.Time
		want       int
	}{
		{"on the birthday", "2002-04-11", opens, 18},
		{"a day before", "2002-04-12", opens, 17},
		{"midnight is earlier in Jakarta", "2002-04-12", opens.Add(5 * time.Hour), 18},
		{"an hour before it", "2002-04-12", opens.Add(4 * time.Hour), 17},
		{"a leap day before March", "2002-02-28", time.Date(2020, 2, 29, 0, 0, 0, 0, time.UTC), 18},
	} {
		birth, err := time.Parse(time.DateOnly, row.birth)
		if err != nil {
			t.Fatal(err)
		}
		if got := age(birth, row.now); got != row.want {
			t.Errorf("%s: %d; want %d", row.why, got, row.want)
		}
	}
}

func TestConfigSurvivesJSON(t *testing.T) {
	c := Config{Database: "people.db", Key: make([]byte, store.KeySize), LinkTTL: time.Hour}
	c.Dukcapil.URL, c.Dukcapil.Policies, c.Mail.SMTP = "http://127.0.0.1:1", limited(5), "127.0.0.1:2"
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	var back Config
	if err := json.Unmarshal(text, &back); err != nil || back.Validate() != nil {
		t.Fatal(err, back.Validate())
	}
	again, err := json.Marshal(back)
	if err != nil || !bytes.Equal(again, text) {
		t.Errorf("%s, %v; want %s", again, err, text)
	}
}

func limited(limit int) []resilience.Policy {
	return []resilience.Policy{{Name: "static-limit", Settings: resilience.Settings{Limit: limit}}}
}

func TestConfigReportsAllFaults(t *testing.T) {
	c := Config{Quota: -1, MailPause: -1}
	c.Dukcapil.URL, c.Dukcapil.Threshold = "registry:80", 101
	c.Registries = map[string]registry.Config{"dtks": {URL: "http://a", Policies: limited(-1)}}
	err := c.Validate()
	if err == nil {
		t.Fatal("accepted")
	}
	for _, part := range []string{"database", "key", "quota", "duration", "dukcapil", "threshold", "dtks", "concurrency"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%s is missing in %v", part, err)
		}
	}
}

func TestErrorsBecomeAnswers(t *testing.T) {
	for _, row := range []struct {
		why    string
		err    error
		status int
		code   string
	}{
		{"a full disk", fmt.Errorf("%w: no space", store.ErrStorage), 503, "storage"},
		{"the end", store.ErrClosed, 503, "closing"},
		{"a full queue", &registry.BusyError{Reason: "full"}, 503, "registry_busy"},
		{"an internal error has no details", errors.New("secret"), 500, "internal"},
	} {
		f := asFault(row.err)
		if f.status != row.status || f.code != row.code || strings.Contains(f.message, "secret") || (f.status == 503) != (f.retryAfter >= time.Second) {
			t.Errorf("%s: %+v", row.why, f)
		}
	}
}
