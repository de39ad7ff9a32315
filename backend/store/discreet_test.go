package store_test

import (
	"database/sql"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/backend/store"
)

// logged returns how many bytes a database has written to its log so far.
func logged(t *testing.T, location string) (bytes int64) {
	t.Helper()
	if !strings.HasPrefix(location, "postgres") {
		info, err := os.Stat(location + "-wal")
		if err != nil {
			t.Fatal(err)
		}
		return info.Size()
	}
	db, err := sql.Open("pgx", location)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.QueryRow("SELECT pg_current_wal_flush_lsn() - '0/0'::pg_lsn").Scan(&bytes); err != nil {
		t.Fatal(err)
	}
	return bytes
}

// TestKnownAddressesCostAnFsyncToo checks that an operation that changes nothing still writes to the log.
// Otherwise its response time would reveal whether the address is known.
func TestKnownAddressesCostAnFsyncToo(t *testing.T) { onEach(t, knownAddressesCostAnFsyncToo) }

func knownAddressesCostAnFsyncToo(t *testing.T, location string) {
	s := openStore(t, location, store.Options{})
	applicants(t, s, 1)
	for why, ask := range map[string]func() error{
		"sign-up of a known address": func() error { _, err := s.SignUp(signUp(0)); return err },
		"sign-in at an unknown address": func() error {
			_, err := s.SignIn(store.SignIn{Email: "nobody@example.test", Link: signUp(1).Link, At: testTime})
			return err
		},
		"code for an unknown address": func() error { _, _, err := s.TryLink("nobody@example.test", 5, testTime); return err },
	} {
		before := logged(t, location)
		if err := ask(); err != nil && !errors.Is(err, store.ErrTries) {
			t.Errorf("%s: %v", why, err)
		}
		if after := logged(t, location); after <= before {
			t.Errorf("%s: %d bytes in the log before and %d after", why, before, after)
		}
	}
}

// TestLinksAreRenewed checks that a link is sent again while enough of its lifetime and some attempts at its
// code are left.
func TestLinksAreRenewed(t *testing.T) { onEach(t, linksAreRenewed) }

func linksAreRenewed(t *testing.T, location string) {
	s := openStore(t, location, store.Options{})
	if _, err := s.SignUp(signUp(0)); err != nil {
		t.Fatal(err)
	}
	again := func(at time.Time, i int) {
		t.Helper()
		link := signUp(i).Link
		link.Expires = at.Add(24 * time.Hour)
		if mailed, err := s.SignIn(store.SignIn{Email: "p0@example.test", Link: link, At: at, MailPause: time.Minute}); !mailed || err != nil {
			t.Fatalf("no mail, %v", err)
		}
	}
	nonce := func(at time.Time) []byte {
		t.Helper()
		_, nonce, err := s.TryLink("p0@example.test", 5, at)
		if err != nil {
			t.Fatal(err)
		}
		return nonce
	}
	want := func(why string, at time.Time, i int) {
		t.Helper()
		if got := nonce(at); string(got) != string(signUp(i).Link.Nonce) {
			t.Errorf("%s: the link has changed", why)
		}
	}
	soon, late := testTime.Add(2*time.Minute), testTime.Add(13*time.Hour)
	again(soon, 1)
	want("after two minutes", soon, 0)
	again(late, 2)
	want("with less than half of its time left", late, 2)
	for range 4 {
		nonce(late)
	}
	if _, _, err := s.TryLink("p0@example.test", 5, late); !errors.Is(err, store.ErrTries) {
		t.Fatalf("a sixth attempt: %v", err)
	}
	later := late.Add(2 * time.Minute)
	again(later, 3)
	want("after too many attempts", later, 3)
}

// TestPhotosAreReplaced checks that an unreferenced photo is reported, or deleted if the database holds it.
func TestPhotosAreReplaced(t *testing.T) { onEach(t, photosAreReplaced) }

func photosAreReplaced(t *testing.T, location string) {
	s := openStore(t, location, store.Options{})
	applicants(t, s, 1)
	for i, row := range []struct {
		name     string
		selfie   bool
		replaced string
	}{
		{"a", false, ""},
		{"a", false, ""},
		{"b", false, "a"},
		{"b", true, ""},
		{"c", false, ""}, // the selfie is still b
		{"c", true, "b"},
	} {
		replaced, err := s.SetPhoto(store.Photo{Person: 1, Selfie: row.selfie, SHA256: row.name, Content: []byte(row.name)})
		if err != nil || replaced != row.replaced {
			t.Errorf("%d: replaced %q, %v; want %q", i, replaced, err, row.replaced)
		}
	}
	held := 0
	if s.Shared() {
		held = 1
	}
	if n := photosIn(t, s, location); n != held {
		t.Errorf("%d photos in the database; want %d", n, held)
	}
	if err := s.Erase(1, testTime); err != nil {
		t.Fatal(err)
	}
	if n := photosIn(t, s, location); n != 0 {
		t.Errorf("%d photos of an erased person", n)
	}
	if _, err := s.SetPhoto(store.Photo{Person: 1, SHA256: "d"}); !errors.Is(err, store.ErrOutOfOrder) {
		t.Errorf("a photo for an erased person: %v", err)
	}
}

func photosIn(t *testing.T, s *store.Store, location string) (n int) {
	t.Helper()
	driver := "sqlite"
	if s.Shared() {
		driver = "pgx"
	}
	db, err := sql.Open(driver, location)
	if err == nil {
		defer db.Close()
		err = db.QueryRow("SELECT count(*) FROM photos").Scan(&n)
	}
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestExpiredKeysGo checks that the table holds few expired keys.
func TestExpiredKeysGo(t *testing.T) { onEach(t, expiredKeysGo) }

func expiredKeysGo(t *testing.T, location string) {
	s := openStore(t, location, store.Options{})
	for i := range 300 {
		at := testTime.Add(time.Duration(i) * time.Minute)
		if _, err := s.TakeKey(fmt.Sprint(i), []byte("request"), at, at.Add(10*time.Minute)); err != nil {
			t.Fatal(err)
		}
	}
	driver := "sqlite"
	if s.Shared() {
		driver = "pgx"
	}
	db, err := sql.Open(driver, location)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var n int
	if err := db.QueryRow("SELECT count(*) FROM idempotency").Scan(&n); err != nil || n > 12 {
		t.Errorf("%d keys are stored, %v; 10 are valid", n, err)
	}
}

// TestQuotaIsOfTheOpenBatch checks that closed batches keep their quota.
func TestQuotaIsOfTheOpenBatch(t *testing.T) { onEach(t, quotaIsOfTheOpenBatch) }

func quotaIsOfTheOpenBatch(t *testing.T, location string) {
	s := openStore(t, location, store.Options{Quota: 5})
	if _, err := s.CloseBatch(2, testTime); !errors.Is(err, store.ErrOutOfOrder) {
		t.Errorf("closing a batch that is not open: %v", err)
	}
	if closed, err := s.CloseBatch(1, testTime); closed != 1 || err != nil {
		t.Fatalf("closed %d, %v", closed, err)
	}
	if _, err := s.CloseBatch(1, testTime); !errors.Is(err, store.ErrOutOfOrder) {
		t.Errorf("closing it again: %v", err)
	}
	s.Close()
	s = openStore(t, location, store.Options{Quota: 9})
	for number, want := range map[int]int{1: 5, 2: 9} {
		if batch, err := s.Batch(t.Context(), number); err != nil || batch.Quota != want {
			t.Errorf("batch %d has a quota of %d, %v; want %d", number, batch.Quota, err, want)
		}
	}
}
