package store_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/ombak-sim/ombak/backend/store"
	"pgregory.net/rapid"
)

func TestOneNIKBelongsToOnePerson(t *testing.T) {
	const people = 1000
	const nik = "9901014101900001"
	path := filepath.Join(t.TempDir(), "people.db")
	s := openStore(t, path, store.Options{})
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
		t.Errorf("%d claimed it, %d were refused", claimed.Load(), taken.Load())
	}
	s.Close()
	var owners []int64
	for _, row := range audit(t, path) {
		if row.NIK == nik {
			owners = append(owners, row.ID)
		}
	}
	if len(owners) != 1 {
		t.Fatalf("owners %v; want one", owners)
	}
	s = openStore(t, path, store.Options{})
	if err := s.ClaimNIK(owners[0], nik, "1990-01-01", testTime); err != nil {
		t.Errorf("the same person again: %v", err)
	}
	if err := s.ClaimNIK(owners[0], "9901014101900002", "1990-01-01", testTime); !errors.Is(err, store.ErrOutOfOrder) {
		t.Errorf("the same person with another NIK: %v", err)
	}
}

func TestQuotaIsNeverExceeded(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		quota := rapid.IntRange(0, 12).Draw(rt, "quota")
		people := rapid.IntRange(1, 20).Draw(rt, "people")
		folder, err := os.MkdirTemp(t.TempDir(), "") //nolint:usetesting // one folder for each case of the property
		if err != nil {
			rt.Fatal(err)
		}
		s := openStore(t, filepath.Join(folder, "people.db"), store.Options{Quota: quota})
		defer s.Close()
		applicants(t, s, people)
		want := people
		if quota > 0 {
			want = min(people, quota)
		}
		if joined := joinAll(rt, s, people); joined != want {
			rt.Fatalf("%d joined; want %d", joined, want)
		}
	})
}

// joinAll lets everybody join twice at once and returns how many got a place.
func joinAll(t rapid.TB, s *store.Store, people int) int {
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

func TestStepsOutOfOrderAreRefused(t *testing.T) {
	s := openStore(t, filepath.Join(t.TempDir(), "people.db"), store.Options{})
	if _, err := s.SignUp(signUp(1)); err != nil {
		t.Fatal(err)
	}
	_, join := s.Join(1, testTime)
	_, unknown := s.Join(2, testTime)
	for why, err := range map[string]error{
		"NIK before e-mail":         s.ClaimNIK(1, "9901014101900001", "1990-01-01", testTime),
		"photo before e-mail":       s.SetPhoto(1, "00"),
		"eligibility before NIK":    s.SetEligible(1, false, testTime),
		"joining before eligible":   join,
		"joining of nobody we know": unknown,
	} {
		if !errors.Is(err, store.ErrOutOfOrder) {
			t.Errorf("%s: %v", why, err)
		}
	}
}
