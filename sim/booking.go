package sim

import "fmt"

// MostStocks is the most stocks of the service that steps of one run may book of.
const MostStocks = 64

// book books one of a stock, counted from 1, for the person of a session. As in the reference backend, a person who has booked
// gets the same booking again, and a booking is declined if nothing is left.
func (m *model) book(slot int32, stock int) reply {
	held, left := &m.booked[slot], &m.shelves[stock-1]
	bit := uint64(1) << (stock - 1)
	switch {
	case *held&bit != 0:
		return accepted
	case *left == 0:
		return isFull
	}
	*held |= bit
	*left--
	return accepted
}

// forget begins a session, whose person has booked nothing.
func (m *model) forget(slot int32) {
	for len(m.booked) <= int(slot) {
		m.booked = append(m.booked, 0)
	}
	m.booked[slot] = 0
}

// validateStocks returns the first fault in what people can book.
func (c Config) validateStocks() error {
	if len(c.Stocks) > MostStocks {
		return fmt.Errorf("sim: steps book of %d stocks; at most %d are simulated", len(c.Stocks), MostStocks)
	}
	for i, count := range c.Stocks {
		if count < 0 {
			return fmt.Errorf("sim: stock %d has %d; it must be 0 or more", i+1, count)
		}
	}
	for i, stock := range c.Books {
		if stock < 0 || stock > len(c.Stocks) {
			return fmt.Errorf("sim: step %s books of stock %d of %d", c.Journey.Steps[i].Name, stock, len(c.Stocks))
		}
	}
	return nil
}
