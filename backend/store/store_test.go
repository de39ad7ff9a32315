package store_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/backend/store"
)

var testTime = time.Date(2020, 4, 11, 12, 0, 0, 0, time.UTC)

func testKey() []byte { return []byte("0123456789abcdef0123456789abcdef") }

func signUp(i int) store.SignUp {
	hash := sha256.Sum256([]byte(strconv.Itoa(i)))
	return store.SignUp{
		Email: fmt.Sprintf("p%d@example.test", i), Name: "Person", Phone: "08123456789", At: testTime, MailPause: time.Minute,
		Link: store.Link{Nonce: hash[:16], Hash: hash[:], Expires: testTime.Add(24 * time.Hour)},
	}
}

func openStore(t testing.TB, path string, options store.Options) *store.Store {
	t.Helper()
	options.Key = testKey()
	s, err := store.Open(t.Context(), path, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// applicants signs n people up and verifies their addresses; their row ids are 1 to n.
func applicants(t testing.TB, s *store.Store, n int) {
	t.Helper()
	var wait sync.WaitGroup
	for i := range n {
		wait.Go(func() {
			if _, err := s.SignUp(signUp(i)); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	mails, err := s.PendingMails(t.Context(), 0, n)
	if err != nil || len(mails) != n {
		t.Fatalf("%d mails, %v; want %d", len(mails), err, n)
	}
	for _, m := range mails {
		wait.Go(func() {
			i, _ := strconv.Atoi(m.Email[1 : len(m.Email)-len("@example.test")])
			if err := s.VerifyEmail(m.Person, signUp(i).Link.Hash, testTime); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
}

func Example() {
	folder, err := os.MkdirTemp("", "store")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, "people.db")
	ctx := context.Background()
	s, err := store.Open(ctx, path, store.Options{Key: testKey(), Fresh: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	mailed, err := s.SignUp(signUp(7))
	fmt.Println(mailed, err)
	mailed, err = s.SignUp(signUp(7))
	fmt.Println(mailed, err)
	fmt.Println(s.Durability())
	s.Close()
	for row, err := range store.Audit(ctx, path, testKey()) {
		fmt.Println(row.Email, row.Verified, err)
	}
	// Output:
	// true <nil>
	// false <nil>
	// wal, synchronous=full
	// p7@example.test false <nil>
}

func TestOneThousandSignUpsOfOneAddressMakeOneRow(t *testing.T) {
	path := filepath.Join(t.TempDir(), "people.db")
	s := openStore(t, path, store.Options{})
	var wait sync.WaitGroup
	var mails atomic.Int64
	for range 1000 {
		wait.Go(func() {
			mailed, err := s.SignUp(signUp(1))
			if err != nil {
				t.Error(err)
			}
			if mailed {
				mails.Add(1)
			}
		})
	}
	wait.Wait()
	s.Close()
	if rows := audit(t, path); len(rows) != 1 || mails.Load() != 1 {
		t.Errorf("%d rows, %d mails; want one of each", len(rows), mails.Load())
	}
}

func audit(t testing.TB, path string) (rows []store.Row) {
	t.Helper()
	for row, err := range store.Audit(t.Context(), path, testKey()) {
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, row)
	}
	return rows
}

func TestRepeatedSignUpMails(t *testing.T) {
	s := openStore(t, filepath.Join(t.TempDir(), "people.db"), store.Options{})
	for _, row := range []struct {
		why    string
		after  time.Duration
		verify bool
		want   bool
		nonce  byte // of the link that is mailed: the number of the sign-up it was made for
	}{
		{"the first one gets a mail", 0, false, true, 0},
		{"too soon after the first", 59 * time.Second, false, false, 0},
		{"a minute later the same link is sent again", time.Minute, false, true, 0},
		{"the pause counts from the last mail", 90 * time.Second, false, false, 0},
		{"an expired link is replaced", 48 * time.Hour, false, true, 4},
		{"a verified address needs no mail", 96 * time.Hour, true, false, 4},
	} {
		at := testTime.Add(row.after)
		o := signUp(1)
		o.At, o.Link.Expires = at, at.Add(24*time.Hour)
		number := s.Stats().Rows
		o.Link.Nonce, o.Link.Hash = []byte{byte(number)}, []byte{byte(number)}
		if row.verify {
			if err := s.VerifyEmail(1, []byte{4}, testTime.Add(49*time.Hour)); err != nil {
				t.Fatal(err)
			}
		}
		mailed, err := s.SignUp(o)
		if err != nil || mailed != row.want {
			t.Errorf("%s: mailed %v, %v", row.why, mailed, err)
		}
		mails, err := s.PendingMails(t.Context(), 0, 10)
		if err != nil || mails[len(mails)-1].LinkNonce[0] != row.nonce {
			t.Errorf("%s: nonce %v, %v; want %d", row.why, mails[len(mails)-1].LinkNonce, err, row.nonce)
		}
	}
}

func TestLinkIsGoodOnceAndInTime(t *testing.T) {
	s := openStore(t, filepath.Join(t.TempDir(), "people.db"), store.Options{})
	o := signUp(1)
	if _, err := s.SignUp(o); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		why    string
		person int64
		hash   []byte
		at     time.Time
		want   error
	}{
		{"another person's number", 2, o.Link.Hash, testTime, store.ErrLinkUsed},
		{"another secret", 1, []byte("x"), testTime, store.ErrLinkUsed},
		{"at its expiry", 1, o.Link.Hash, o.Link.Expires, store.ErrLinkUsed},
		{"in time", 1, o.Link.Hash, testTime, nil},
		{"a second time", 1, o.Link.Hash, testTime, store.ErrLinkUsed},
	} {
		if err := s.VerifyEmail(row.person, row.hash, row.at); !errors.Is(err, row.want) {
			t.Errorf("%s: %v; want %v", row.why, err, row.want)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "people.db")
	s := openStore(t, path, store.Options{Fresh: true})
	if _, err := s.SignUp(signUp(1)); err != nil {
		t.Fatal(err)
	}
	s.Close()
	if _, err := store.Open(t.Context(), path, store.Options{Key: testKey(), Fresh: true}); !errors.Is(err, store.ErrUsed) {
		t.Errorf("a used database as a fresh one: %v", err)
	}
	if _, err := store.Open(t.Context(), path, store.Options{Key: make([]byte, store.KeySize)}); err == nil {
		t.Error("another key was accepted")
	}
	if _, err := store.Open(t.Context(), path, store.Options{Key: []byte("short")}); err == nil {
		t.Error("a short key was accepted")
	}
	s = openStore(t, path, store.Options{})
	if n, err := s.CountPendingMails(t.Context()); n != 1 || err != nil {
		t.Errorf("%d mails pending after reopening, %v; want 1", n, err)
	}
	s.Close()
	if _, err := s.SignUp(signUp(2)); !errors.Is(err, store.ErrClosed) {
		t.Errorf("sign-up at a closed store: %v", err)
	}
}

func TestMailsAreSettled(t *testing.T) {
	s := openStore(t, filepath.Join(t.TempDir(), "people.db"), store.Options{})
	for i := range 4 {
		if _, err := s.SignUp(signUp(i)); err != nil {
			t.Fatal(err)
		}
	}
	err := s.SettleMails([]store.Settlement{{1, store.MailSent, 1}, {2, store.MailDead, 3}, {3, store.MailPending, 2}}, testTime)
	if err != nil {
		t.Fatal(err)
	}
	mails, err := s.PendingMails(t.Context(), 0, 10)
	if err != nil || len(mails) != 2 || mails[0].ID != 3 || mails[0].Attempts != 2 || mails[1].ID != 4 {
		t.Errorf("%+v, %v; want mails 3 (tried twice) and 4", mails, err)
	}
}

func BenchmarkSignUp(b *testing.B) {
	s := openStore(b, filepath.Join(b.TempDir(), "people.db"), store.Options{})
	var next atomic.Int64
	b.SetParallelism(256)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := s.SignUp(signUp(int(next.Add(1)))); err != nil {
				b.Error(err)
			}
		}
	})
	stats := s.Stats()
	b.ReportMetric(float64(stats.Rows)/float64(stats.Batches), "rows/batch")
	b.ReportMetric(float64(stats.Rows)/b.Elapsed().Seconds(), "rows/s")
}
