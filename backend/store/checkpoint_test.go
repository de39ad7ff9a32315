package store

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// TestLogBeginsAnew writes without a pause: the log must be copied beside it and its room used again, or it
// would grow with everything that is written. The same writes without copies show that they are what keeps
// it small.
func TestLogBeginsAnew(t *testing.T) {
	often, never := logAfter(t, 128), logAfter(t, 1<<30)
	if often > never/2 {
		t.Errorf("the log has %d bytes, and %d when it is never copied", often, never)
	}
}

// logAfter returns how long the log is after sign-ups when it is copied every so many.
func logAfter(t *testing.T, every int) int64 {
	const workers, each = 8, 200
	location := filepath.Join(t.TempDir(), "people.db")
	s, err := Open(t.Context(), location, Options{Key: make([]byte, KeySize)})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	s.engine.checkpoints.every = every // nothing has been handed to the writer yet
	var wait sync.WaitGroup
	for w := range workers {
		wait.Go(func() {
			for i := range each {
				one := SignUp{Email: fmt.Sprintf("p%d.%d@example.test", w, i), At: time.UnixMilli(0), Link: Link{Nonce: []byte{1}, Hash: []byte{1}}}
				if _, err := s.SignUp(one); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wait.Wait()
	info, err := os.Stat(location + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("copied every %d: %d bytes", every, info.Size())
	return info.Size()
}
