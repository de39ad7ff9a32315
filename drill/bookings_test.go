package drill

import (
	"database/sql"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/backend/store"
	"github.com/ombak-sim/ombak/population"
	"github.com/ombak-sim/ombak/workload"
)

// TestBookingsAreReconciled counts the bookings in their rows, and finds one that was given too much.
func TestBookingsAreReconciled(t *testing.T) {
	location, key := filepath.Join(t.TempDir(), "ombak.db"), make([]byte, store.KeySize)
	s, err := store.Open(t.Context(), location, store.Options{Key: key, Stocks: map[string]int{"jab": 2, "sale": 9}})
	if err != nil {
		t.Fatal(err)
	}
	people := population.New(workload.Seed{Value: 1}, time.Unix(0, 0), population.DefaultShares()).In(population.India)
	for index := range uint64(2) {
		guest := store.SignUp{Email: people.Person(index).Email, Name: "x", Phone: "x", At: time.Unix(0, 0), Link: store.Link{Nonce: []byte{1}, Hash: []byte{1}}}
		if _, _, err := s.BookAsGuest(guest, "jab"); err != nil {
			t.Fatal(err)
		}
	}
	s.Close()
	audited := func() (all Stored) {
		Audit(t.Context(), location, key, func(more Stored) { all.add(more) })
		return all
	}
	if got := audited(); !got.Whole || got.Booked != 2 || len(got.Unsound) != 0 || len(got.Emails) != 2 || got.against([]uint64{0, 1}).Booked != 2 {
		t.Errorf("%+v; want two people with a booking each", got)
	}
	db, err := sql.Open("sqlite", location)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("INSERT INTO bookings (person_id, stock, booked_ms) VALUES (99, 'jab', 0)"); err != nil {
		t.Fatal(err)
	}
	if got := audited(); got.Booked != 3 || len(got.Unsound) != 1 || !strings.Contains(got.Unsound[0], "3 bookings of the stock jab, of which there were 2") {
		t.Errorf("%+v; want three bookings of two, and a warning", got)
	}
}
