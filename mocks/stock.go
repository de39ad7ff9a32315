package mocks

import (
	"cmp"
	"fmt"
	"sync/atomic"

	"github.com/valyala/fasthttp"
	"google.golang.org/grpc/codes"
)

// Stock is what the answers of a route use up. Every answer takes one when it is ready, and further requests get the
// status or, over gRPC, the code. An answer that a fault spoils, or whose caller has left meanwhile, has been taken too.
type Stock struct {
	Count  int    `yaml:"count" json:"count"`
	Status int    `yaml:"status,omitempty" json:"status,omitempty"` // 0 means 409
	Code   string `yaml:"code,omitempty" json:"code,omitempty"`     // empty means FAILED_PRECONDITION
}

// validate returns the first mistake of a stock, which may be nil.
func (s *Stock) validate() error {
	switch {
	case s == nil:
		return nil
	case s.Count < 1:
		return fmt.Errorf("a stock of %d; give 1 or more", s.Count)
	case s.Status != 0 && (s.Status < 400 || s.Status > 499):
		return fmt.Errorf("a stock that is used up is answered with %d; use 400 to 499", s.Status)
	case s.Code != "":
		_, err := codeOf(s.Code)
		return err
	}
	return nil
}

// shelf holds what is left of a route's stock.
type shelf struct {
	Stock
	path string
	left atomic.Int64
}

// fill puts the whole stock back.
func (s *shelf) fill() { s.left.Store(int64(s.Count)) }

// take takes one, and returns false if none is left.
func (s *shelf) take() bool {
	for {
		left := s.left.Load()
		if left <= 0 {
			return false
		}
		if s.left.CompareAndSwap(left, left-1) {
			return true
		}
	}
}

// shelves returns a shelf for every route with a stock.
func shelves(routes []Route) map[*Route]*shelf {
	all := map[*Route]*shelf{}
	for i := range routes {
		if stock := routes[i].Stock; stock != nil {
			all[&routes[i]] = &shelf{Stock: *stock, path: routes[i].Path}
			all[&routes[i]].fill()
		}
	}
	return all
}

// takes takes what the answer of a route uses up. It notes what is left in the entry of the journal, and returns false
// if none was left.
func (g *generic) takes(route *Route, entry *Entry) bool {
	shelf, stocked := g.shelves[route]
	if !stocked {
		return true
	}
	taken := shelf.take()
	left := shelf.left.Load()
	entry.StockLeft = &left
	return taken
}

// soldOut answers a request for which nothing is left.
func soldOut(ctx *fasthttp.RequestCtx, stock *Stock) {
	fail(ctx, cmp.Or(stock.Status, fasthttp.StatusConflict), "the stock is used up")
}

// soldOutCode returns the code of a call for which nothing is left.
func soldOutCode(stock *Stock) codes.Code {
	if code, err := codeOf(stock.Code); err == nil {
		return code
	}
	return codes.FailedPrecondition
}

// refill fills all shelves of a mock and begins to count its requests anew.
func (g *generic) refill() {
	for _, shelf := range g.shelves {
		shelf.fill()
	}
	g.served.Store(0)
}

// StockView is what is left of the stock of a route.
type StockView struct {
	Mock  string `json:"mock"`
	Path  string `json:"path"`
	Count int    `json:"count"`
	Left  int64  `json:"left"`
}

// Stocks returns what is left of every stock, in the order of the mocks and their routes.
func (m *Mocks) Stocks() []StockView {
	views := []StockView{}
	for _, part := range m.parts {
		if part.generic == nil {
			continue
		}
		for i := range part.generic.config.Routes {
			if shelf, stocked := part.generic.shelves[&part.generic.config.Routes[i]]; stocked {
				views = append(views, StockView{Mock: part.name, Path: shelf.path, Count: shelf.Count, Left: shelf.left.Load()})
			}
		}
	}
	return views
}

// Reset fills the stocks of a mock and empties its journal. An empty name means every mock. It reports whether there is
// such a mock. Queues, quotas, faults and mailboxes stay as they are.
func (m *Mocks) Reset(name string) bool {
	found := name == ""
	for _, part := range m.parts {
		if name != "" && part.name != name {
			continue
		}
		found = true
		part.journal.clear()
		if part.generic != nil {
			part.generic.refill()
		}
	}
	return found
}
