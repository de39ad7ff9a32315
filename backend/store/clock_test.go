package store_test

import (
	"errors"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/backend/store"
)

// TestClockThatWasAhead checks that nothing stamped while the clock was a year ahead, or before it went back by an hour,
// waits for that time, and that a step back by less than a pause only makes the pause longer.
func TestClockThatWasAhead(t *testing.T) { onEach(t, clockThatWasAhead) }

func clockThatWasAhead(t *testing.T, location string) {
	for i, ahead := range []time.Duration{365 * 24 * time.Hour, time.Hour} {
		s := openStore(t, freshBeside(t, location, i), store.Options{LinkTTL: 24 * time.Hour, CodeTTL: 5 * time.Minute})
		stamped := testTime.Add(ahead)
		first := signUp(0)
		first.At, first.Link.Expires = stamped, stamped.Add(24*time.Hour)
		if _, err := s.SignUp(first); err != nil {
			t.Fatal(err)
		}
		leased := func(why string, at time.Time, want int) {
			t.Helper()
			jobs, err := s.LeaseJobs(store.JobMail, at, at.Add(time.Minute), 10)
			if err != nil || len(jobs) != want {
				t.Errorf("%v ahead, %s: %d jobs, %v; want %d", ahead, why, len(jobs), err, want)
			}
		}
		leased("leased while ahead", stamped, 1)
		leased("after the clock is right", testTime, 1)
		leased("leased already", testTime.Add(time.Second), 0)
		err := s.VerifyEmail(1, first.Link.Hash, testTime)
		if long := ahead > 24*time.Hour; errors.Is(err, store.ErrLinkUsed) != long {
			t.Errorf("%v ahead: a link opened after the step: %v", ahead, err)
		}
		again := store.SignIn{Email: first.Email, At: testTime, MailPause: time.Minute, Link: signUp(9).Link}
		if mailed, err := s.SignIn(again); !mailed || err != nil {
			t.Errorf("%v ahead: no second mail: %v", ahead, err)
		}
		if mailed, _ := s.SignIn(again); mailed {
			t.Errorf("%v ahead: a third mail at once", ahead)
		}
		again.At = testTime.Add(-30 * time.Second)
		if mailed, _ := s.SignIn(again); mailed {
			t.Errorf("%v ahead: a mail at once after half a minute back", ahead)
		}
		codesAfterAStep(t, s, stamped)
		if _, err := s.TakeKey("k", []byte("request"), stamped, stamped.Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		if _, err := s.TakeKey("k", []byte("request"), testTime, testTime.Add(time.Minute)); err != nil {
			t.Errorf("%v ahead: a key that was held: %v", ahead, err)
		}
	}
}

// codesAfterAStep checks that person 1 gets a code after the clock went back from stamped to testTime.
func codesAfterAStep(t *testing.T, s *store.Store, stamped time.Time) {
	t.Helper()
	if err := s.VerifyEmail(1, signUp(9).Link.Hash, testTime); err != nil && !errors.Is(err, store.ErrLinkUsed) {
		t.Fatal(err)
	}
	if err := s.SetProfile(1, []byte("{}"), store.Contact{Phone: "08123456789"}, testTime); err != nil {
		t.Fatal(err)
	}
	if err := s.StartOTP(1, []byte("old"), stamped.Add(5*time.Minute), stamped, time.Minute); err != nil {
		t.Fatal(err)
	}
	if err := s.StartOTP(1, []byte("new"), testTime.Add(5*time.Minute), testTime, time.Minute); err != nil {
		t.Errorf("no code after the clock went back: %v", err)
	}
	if nonce, err := s.TryOTP(1, 5, testTime); err != nil || string(nonce) != "new" {
		t.Errorf("the code's nonce is %q, %v", nonce, err)
	}
}

// freshBeside returns a location for the i-th of several stores of a test.
func freshBeside(t *testing.T, location string, i int) string {
	t.Helper()
	if i == 0 {
		return location
	}
	if store.IsFile(location) {
		return location + ".2"
	}
	return freshLocation(t, "postgres")
}
