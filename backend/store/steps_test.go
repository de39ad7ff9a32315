package store_test

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"

	"github.com/ombak-sim/ombak/backend/store"
)

func TestOneNIKBelongsToOnePerson(t *testing.T) { onEach(t, oneNIKBelongsToOnePerson) }

func oneNIKBelongsToOnePerson(t *testing.T, location string) {
	const people = 1000
	const nik = "9901014101900001"
	s := openStore(t, location, store.Options{})
	applicants(t, s, people)
	var wait sync.WaitGroup
	var taken, claimed atomic.Int64
	for i := range people {
		wait.Go(func() {
			switch err := s.ClaimNIK(int64(i+1), nik, "1990-01-01", testTime); {
			case err == nil:
				claimed.Add(1)
			case errors.Is(err, store.ErrNIKTaken):
				taken.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	wait.Wait()
	if claimed.Load() != 1 || taken.Load() != people-1 {
		t.Errorf("%d claims succeeded, %d were refused", claimed.Load(), taken.Load())
	}
	s.Close()
	var owners []int64
	for _, row := range audit(t, location) {
		if row.NIK == nik {
			owners = append(owners, row.ID)
		}
	}
	if len(owners) != 1 {
		t.Fatalf("owners %v; want one", owners)
	}
	s = openStore(t, location, store.Options{})
	if err := s.ClaimNIK(owners[0], nik, "1990-01-01", testTime); err != nil {
		t.Errorf("the same person again: %v", err)
	}
	if err := s.ClaimNIK(owners[0], "9901014101900002", "1990-01-01", testTime); !errors.Is(err, store.ErrOutOfOrder) {
		t.Errorf("the same person with another NIK: %v", err)
	}
}

func TestQuotaIsNeverExceeded(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) {
		rapid.Check(t, func(rt *rapid.T) {
			quota, people := rapid.IntRange(0, 12).Draw(rt, "quota"), rapid.IntRange(1, 20).Draw(rt, "people")
			quotaHolds(t, freshLocation(t, "sqlite"), quota, people)
		})
	})
	t.Run("postgres", func(t *testing.T) { // few people, because each quota needs its own migrated schema
		for _, row := range [][2]int{{0, 5}, {1, 20}, {7, 20}, {12, 9}} {
			quotaHolds(t, freshLocation(t, "postgres"), row[0], row[1])
		}
	})
}

func quotaHolds(t *testing.T, location string, quota, people int) {
	t.Helper()
	s := openStore(t, location, store.Options{Quota: quota})
	defer s.Close()
	applicants(t, s, people)
	want := people
	if quota > 0 {
		want = min(people, quota)
	}
	if joined := joinAll(t, s, people); joined != want {
		t.Fatalf("%d of %d joined with a quota of %d; want %d", joined, people, quota, want)
	}
}

// joinAll lets every person join twice at once and returns the number of places given.
func joinAll(t testing.TB, s *store.Store, people int) int {
	var wait sync.WaitGroup
	members := make([]atomic.Bool, people+1)
	for i := range 2 * people {
		id := int64(i%people + 1)
		wait.Go(func() {
			if _, err := s.Join(id, testTime); err == nil {
				members[id].Store(true)
				return
			}
			errs := errors.Join(s.ClaimNIK(id, fmt.Sprintf("%016d", id), "1990-01-01", testTime), s.SetEligible(id, false, testTime))
			_, err := s.Join(id, testTime)
			if err != nil && !errors.Is(err, store.ErrBatchFull) || errs != nil {
				t.Error(errs, err)
			}
			if err == nil {
				members[id].Store(true)
			}
		})
	}
	wait.Wait()
	n := 0
	for i := range members {
		if members[i].Load() {
			n++
		}
	}
	return n
}

func TestStepsOutOfOrderAreRefused(t *testing.T) { onEach(t, stepsOutOfOrderAreRefused) }

func stepsOutOfOrderAreRefused(t *testing.T, location string) {
	s := openStore(t, location, store.Options{})
	if _, err := s.SignUp(signUp(1)); err != nil {
		t.Fatal(err)
	}
	_, join := s.Join(1, testTime)
	_, unknown := s.Join(2, testTime)
	_, photo := s.SetPhoto(store.Photo{Person: 1, SHA256: "00"})
	for why, err := range map[string]error{
		"NIK before e-mail":            s.ClaimNIK(1, "9901014101900001", "1990-01-01", testTime),
		"photo before e-mail":          photo,
		"eligibility before NIK":       s.SetEligible(1, false, testTime),
		"joining before eligibility":   join,
		"joining by an unknown person": unknown,
	} {
		if !errors.Is(err, store.ErrOutOfOrder) {
			t.Errorf("%s: %v", why, err)
		}
	}
}
