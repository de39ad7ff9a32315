package store_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"

	"github.com/ombak-sim/ombak/backend/store"
)

// stockRow returns what a stock's rows hold, and checks that they are sound.
func stockRow(t testing.TB, location, name string) store.StockRow {
	t.Helper()
	rows, err := store.AuditStocks(t.Context(), location)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		if !row.Sound() {
			t.Errorf("%+v: what is booked and what is left are not what was opened", row)
		}
		if row.Name == name {
			return row
		}
	}
	t.Fatalf("no stock %s in %+v", name, rows)
	return store.StockRow{}
}

// TestStockIsNeverOversold lets a thousand people book at once, on PostgreSQL through three replicas, each of them twice,
// while others return theirs and an auditor counts the rows.
func TestStockIsNeverOversold(t *testing.T) { onEach(t, stockIsNeverOversold) }

func stockIsNeverOversold(t *testing.T, location string) {
	const many, count = 1000, 7
	stores := replicas(t, location, store.Options{Stocks: map[string]int{"jab": count, "sale": many}})
	applicants(t, stores[0], many)
	stop := auditing(t, location)
	var numbers sync.Map
	won := race(t, stores, 2*many, store.ErrSoldOut, func(s *store.Store, i int) error {
		person := int64(i%many + 1)
		number, err := s.Book(person, "jab", testTime)
		if err != nil {
			return err
		}
		if before, repeated := numbers.LoadOrStore(person, number); repeated && before != number {
			t.Errorf("person %d has the bookings %d and %d", person, before, number)
		}
		return nil
	})
	if row := stockRow(t, location, "jab"); row.Bookings != count || row.Left != 0 || won < count || won > 2*count {
		t.Errorf("%+v after %d yeses; there were %d", row, won, count)
	}
	var holders []int64
	numbers.Range(func(person, _ any) bool { holders = append(holders, person.(int64)); return true })
	if len(holders) != count {
		t.Fatalf("%d people were told that they have booked one of %d", len(holders), count)
	}
	returned := race(t, stores, 10*count, store.ErrNoBooking, func(s *store.Store, i int) error { return s.Unbook(holders[i%count], "jab") })
	if row := stockRow(t, location, "jab"); returned != count || row.Left != count || row.Bookings != 0 {
		t.Errorf("%d of %d were returned: %+v", returned, count, row)
	}
	var sold atomic.Int64
	race(t, stores, many, store.ErrNoBooking, func(s *store.Store, i int) error { // some return while others book
		person := int64(i + 1)
		_, err := s.Book(person, "sale", testTime)
		if err == nil && i%3 == 0 {
			return s.Unbook(person, "sale")
		}
		if err == nil {
			sold.Add(1)
		}
		return err
	})
	stop()
	if row := stockRow(t, location, "sale"); int64(row.Bookings) != sold.Load() {
		t.Errorf("%+v; %d were told that they have one", row, sold.Load())
	}
}

// auditing counts the rows of all stocks again and again, until the caller stops it.
func auditing(t *testing.T, location string) (stop func()) {
	t.Helper()
	over := make(chan bool)
	var auditor sync.WaitGroup
	auditor.Go(func() {
		for {
			select {
			case <-over:
				return
			default:
			}
			rows, err := store.AuditStocks(t.Context(), location)
			for _, row := range rows {
				if !row.Sound() {
					t.Errorf("while people book: %+v", row)
				}
			}
			if err != nil {
				t.Error(err)
				return
			}
		}
	})
	return func() {
		close(over)
		auditor.Wait()
	}
}

// TestGuestsShareTheStock lets guests, each twice, and people with a session race for one stock. Who is turned away is not
// signed up.
func TestGuestsShareTheStock(t *testing.T) { onEach(t, guestsShareTheStock) }

