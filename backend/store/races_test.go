package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/backend/store"
)

// replicas opens stores over one database: one on SQLite, three on PostgreSQL.
func replicas(t *testing.T, location string, options store.Options) []*store.Store {
	t.Helper()
	stores := []*store.Store{openStore(t, location, options)}
	if !store.IsFile(location) {
		for range 2 {
			stores = append(stores, openStore(t, location, options))
		}
	}
	return stores
}

// race makes n calls at once, spread over the stores, and counts those that return nil. Any other result must
// be loss.
func race(t *testing.T, stores []*store.Store, n int, loss error, call func(s *store.Store, i int) error) int {
	t.Helper()
	var won atomic.Int64
	var wait sync.WaitGroup
	for i := range n {
		wait.Go(func() {
			switch err := call(stores[i%len(stores)], i); {
			case err == nil:
				won.Add(1)
			case !errors.Is(err, loss):
				t.Error(err)
			}
		})
	}
	wait.Wait()
	return int(won.Load())
}

// TestOneWinner sends a thousand concurrent requests, on PostgreSQL through three replicas, that compete for
// one e-mail address, one link, one NIK, and a few places.
func TestOneWinner(t *testing.T) { onEach(t, oneWinner) }

func oneWinner(t *testing.T, location string) {
	const many, quota = 1000, 7
	stores := replicas(t, location, store.Options{Quota: quota})
	var mails atomic.Int64
	race(t, stores, many, nil, func(s *store.Store, _ int) error {
		mailed, err := s.SignUp(signUp(0))
		if mailed {
			mails.Add(1)
		}
		return err
	})
	if mails.Load() != 1 {
		t.Fatalf("%d of %d sign-ups of one address made a mail", mails.Load(), many)
	}
	first := pendingMails(t, stores[0])[0].Person // PostgreSQL may give numbers to sign-ups that lose, too
	if won := race(t, stores, many, store.ErrLinkUsed, func(s *store.Store, _ int) error {
		return s.VerifyEmail(first, signUp(0).Link.Hash, testTime)
	}); won != 1 {
		t.Errorf("a link was accepted %d times", won)
	}
	race(t, stores, many, nil, func(s *store.Store, i int) error {
		_, err := s.SignUp(signUp(i))
		return err
	})
	people := map[int]int64{0: first}
	for _, mail := range pendingMails(t, stores[0]) {
		var i int
		fmt.Sscanf(mail.Email, "p%d@", &i)
		people[i] = mail.Person
	}
	if len(people) != many {
		t.Fatalf("%d people; want %d", len(people), many)
	}
	race(t, stores, many-1, nil, func(s *store.Store, i int) error {
		return s.VerifyEmail(people[i+1], signUp(i+1).Link.Hash, testTime)
	})
	const nik = "9901014101900001"
	if won := race(t, stores, many, store.ErrNIKTaken, func(s *store.Store, i int) error {
		return s.ClaimNIK(people[i], nik, "1990-01-01", testTime)
	}); won != 1 {
		t.Errorf("%d people have one NIK", won)
	}
	race(t, stores, many, store.ErrOutOfOrder, func(s *store.Store, i int) error { // one person has a NIK already
		return s.ClaimNIK(people[i], fmt.Sprintf("%016d", i+1), "1990-01-01", testTime)
	})
	race(t, stores, many, nil, func(s *store.Store, i int) error { return s.SetEligible(people[i], false, testTime) })
	if won := race(t, stores, many, store.ErrBatchFull, func(s *store.Store, i int) error {
		_, err := s.Join(people[i], testTime)
		return err
	}); won != quota {
		t.Errorf("%d joined; the quota is %d", won, quota)
	}
	if batch, err := stores[0].Batch(t.Context(), 0); err != nil || batch.Members != quota {
		t.Errorf("batch %+v, %v; want %d members", batch, err, quota)
	}
}

// TestJobsAreLeasedOnce lets replicas lease the same jobs at once.
func TestJobsAreLeasedOnce(t *testing.T) { onEach(t, jobsAreLeasedOnce) }

