package scenarios

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/ombak-sim/ombak/journey/funnel"
)

// The paths of the reference backend at which one of a stock is booked.
const (
	signUpPath   = "/v1/signups"
	stocksPath   = "/v1/stocks/"
	bookingsTail = "/bookings"
)

var stockForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$`)

// BookingPath returns the path at which the reference backend books one of a stock.
func BookingPath(stock string) string { return stocksPath + stock + bookingsTail }

// booked returns the stock of which a request to the reference backend books one, or "".
func (r *Request) booked() string {
	if r == nil || r.Target != "backend" || r.Method != "POST" {
		return ""
	}
	rest, is := strings.CutPrefix(r.Path, stocksPath)
	stock, books := strings.CutSuffix(rest, bookingsTail)
	if !is || !books || !stockForm.MatchString(stock) { // a template names another stock for each person
		return ""
	}
	return stock
}

// SignsUp reports whether the reference backend keeps whoever it answers with a yes: a sign-up, or the booking of a guest.
func (r *Request) SignsUp() bool {
	if r == nil || r.Target != "backend" || r.Method != "POST" {
		return false
	}
	books := strings.HasPrefix(r.Path, stocksPath) && strings.HasSuffix(r.Path, bookingsTail)
	return r.Path == signUpPath || books && !r.hasSession()
}

// hasSession reports whether a request says who sends it.
func (r *Request) hasSession() bool {
	for name := range r.Headers {
		if strings.EqualFold(name, "Authorization") {
			return true
		}
	}
	return false
}

// BookedStocks returns the names of the stocks that steps book, in order.
func (s *Scenario) BookedStocks() []string {
	named := map[string]bool{}
	for _, step := range s.Journey {
		if step.Book != "" {
			named[step.Book] = true
		}
	}
	return slices.Sorted(maps.Keys(named))
}

// validateBookings reports wrong stocks, and steps that would not book the same live and simulated.
func (s *Scenario) validateBookings() {
	s.bound("backend.stocks", len(s.Backend.Stocks), longestList)
	for _, name := range slices.Sorted(maps.Keys(s.Backend.Stocks)) {
		place := join("backend.stocks", name)
		if !stockForm.MatchString(name) {
			s.source.faultAt(place, "use 1 to 64 letters, digits and . _ : -, with a letter or digit first", "the name %q is not valid", name)
		}
		if s.Backend.Stocks[name] < 1 {
			s.source.faultAt(place, "give how many there are, 1 or more", "a stock cannot have %d", s.Backend.Stocks[name])
		}
		s.bound(place, s.Backend.Stocks[name], mostWaiting)
	}
	for i := range s.Journey {
		s.validateBookingOf(&s.Journey[i], s.StepPath(i))
	}
}

func (s *Scenario) validateBookingOf(step *Step, path string) {
	asked := step.Request.booked()
	switch {
	case step.Book == "" && asked == "":
	case step.Book == "":
		s.source.faultAt(path, "add book: "+asked, "the request books of a stock, and a simulation would not know it")
	case !has(s.Backend.Stocks, step.Book):
		s.source.faultAt(path+".book", hintWord(step.Book, keys(s.Backend.Stocks)), "backend.stocks has no %q", step.Book)
	case step.Kind == funnel.Await:
		s.source.faultAt(path+".book", "remove it", "a step of kind await asks nothing of the service")
	case step.Request != nil && step.Request.Target == "backend" && asked != step.Book:
		s.source.faultAt(path+".request", "send POST "+BookingPath(step.Book), "the step books of %s, and its request does not", step.Book)
	case asked != "" && !step.Request.hasSession() && !s.Backend.Guests:
		s.source.faultAt(path+".request", `add headers: {Authorization: "Bearer ${got.session}"}, or let anybody book with backend: {guests: true}`, "the request to book has no session")
	}
}

// validateGeneric reports unknown words for how people prove themselves and where they live.
func (s *Scenario) validateGeneric() {
	if s.Backend.Proof != "" {
		s.oneOf("backend.proof", s.Backend.Proof, proofs)
	}
	if s.Backend.Proof == proofBySMS && !slices.ContainsFunc(slices.Collect(maps.Values(s.Dependencies)), func(d Dependency) bool { return d.Kind == "sms" }) {
		s.source.faultAt("backend.proof", "add a dependency of kind sms", "no dependency carries short messages")
	}
	if s.Population.Locale != "" {
		s.oneOf("population.locale", s.Population.Locale, locales)
	}
}

const proofBySMS = "sms"

var (
	proofs  = []string{"mail", proofBySMS}
	locales = []string{"id", "en", "in"}
)