func guestsShareTheStock(t *testing.T, location string) {
	const known, guests, count = 40, 200, 90
	stores := replicas(t, location, store.Options{Stocks: map[string]int{"jab": count}})
	applicants(t, stores[0], known)
	var mails atomic.Int64
	race(t, stores, known+2*guests, store.ErrSoldOut, func(s *store.Store, i int) error {
		if i < known {
			_, err := s.Book(int64(i+1), "jab", testTime)
			return err
		}
		_, mailed, err := s.BookAsGuest(signUp(known/2+i%guests), "jab") // some addresses are known
		if mailed {
			mails.Add(1)
		}
		return err
	})
	row := stockRow(t, location, "jab")
	bookings, err := store.AuditBookings(t.Context(), location)
	if err != nil {
		t.Fatal(err)
	}
	emails := map[string]bool{}
	for _, booking := range bookings {
		emails[booking.Email] = true
	}
	people := len(pendingMails(t, stores[0]))
	if row.Bookings != count || len(emails) != count || people != known+int(mails.Load()) {
		t.Errorf("%+v by %d people; %d people have signed up, %d of them as guests", row, len(emails), people, mails.Load())
	}
	stores[0].Close()
	if rows := audit(t, location); len(rows) != people {
		t.Errorf("%d rows for %d mails", len(rows), people)
	}
}

// TestBookingRefuses checks each refusal, and that nothing is booked by it.
func TestBookingRefuses(t *testing.T) { onEach(t, bookingRefuses) }

func bookingRefuses(t *testing.T, location string) {
	s := openStore(t, location, store.Options{Stocks: map[string]int{"jab": 1}})
	applicants(t, s, 2)
	if _, err := s.SignUp(signUp(5)); err != nil {
		t.Fatal(err)
	}
	book := func(person int64, stock string) error { _, err := s.Book(person, stock, testTime); return err }
	guest := func(i int, stock string) error { _, _, err := s.BookAsGuest(signUp(i), stock); return err }
	for _, row := range []struct {
		why  string
		err  error
		want error
	}{
		{"an address that is not verified", book(3, "jab"), store.ErrOutOfOrder},
		{"nobody", book(99, "jab"), store.ErrOutOfOrder},
		{"an unknown stock", book(1, "jabs"), store.ErrNoStock},
		{"a guest at an unknown stock", guest(6, "jabs"), store.ErrNoStock},
		{"returning what was not booked", s.Unbook(1, "jab"), store.ErrNoBooking},
		{"the last one", book(1, "jab"), nil},
		{"the same again", book(1, "jab"), nil},
		{"one too many", book(2, "jab"), store.ErrSoldOut},
		{"a guest too many", guest(7, "jab"), store.ErrSoldOut},
		{"fewer than are booked", s.OpenStock("jab", 0), store.ErrBooked},
		{"one more", s.OpenStock("jab", 2), nil},
		{"which a guest takes, whose address is known", guest(5, "jab"), nil},
		{"returning it for another", s.Unbook(2, "jab"), store.ErrNoBooking},
		{"erased", s.Erase(1, testTime), nil},
		{"what was erased is free again", book(2, "jab"), nil},
		{"the erased person", book(1, "jab"), store.ErrOutOfOrder},
	} {
		if !errors.Is(row.err, row.want) {
			t.Errorf("%s: %v; want %v", row.why, row.err, row.want)
		}
	}
	if row := stockRow(t, location, "jab"); row.Opened != 2 || row.Bookings != 2 {
		t.Errorf("%+v; want two of two", row)
	}
	if n := len(pendingMails(t, s)); n != 3 {
		t.Errorf("%d mails; guests who were turned away must not be signed up", n)
	}
	held, err := s.Bookings(t.Context(), 2)
	if err != nil || !slices.Equal(held, []string{"jab"}) {
		t.Errorf("person 2 holds %v, %v", held, err)
	}
	s.Close()
	again := openStore(t, location, store.Options{Stocks: map[string]int{"jab": 5}})
	if stock, err := again.Stock(t.Context(), "jab"); err != nil || stock != (store.Stock{Name: "jab", Opened: 5, Left: 3}) {
		t.Errorf("opened again with five: %+v, %v", stock, err)
	}
	again.Close()
	if _, err := store.Open(t.Context(), location, store.Options{Key: testKey(), Stocks: map[string]int{"jab": 1}}); err == nil {
		t.Error("a store was opened with fewer than are booked")
	}
}

