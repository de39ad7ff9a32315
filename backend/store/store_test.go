package store_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
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
		Link: store.Link{Nonce: hash[:16], Hash: hash[:], Expires: testTime.Add(24 * time.Hour), Tries: 5},
	}
}

func openStore(t testing.TB, location string, options store.Options) *store.Store {
	t.Helper()
	options.Key = testKey()
	s, err := store.Open(t.Context(), location, options)
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
	mails := pendingMails(t, s)
	if len(mails) != n {
		t.Fatalf("%d mails; want %d", len(mails), n)
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

// pendingMails returns the pending mails with a lease that ends at once.
func pendingMails(t testing.TB, s *store.Store) []store.Job {
	t.Helper()
	mails, err := s.LeaseJobs(store.JobMail, testTime.AddDate(1, 0, 0), testTime, 1_000_000)
	if err != nil {
		t.Fatal(err)
	}
	return mails
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
	// group-fsync; wal, synchronous=full
	// p7@example.test false <nil>
}

func TestOneThousandSignUpsOfOneAddressMakeOneRow(t *testing.T) {
	onEach(t, oneThousandSignUpsOfOneAddressMakeOneRow)
}

func oneThousandSignUpsOfOneAddressMakeOneRow(t *testing.T, location string) {
	s := openStore(t, location, store.Options{})
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
	if rows := audit(t, location); len(rows) != 1 || mails.Load() != 1 {
		t.Errorf("%d rows, %d mails; want one of each", len(rows), mails.Load())
	}
}

func audit(t testing.TB, location string) (rows []store.Row) {
	t.Helper()
	for row, err := range store.Audit(t.Context(), location, testKey()) {
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, row)
	}
	return rows
}

func TestRepeatedSignUpMails(t *testing.T) { onEach(t, repeatedSignUpMails) }

func repeatedSignUpMails(t *testing.T, location string) {
	s := openStore(t, location, store.Options{})
	for i, row := range []struct {
		why    string
		after  time.Duration
		verify bool
		want   bool
		nonce  byte // of the mailed link: the number of the sign-up that created it
	}{
		{"the first sign-up sends a mail", 0, false, true, 0},
		{"too soon after the first", 59 * time.Second, false, false, 0},
		{"a minute later the same link is sent again", time.Minute, false, true, 0},
		{"the pause counts from the last mail", 90 * time.Second, false, false, 0},
		{"an expired link is replaced", 48 * time.Hour, false, true, 4},
		{"a verified address needs no mail", 96 * time.Hour, true, false, 4},
	} {
		at := testTime.Add(row.after)
		o := signUp(1)
		o.At, o.Link.Expires = at, at.Add(24*time.Hour)
		o.Link.Nonce, o.Link.Hash = []byte{byte(i)}, []byte{byte(i)}
		if row.verify {
			if err := s.VerifyEmail(1, []byte{4}, testTime.Add(49*time.Hour)); err != nil {
				t.Fatal(err)
			}
		}
		mailed, err := s.SignUp(o)
		if err != nil || mailed != row.want {
			t.Errorf("%s: mailed %v, %v", row.why, mailed, err)
		}
		mails := pendingMails(t, s)
		if mails[len(mails)-1].LinkNonce[0] != row.nonce {
			t.Errorf("%s: nonce %v; want %d", row.why, mails[len(mails)-1].LinkNonce, row.nonce)
		}
	}
}

func TestLinkIsGoodOnceAndInTime(t *testing.T) { onEach(t, linkIsGoodOnceAndInTime) }

func linkIsGoodOnceAndInTime(t *testing.T, location string) {
	s := openStore(t, location, store.Options{})
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

// openClaimed claims a fresh location, and opens and closes a store there.
func openClaimed(t *testing.T, location string, options store.Options) *store.Claim {
	t.Helper()
	claim, err := store.NewClaim(t.Context(), location)
	if err != nil {
		t.Fatalf("claim a fresh location: %v", err)
	}
	s, err := store.Open(t.Context(), location, options)
	if err != nil {
		t.Fatalf("open a claimed location: %v", err)
	}
	s.Close()
	return claim
}

// TestOneOfManyClaims lets many claim one location at once; one gets it.
func TestOneOfManyClaims(t *testing.T) { onEach(t, oneOfManyClaims) }

func oneOfManyClaims(t *testing.T, location string) {
	claims := make(chan *store.Claim, 20)
	var all sync.WaitGroup
	for range cap(claims) {
		all.Go(func() {
			claim, err := store.NewClaim(t.Context(), location)
			if err != nil && !errors.Is(err, store.ErrClaimed) && !errors.Is(err, store.ErrUsed) {
				t.Error(err)
			}
			if err == nil {
				claims <- claim
			}
		})
	}
	all.Wait()
	close(claims)
	if len(claims) != 1 {
		t.Errorf("%d claims were granted; want 1", len(claims))
	}
	for claim := range claims {
		claim.Discard()
	}
	if claim, err := store.NewClaim(t.Context(), location); err != nil {
		t.Errorf("a location whose claim was discarded: %v", err)
	} else {
		claim.Release()
	}
}

func TestOpenRefuses(t *testing.T) { onEach(t, openRefuses) }

func openRefuses(t *testing.T, location string) {
	never := openClaimed(t, location, store.Options{Key: make([]byte, store.KeySize), Fresh: true})
	never.Discard() // a run that never began leaves nothing in the way of the next
	claim := openClaimed(t, location, store.Options{Key: testKey(), Fresh: true})
	if _, err := store.NewClaim(t.Context(), location); !errors.Is(err, store.ErrClaimed) && !errors.Is(err, store.ErrUsed) {
		t.Errorf("a second claim beside the first: %v", err)
	}
	claim.Release()
	s := openStore(t, location, store.Options{Fresh: true})
	if _, err := s.SignUp(signUp(1)); err != nil {
		t.Fatal(err)
	}
	s.Close()
	if _, err := store.NewClaim(t.Context(), location); !errors.Is(err, store.ErrUsed) {
		t.Errorf("a used database looks fresh: %v", err)
	}
	if _, err := store.Open(t.Context(), location, store.Options{Key: testKey(), Fresh: true}); !errors.Is(err, store.ErrUsed) {
		t.Errorf("a used database as a fresh one: %v", err)
	}
	if _, err := store.Open(t.Context(), location, store.Options{Key: make([]byte, store.KeySize)}); err == nil {
		t.Error("another key was accepted")
	}
	if _, err := store.Open(t.Context(), location, store.Options{Key: []byte("short")}); err == nil {
		t.Error("a short key was accepted")
	}
	s = openStore(t, location, store.Options{})
	if n, _, err := s.PendingJobs(t.Context(), store.JobMail); n != 1 || err != nil {
		t.Errorf("%d mails pending after reopening, %v; want 1", n, err)
	}
	s.Close()
	if _, err := s.SignUp(signUp(2)); !errors.Is(err, store.ErrClosed) {
		t.Errorf("sign-up at a closed store: %v", err)
	}
}

func TestMailsAreSettled(t *testing.T) { onEach(t, mailsAreSettled) }

func mailsAreSettled(t *testing.T, location string) {
	s := openStore(t, location, store.Options{})
	for i := range 4 {
		if _, err := s.SignUp(signUp(i)); err != nil {
			t.Fatal(err)
		}
	}
	later := testTime.Add(10 * time.Minute)
	err := s.SettleJobs([]store.Settlement{{1, store.JobDone, 1, later}, {2, store.JobDead, 3, later}, {3, store.JobPending, 2, later}}, testTime)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		why  string
		at   time.Time
		want []int64
	}{
		{"before the pause after the failure has passed", later.Add(-time.Second), []int64{4}},
		{"while mail 4 is leased", later, []int64{3}},
		{"after the leases have ended", later.Add(time.Minute), []int64{3, 4}},
	} {
		mails, err := s.LeaseJobs(store.JobMail, row.at, later.Add(time.Minute), 10)
		var got []int64
		for _, m := range mails {
			got = append(got, m.ID)
		}
		if err != nil || !slices.Equal(got, row.want) {
			t.Errorf("%s: mails %v, %v; want %v", row.why, got, err, row.want)
		}
	}
}
