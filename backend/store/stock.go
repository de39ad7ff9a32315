package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Stock is something of which there is a limited number, such as the goods of a sale or the places of a clinic at one time.
// Each person may book one of it.
type Stock struct {
	Name   string
	Opened int // how many there are in all
	Left   int // how many nobody has booked
}

// OpenStock opens a stock, or changes how many there are of it in all. It refuses with ErrBooked if more are booked already.
func (s *Store) OpenStock(name string, count int) error {
	return s.do(&change{openStock, []any{name, count}, ErrBooked})
}

// openStocks opens the stocks of the options when the store is opened.
func (e *engine) openStocks(stocks map[string]int) error {
	for _, name := range slices.Sorted(maps.Keys(stocks)) {
		n, err := e.exec(openStock, name, stocks[name])
		if err != nil {
			return fmt.Errorf("open the stock %s: %w", name, err)
		}
		if n == 0 {
			return fmt.Errorf("more than %d of the stock %s are booked already; give a larger number", stocks[name], name)
		}
	}
	return nil
}

// locking is an operation that locks a stock. A batch applies such operations in the order of their stocks: two replicas
// that took the same stocks in different orders would wait for each other.
type locking interface{ locks() string }

// inLockOrder sorts a batch so that it takes its locks in an order that all replicas share. All operations of a batch are
// concurrent, so any order is correct.
func inLockOrder(batch []*request) {
	if !slices.ContainsFunc(batch, func(r *request) bool { return r.lock() != "" }) {
		return
	}
	slices.SortStableFunc(batch, func(a, b *request) int { return cmp.Compare(a.lock(), b.lock()) })
}

// lock returns the stock that a request locks, or "".
func (r *request) lock() string {
	if o, is := r.operation.(locking); is {
		return o.locks()
	}
	return ""
}

type booking struct {
	person int64
	stock  string
	at     time.Time
	number int64
}

// Book books one of a stock for a person, and returns the number of the booking. For a person who has booked it returns that
// number again. It refuses with ErrSoldOut if none is left, with ErrNoStock if there is no such stock, and with
// ErrOutOfOrder if the address is not verified.
func (s *Store) Book(person int64, stock string, at time.Time) (number int64, err error) {
	op := &booking{person: person, stock: stock, at: at}
	err = s.do(op)
	return op.number, err
}

func (o *booking) locks() string { return o.stock }

func (o *booking) apply(e *engine) error {
	if err := o.ask(e); err != nil || o.number != 0 {
		return err
	}
	n, err := e.exec(takeOne, o.stock)
	if err != nil {
		return err
	}
	if n == 0 { // unless another replica has just given this person the last one
		if err := o.ask(e); err != nil || o.number != 0 {
			return err
		}
		return e.noneLeft(o.stock)
	}
	o.number, err = e.book(o.person, o.stock, o.at)
	return err
}

// ask checks whether the person has booked, and refuses a person who may not.
func (o *booking) ask(e *engine) error {
	var verified bool
	err := e.queryRow(askBooking, o.person, o.stock).Scan(&o.number, &verified)
	if errors.Is(err, sql.ErrNoRows) || err == nil && !verified {
		return ErrOutOfOrder
	}
	return err
}

// book records a booking of what has been taken from a stock.
func (e *engine) book(person int64, stock string, at time.Time) (number int64, err error) {
	number, err = e.insert(insertBooking, person, stock, at.UnixMilli())
	if err == nil && number == 0 {
		err = errAgain // another replica has booked for this person in the meantime
	}
	return number, err
}

// noneLeft returns the refusal of a stock from which nothing could be taken.
func (e *engine) noneLeft(stock string) error {
	var known bool
	if err := e.queryRow(knowStock, stock).Scan(&known); err != nil {
		return err
	}
	if !known {
		return ErrNoStock
	}
	return ErrSoldOut
}

// guestBooking signs a person up, unless the address is known, and books.
type guestBooking struct {
	signUp *SignUp
	stock  string
	number int64
	repeat bool // the person had booked before
}

// BookAsGuest books one of a stock for whoever has an address. It signs up an unknown address in the same transaction, and
// reports whether there is a mail to send. Otherwise it is [Store.Book] for people without a session: nobody is signed up
// if it refuses.
func (s *Store) BookAsGuest(signUp SignUp, stock string) (number int64, mailed bool, err error) {
	op := &guestBooking{signUp: &signUp, stock: stock}
	err = s.do(op)
	return op.number, signUp.mailed, err
}