// TestBookedAndLeftAreOpened runs drawn actions on two stocks. After each one, the rows are those of the model: what is booked
// and what is left make up what was opened, at every point.
func TestBookedAndLeftAreOpened(t *testing.T) {
	onEach(t, func(t *testing.T, location string) {
		const people = 5
		s := openStore(t, location, store.Options{})
		applicants(t, s, people)
		runs := 0
		rapid.Check(t, func(rt *rapid.T) {
			if runs++; runs > 20 && !store.IsFile(location) { // a server takes longer
				return
			}
			shop := shelves{rt, s, location, map[string]int{}, map[string]map[int64]int64{}}
			for _, kind := range []string{"a", "b"} {
				shop.open(fmt.Sprintf("%s%d", kind, runs), rapid.IntRange(0, 4).Draw(rt, "count"))
			}
			names := slices.Sorted(maps.Keys(shop.opened))
			for range rapid.IntRange(1, 30).Draw(rt, "actions") {
				name, person := rapid.SampledFrom(names).Draw(rt, "stock"), rapid.Int64Range(1, people).Draw(rt, "person")
				switch rapid.IntRange(0, 5).Draw(rt, "action") {
				case 0:
					shop.open(name, rapid.IntRange(0, 6).Draw(rt, "count"))
				case 1, 2:
					shop.unbook(name, person)
				default:
					shop.book(name, person)
				}
				shop.check()
			}
		})
	})
}

// shelves is the model of stocks beside the store.
type shelves struct {
	*rapid.T
	store    *store.Store
	location string
	opened   map[string]int
	held     map[string]map[int64]int64 // stock → person → number of the booking
}

func (m shelves) open(name string, count int) {
	err := m.store.OpenStock(name, count)
	if tooFew := count < len(m.held[name]); errors.Is(err, store.ErrBooked) != tooFew || err != nil && !tooFew {
		m.Fatalf("opening %d of %s, of which %d are booked: %v", count, name, len(m.held[name]), err)
	}
	if err == nil {
		m.opened[name] = count
	}
	if m.held[name] == nil {
		m.held[name] = map[int64]int64{}
	}
}

func (m shelves) book(name string, person int64) {
	number, err := m.store.Book(person, name, testTime)
	before, booked := m.held[name][person]
	switch full := len(m.held[name]) >= m.opened[name]; {
	case booked && (err != nil || number != before):
		m.Fatalf("person %d again: %d, %v; want %d", person, number, err, before)
	case !booked && full && !errors.Is(err, store.ErrSoldOut), !booked && !full && err != nil:
		m.Fatalf("person %d, of %d %s %d booked: %v", person, m.opened[name], name, len(m.held[name]), err)
	case err == nil:
		m.held[name][person] = number
	}
}

func (m shelves) unbook(name string, person int64) {
	_, booked := m.held[name][person]
	if err := m.store.Unbook(person, name); (err == nil) != booked {
		m.Fatalf("person %d returns one of %s: %v", person, name, err)
	}
	delete(m.held[name], person)
}

func (m shelves) check() {
	rows, err := store.AuditStocks(m.Context(), m.location)
	if err != nil {
		m.Fatal(err)
	}
	for _, row := range rows {
		if opened, ours := m.opened[row.Name]; ours && (!row.Sound() || row.Opened != opened || row.Bookings != len(m.held[row.Name])) {
			m.Fatalf("%+v; want %d, booked by %v", row, opened, m.held[row.Name])
		}
	}
}