func jobsAreLeasedOnce(t *testing.T, location string) {
	const jobs = 200
	stores := replicas(t, location, store.Options{})
	race(t, stores, jobs, nil, func(s *store.Store, i int) error {
		_, err := s.SignUp(signUp(i))
		return err
	})
	var mutex sync.Mutex
	leased := map[int64]int{}
	race(t, stores, 60, nil, func(s *store.Store, _ int) error {
		got, err := s.LeaseJobs(store.JobMail, testTime, testTime.Add(time.Minute), 7)
		mutex.Lock()
		defer mutex.Unlock()
		for _, job := range got {
			leased[job.ID]++
		}
		return err
	})
	for id, times := range leased {
		if times != 1 {
			t.Errorf("job %d was handed out %d times", id, times)
		}
	}
	for len(leased) < jobs { // PostgreSQL skips rows that are locked
		got, err := stores[0].LeaseJobs(store.JobMail, testTime, testTime.Add(time.Minute), jobs)
		if err != nil || len(got) == 0 {
			t.Fatalf("%d of %d jobs were handed out, %v", len(leased), jobs, err)
		}
		for _, job := range got {
			leased[job.ID]++
		}
	}
}

func TestIdempotencyKeys(t *testing.T) { onEach(t, idempotencyKeys) }

