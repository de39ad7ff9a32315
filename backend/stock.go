package backend

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/valyala/fasthttp"

	"github.com/ombak-sim/ombak/backend/store"
)

// The routes whose path names a stock.
const (
	stocksPath   = "/v1/stocks/"
	stockPath    = stocksPath + "{name}"
	bookingsTail = "/bookings"
	bookingsPath = stockPath + bookingsTail
)

// routeOf returns the path of the route that serves a request's path, and the stock that the path names, or "".
func routeOf(path string) (route, stock string) {
	rest, is := strings.CutPrefix(path, stocksPath)
	if !is {
		return path, ""
	}
	stock, bookings := strings.CutSuffix(rest, bookingsTail)
	switch {
	case stock == "" || strings.Contains(stock, "/"):
		return path, ""
	case bookings:
		return bookingsPath, stock
	}
	return stockPath, stock
}

// Bounds of stocks.
const (
	longestStock = 64            // characters of a name
	largestStock = 1_000_000_000 // how many there are
)

// isStock reports whether a text may be the name of a stock, which stands in paths and metrics as it is.
func isStock(name string) bool {
	for i := range len(name) {
		c := name[i]
		plain := isAlphanumeric(c) || 'A' <= c && c <= 'Z'
		if !plain && (i == 0 || strings.IndexByte("._:-", c) < 0) {
			return false
		}
	}
	return name != "" && len(name) <= longestStock
}

// stockOf returns the stock that a request is about.
func stockOf(ctx *fasthttp.RequestCtx) (string, error) {
	if _, name := routeOf(string(ctx.Path())); isStock(name) {
		return name, nil
	}
	return "", invalid(stockNames)
}

const stockNames = "the name of a stock has 1 to 64 letters, digits and . _ : -, and begins with a letter or digit"

// publicStock is the public part of a stock.
type publicStock struct {
	Name  string `json:"name"`
	Count int    `json:"count"` // how many there are in all
	Left  int    `json:"left"`
}

// stock shows how many of a stock are left.
func (s *Server) stock(ctx *fasthttp.RequestCtx) (reply, error) {
	name, err := stockOf(ctx)
	if err != nil {
		return reply{}, err
	}
	stock, err := s.store.Stock(context.Background(), name)
	if err != nil {
		return reply{}, stockFault(err)
	}
	return reply{fasthttp.StatusOK, publicStock{stock.Name, stock.Opened, stock.Left}}, nil
}

// stockFault returns the answer to a refusal of a stock. It leaves other errors alone.
func stockFault(err error) error {
	switch {
	case errors.Is(err, store.ErrSoldOut):
		return &fault{status: fasthttp.StatusConflict, code: "sold_out", message: "nothing is left; somebody may return a booking"}
	case errors.Is(err, store.ErrNoStock):
		return &fault{status: fasthttp.StatusNotFound, code: "unknown_stock", message: "there is no such stock"}
	case errors.Is(err, store.ErrNoBooking):
		return &fault{status: fasthttp.StatusNotFound, code: "no_booking", message: "you have not booked this"}
	}
	return err
}

type bookingBody struct {
	Stock   string `json:"stock"`
	Booking int64  `json:"booking"` // its number
}

// bookings returns the handler of bookings. Where guests may book, a request without a session is one of a guest.
func (s *Server) bookings() handler {
	signedIn, guest := s.signedIn(s.book), s.keyed(s.bookAsGuest)
	if !s.config.Guests {
		return signedIn
	}
	return func(ctx *fasthttp.RequestCtx) (reply, error) {
		if len(ctx.Request.Header.Peek(fasthttp.HeaderAuthorization)) > 0 {
			return signedIn(ctx)
		}
		return guest(ctx)
	}
}

// book books one of a stock for a person. A repeated request gets the same booking.
func (s *Server) book(ctx *fasthttp.RequestCtx, person store.Person) (reply, error) {
	name, err := stockOf(ctx)
	if err != nil {
		return reply{}, err
	}
	number, err := s.store.Book(person.ID, name, s.config.Wall())
	return s.booked(name, number, err)
}

// bookAsGuest books one of a stock for whoever gives name, address and phone. An unknown address is signed up with that.
func (s *Server) bookAsGuest(ctx *fasthttp.RequestCtx) (reply, error) {
	name, err := stockOf(ctx)
	if err != nil {
		return reply{}, err
	}
	guest, err := parseApplication(ctx.PostBody())
	if err != nil {
		return reply{}, err
	}
	now := s.config.Wall()
	number, mailed, err := s.store.BookAsGuest(store.SignUp{
		Email: guest.Email, Name: guest.Name, Phone: guest.Phone,
		Link: s.links.new(now.Add(s.config.LinkTTL)), At: now, MailPause: s.config.MailPause,
	}, name)
	if mailed {
		s.outbox.Added()
	}
	return s.booked(name, number, err)
}

// booked answers a booking.
func (s *Server) booked(name string, number int64, err error) (reply, error) {
	if errors.Is(err, store.ErrSoldOut) {
		s.instruments.soldOut.WithLabelValues(name).Inc()
	}
	if err != nil {
		return reply{}, stockFault(err)
	}
	return reply{fasthttp.StatusCreated, bookingBody{name, number}}, nil
}

// unbook returns a person's own booking to its stock.
func (s *Server) unbook(ctx *fasthttp.RequestCtx, person store.Person) (reply, error) {
	name, err := stockOf(ctx)
	if err != nil {
		return reply{}, err
	}
	if err := s.store.Unbook(person.ID, name); err != nil {
		return reply{}, stockFault(err)
	}
	return reply{fasthttp.StatusOK, statusBody{"returned"}}, nil
}

// parseStock reads how many there are of a stock, from a body on the admin listener.
func parseStock(body []byte) (count int, err error) {
	var order struct {
		Count *int `json:"count"`
	}
	if err := json.Unmarshal(body, &order); err != nil || order.Count == nil || *order.Count < 0 || *order.Count > largestStock {
		return 0, fmt.Errorf(`say how many there are in all, from 0 to %d, as in {"count":100}`, largestStock)
	}
	return *order.Count, nil
}
