package store

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// TestLogRestarts writes without a pause. The log must be copied concurrently and its space reused; otherwise
// it grows with every write. The same writes without checkpoints show that checkpoints keep it small.
func TestLogRestarts(t *testing.T) {
	often, never := logAfter(t, 128), logAfter(t, 1<<30)
	if often > never/2 {
		t.Errorf("the log has %d bytes with checkpoints and %d without", often, never)
	}
}

// logAfter returns the size of the log after sign-ups with a checkpoint every given number of operations.
func logAfter(t *testing.T, every int) int64 {
	const workers, each = 8, 200
	location := filepath.Join(t.TempDir(), "people.db")
	s, err := Open(t.Context(), location, Options{Key: make([]byte, KeySize)})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	s.engine.checkpoints.every = every // the writer has not received any operation yet
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