func idempotencyKeys(t *testing.T, location string) {
	stores := replicas(t, location, store.Options{})
	s := stores[0]
	later := testTime.Add(time.Minute)
	if won := race(t, stores, 300, store.ErrKeyRuns, func(s *store.Store, _ int) error {
		_, err := s.TakeKey("k", []byte("request"), testTime, later)
		return err
	}); won != 1 {
		t.Errorf("%d requests ran under one key", won)
	}
	if _, err := s.TakeKey("k", []byte("another"), testTime, later); !errors.Is(err, store.ErrKeyOther) {
		t.Errorf("another request under the key: %v", err)
	}
	if _, err := s.TakeKey("k", []byte("request"), later, later.Add(time.Minute)); err != nil {
		t.Errorf("after the time to run: %v", err)
	}
	want := store.Kept{Status: 202, Body: []byte("answer")}
	if err := s.KeepKey("k", want, later.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	kept, err := s.TakeKey("k", []byte("request"), later.Add(2*time.Minute), later.Add(time.Hour))
	if err != nil || kept.Status != want.Status || !bytes.Equal(kept.Body, want.Body) {
		t.Errorf("kept %+v, %v; want %+v", kept, err, want)
	}
	if err := s.FreeKey("k"); err != nil {
		t.Fatal(err)
	}
	if kept, err := s.TakeKey("k", []byte("another"), later, later.Add(time.Hour)); err != nil || kept.Status != 0 {
		t.Errorf("after it was freed: %+v, %v", kept, err)
	}
}

// TestSelection closes a batch while people join, and draws. Anyone who knows the members can repeat the draw.
func TestSelection(t *testing.T) { onEach(t, selection) }

func selection(t *testing.T, location string) {
	const people, places = 40, 12
	s := openStore(t, location, store.Options{})
	applicants(t, s, people)
	order := store.Selection{Batch: 1, Seed: "lottery of 2020-04-16", Places: places, At: testTime}
	joinAll(t, s, people)
	if _, err := s.Select(order); !errors.Is(err, store.ErrOutOfOrder) {
		t.Errorf("a draw while the batch is open: %v", err)
	}
	if closed, err := s.CloseBatch(0, testTime); closed != 1 || err != nil {
		t.Fatalf("closed %d, %v", closed, err)
	}
	if n, err := s.Select(order); n != places || err != nil {
		t.Errorf("%d drawn, %v; want %d", n, err, places)
	}
	order.Seed = "another seed"
	if _, err := s.Select(order); !errors.Is(err, store.ErrOutOfOrder) {
		t.Errorf("a second draw: %v", err)
	}
	var members []int64
	drawn := map[int64]bool{}
	for id := int64(1); id <= people; id++ {
		p, err := s.Person(t.Context(), id)
		if err != nil || p.Batch != 1 {
			t.Fatalf("person %d: %+v, %v", id, p, err)
		}
		members = append(members, id)
		drawn[id] = p.Selected
	}
	for _, id := range store.Draw("lottery of 2020-04-16", members, places) {
		if !drawn[id] {
			t.Errorf("person %d should have been drawn", id)
		}
		delete(drawn, id)
	}
	for id, selected := range drawn {
		if selected {
			t.Errorf("person %d should not have been drawn", id)
		}
	}
	if batch, err := s.Batch(t.Context(), 0); err != nil || batch.ID != 2 {
		t.Errorf("open is %+v, %v; want batch 2", batch, err)
	}
}

// TestCodesAreGuessedAtInVain checks that parallel attempts at a code are limited too.
func TestCodesAreGuessedAtInVain(t *testing.T) { onEach(t, codesAreGuessedAtInVain) }

func codesAreGuessedAtInVain(t *testing.T, location string) {
	const tries = 5
	stores := replicas(t, location, store.Options{})
	applicants(t, stores[0], 1)
	s := stores[0]
	if err := s.StartOTP(1, []byte("nonce"), testTime.Add(time.Minute), testTime, time.Minute); !errors.Is(err, store.ErrTooSoon) {
		t.Errorf("a code to a phone that nobody gave since the address was proved: %v", err)
	}
	if err := s.SetProfile(1, []byte("{}"), store.Contact{Phone: "08123456789"}, testTime); err != nil {
		t.Fatal(err)
	}
	if err := s.StartOTP(1, []byte("nonce"), testTime.Add(time.Minute), testTime, time.Minute); err != nil {
		t.Fatal(err)
	}
	if err := s.StartOTP(1, []byte("nonce"), testTime.Add(time.Minute), testTime, time.Minute); !errors.Is(err, store.ErrTooSoon) {
		t.Errorf("a second code at once: %v", err)
	}
	if won := race(t, stores, 200, store.ErrTries, func(s *store.Store, _ int) error {
		_, err := s.TryOTP(1, tries, testTime)
		return err
	}); won != tries {
		t.Errorf("%d attempts were allowed; want %d", won, tries)
	}
	if _, err := s.SignIn(store.SignIn{Email: "p0@example.test", At: testTime.Add(time.Hour), Link: store.Link{Nonce: []byte("n"), Hash: []byte("h"), Expires: testTime.Add(2 * time.Hour)}}); err != nil {
		t.Fatal(err)
	}
	if won := race(t, stores, 200, store.ErrTries, func(s *store.Store, _ int) error {
		_, _, err := s.TryLink("p0@example.test", tries, testTime.Add(time.Hour))
		return err
	}); won != tries {
		t.Errorf("%d attempts at a link's code were allowed; want %d", won, tries)
	}
}

// TestErasing checks that nothing of an erased person is left, that the row id is not reused, and that the
// address is free.
func TestErasing(t *testing.T) { onEach(t, erasing) }

func erasing(t *testing.T, location string) {
	s := openStore(t, location, store.Options{})
	applicants(t, s, 1)
	if err := errors.Join(s.ClaimNIK(1, "9901014101900001", "1990-01-01", testTime), s.Erase(1, testTime)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Person(t.Context(), 1); !errors.Is(err, store.ErrUnknown) {
		t.Errorf("an erased person: %v", err)
	}
	if mailed, err := s.SignUp(signUp(0)); !mailed || err != nil {
		t.Errorf("the address again: %v, %v", mailed, err)
	}
	jobs := pendingMails(t, s)
	if last := jobs[len(jobs)-1]; last.Person == 1 || last.Email != "p0@example.test" {
		t.Errorf("the address got the row of %+v", last)
	}
	if first := jobs[0]; first.Email != "" || first.Name != "" || first.Phone != "" {
		t.Errorf("a job still names an erased person: %+v", first)
	}
	s.Close()
	if rows := audit(t, location); len(rows) != 1 || rows[0].NIK != "" {
		t.Errorf("rows %+v; want one without NIK", rows)
	}
}

// TestPerRequestFsync checks that each operation has its own transaction, however many wait, while the default
// shares transactions.
func TestPerRequestFsync(t *testing.T) {
	for _, engine := range []string{"sqlite", "postgres"} {
		for _, durability := range []store.Durability{store.PerRequestFsync, store.GroupFsync} {
			t.Run(engine+"/"+string(durability), func(t *testing.T) {
				s := openStore(t, freshLocation(t, engine), store.Options{Durability: durability, MaxAge: time.Second, Rows: 40})
				var wait sync.WaitGroup
				for i := range 40 {
					wait.Go(func() {
						if _, err := s.SignUp(signUp(i)); err != nil {
							t.Error(err)
						}
					})
				}
				wait.Wait()
				stats := s.Stats()
				if own := stats.Batches == stats.Rows; stats.Rows != 40 || own != (durability == store.PerRequestFsync) {
					t.Errorf("%d transactions for %d operations", stats.Batches, stats.Rows)
				}
			})
		}
	}
}
