package store

import (
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// broken is an operation that changes something and then fails by itself.
type broken struct{}

func (broken) apply(e *engine) error {
	if _, err := e.exec(insertJob, 1, JobMail, 0, nil); err != nil {
		return err
	}
	_, err := e.exec(insertJob, nil, JobMail, 0, nil) // violates NOT NULL
	return err
}

func openTest(t *testing.T, options Options) *Store {
	t.Helper()
	options.Key = make([]byte, KeySize)
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "people.db"), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func testSignUp(i int) *SignUp {
	return &SignUp{Email: fmt.Sprintf("p%d@example.test", i), Link: Link{Nonce: []byte{1}, Hash: []byte{2}}, At: time.UnixMilli(1)}
}

func TestBrokenOperationFailsAlone(t *testing.T) {
	s := openTest(t, Options{})
	var batch []*request
	for i := range 9 {
		var op operation = testSignUp(i)
		if i%4 == 1 {
			op = broken{}
		}
		batch = append(batch, &request{operation: op, done: make(chan struct{})})
	}
	all := append([]*request(nil), batch...)
	s.commit(batch)
	for i, r := range all {
		<-r.done
		if failed := r.err != nil; failed != (i%4 == 1) || errors.Is(r.err, ErrStorage) {
			t.Errorf("operation %d: %v", i, r.err)
		}
	}
	n, _, err := s.PendingJobs(t.Context(), JobMail)
	if n != 7 || err != nil {
		t.Errorf("%d mails, %v; want the 7 of the other operations and none of the broken one", n, err)
	}
}

func TestFullDiskIsNeverAcknowledged(t *testing.T) {
	s := openTest(t, Options{Rows: 8})
	var pages int
	if err := s.engine.conn.QueryRowContext(t.Context(), "PRAGMA max_page_count = 40").Scan(&pages); err != nil {
		t.Fatal(err)
	}
	var wait sync.WaitGroup
	var mutex sync.Mutex
	acknowledged := map[string]bool{}
	failed := 0
	for i := range 2000 {
		wait.Go(func() {
			op := testSignUp(i)
			_, err := s.SignUp(*op)
			mutex.Lock()
			defer mutex.Unlock()
			switch {
			case err == nil:
				acknowledged[op.Email] = true
			case errors.Is(err, ErrStorage):
				failed++
			default:
				t.Error(err)
			}
		})
	}
	wait.Wait()
	if failed == 0 || len(acknowledged) == 0 {
		t.Fatalf("%d acknowledged, %d failed; want some of both", len(acknowledged), failed)
	}
	mails, err := s.LeaseJobs(JobMail, time.UnixMilli(1), time.UnixMilli(1), 10000)
	if err != nil || len(mails) != len(acknowledged) {
		t.Errorf("%d rows, %v; acknowledged were %d", len(mails), err, len(acknowledged))
	}
	for _, m := range mails {
		if !acknowledged[m.Email] {
			t.Errorf("%s is in the database but was not acknowledged", m.Email)
		}
	}
}

func TestSealedNIKOpensOnlyInItsRow(t *testing.T) {
	s, err := newSealer(make([]byte, KeySize))
	if err != nil {
		t.Fatal(err)
	}
	sealed := s.seal("nik", 1, []byte("9901014101900001"))
	if nik, err := s.open("nik", 1, sealed); err != nil || string(nik) != "9901014101900001" {
		t.Errorf("%q, %v", nik, err)
	}
	if _, err := s.open("profile", 1, sealed); err == nil {
		t.Error("decrypted in another column")
	}
	if _, err := s.open("nik", 2, sealed); err == nil {
		t.Error("decrypted in another person's row")
	}
	if _, err := s.open("nik", 1, sealed[:5]); err == nil {
		t.Error("decrypted although truncated")
	}
}