func (o *guestBooking) locks() string { return o.stock }

func (o *guestBooking) wrote() bool { return !o.repeat }

func (o *guestBooking) apply(e *engine) error {
	o.signUp.mailed, o.repeat = false, false
	person, err := o.ask(e)
	if err != nil || o.repeat {
		return err
	}
	n, err := e.exec(takeOne, o.stock)
	if err != nil {
		return err
	}
	if n == 0 { // unless another replica has just given this person the last one
		if _, err := o.ask(e); err != nil || o.repeat {
			return err
		}
		return e.noneLeft(o.stock)
	}
	if person == 0 {
		if person, err = e.insert(insertPerson, o.signUp.values()...); err != nil {
			return err
		}
		if person == 0 {
			return errAgain // another replica has signed the address up in the meantime
		}
		if err := o.signUp.mail(e, person); err != nil {
			return err
		}
	}
	o.number, err = e.book(person, o.stock, o.signUp.At)
	return err
}

// ask returns the person of the address, or 0, and notes a booking of that person.
func (o *guestBooking) ask(e *engine) (person int64, err error) {
	err = e.queryRow(askGuest, o.signUp.Email, o.stock).Scan(&person, &o.number)
	if errors.Is(err, sql.ErrNoRows) {
		o.number, err = 0, nil
	}
	o.repeat = err == nil && o.number != 0
	return person, err
}

type unbooking struct {
	person int64
	stock  string
}

// Unbook returns what a person has booked to its stock. It refuses with ErrNoBooking if the person has no booking there.
func (s *Store) Unbook(person int64, stock string) error {
	return s.do(&unbooking{person, stock})
}

func (o *unbooking) locks() string { return o.stock }

// apply locks the stock first, as bookings do, so that the next statement sees what other replicas have returned.
func (o *unbooking) apply(e *engine) error {
	var left int
	if err := e.queryRow(lockStock, o.stock).Scan(&left); errors.Is(err, sql.ErrNoRows) {
		return ErrNoBooking
	} else if err != nil {
		return err
	}
	n, err := e.exec(dropBooking, o.person, o.stock)
	if err == nil && n == 0 {
		return ErrNoBooking
	}
	if err == nil {
		_, err = e.exec(returnOne, o.stock)
	}
	return err
}

// returnAll returns everything that a person has booked.
//
// Note: the rows are deleted first. A statement that returned what a query finds could return a booking that another replica
// returns at the same time.
func (e *engine) returnAll(person any) error {
	rows, err := e.query(dropBookings, person)
	if err != nil {
		return err
	}
	stocks, err := scanAll(rows, func(name *string) []any { return []any{name} })
	if err != nil {
		return err
	}
	slices.Sort(stocks)
	for _, name := range stocks {
		if _, err := e.exec(returnOne, name); err != nil {
			return err
		}
	}
	return nil
}

// Stock returns one stock, or ErrNoStock.
func (s *Store) Stock(ctx context.Context, name string) (Stock, error) {
	stock := Stock{Name: name}
	err := s.engine.read[selectStock].QueryRowContext(ctx, name).Scan(&stock.Opened, &stock.Left)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return stock, ErrNoStock
	case err != nil:
		return stock, fmt.Errorf("%w: read a stock: %w", ErrStorage, err)
	}
	return stock, nil
}

// Stocks returns all stocks by name.
func (s *Store) Stocks(ctx context.Context) ([]Stock, error) {
	rows, err := s.engine.read[selectStocks].QueryContext(ctx)
	if err != nil {
		return nil, fmt.Errorf("%w: read the stocks: %w", ErrStorage, err)
	}
	stocks, err := scanAll(rows, func(s *Stock) []any { return []any{&s.Name, &s.Opened, &s.Left} })
	if err != nil {
		return nil, fmt.Errorf("%w: read the stocks: %w", ErrStorage, err)
	}
	return stocks, nil
}

// Bookings returns the names of the stocks of which a person has booked one.
func (s *Store) Bookings(ctx context.Context, person int64) ([]string, error) {
	rows, err := s.engine.read[selectBookings].QueryContext(ctx, person)
	if err != nil {
		return nil, fmt.Errorf("%w: read the bookings: %w", ErrStorage, err)
	}
	names, err := scanAll(rows, func(name *string) []any { return []any{name} })
	if err != nil {
		return nil, fmt.Errorf("%w: read the bookings: %w", ErrStorage, err)
	}
	return names, nil
}
