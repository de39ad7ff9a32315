package store

import (
	"context"
	"errors"
	"fmt"
)

// StockRow is a stock as its rows are in the database.
type StockRow struct {
	Stock
	Bookings int // rows of people who have booked
}

// Sound reports whether the bookings and what is left make up what was opened, and not more was given than there is.
func (r StockRow) Sound() bool {
	return r.Left >= 0 && r.Bookings <= r.Opened && r.Bookings+r.Left == r.Opened
}

// AuditStocks counts the bookings of every stock in the database at a location, by name, over its own connection.
//
// Note: it counts rows, and does not believe what the stock says is booked.
func AuditStocks(ctx context.Context, location string) ([]StockRow, error) {
	var found []StockRow
	err := auditRows(ctx, location, auditStocks, func(scan func(...any) error) error {
		var row StockRow
		err := scan(&row.Name, &row.Opened, &row.Left, &row.Bookings)
		found = append(found, row)
		return err
	})
	return found, err
}

// BookingRow is one booking in the database.
type BookingRow struct {
	Number int64
	Email  string // of the person, normalised
	Stock  string
}

// AuditBookings returns every booking in the database at a location by number, over its own connection.
func AuditBookings(ctx context.Context, location string) ([]BookingRow, error) {
	var found []BookingRow
	err := auditRows(ctx, location, auditBookings, func(scan func(...any) error) error {
		var row BookingRow
		err := scan(&row.Number, &row.Email, &row.Stock)
		found = append(found, row)
		return err
	})
	return found, err
}

// auditRows calls one for each row of a query.
func auditRows(ctx context.Context, location, query string, one func(scan func(...any) error) error) (err error) {
	db, err := openToRead(location)
	if err != nil {
		return err
	}
	defer db.Close()
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return fmt.Errorf("audit %s: %w", Name(location), err)
	}
	defer func() { err = errors.Join(err, rows.Err(), rows.Close()) }()
	for rows.Next() {
		if err := one(rows.Scan); err != nil {
			return fmt.Errorf("audit %s: %w", Name(location), err)
		}
	}
	return nil
}
