package backend

import (
	"encoding/json"
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/valyala/fasthttp"

	"github.com/ombak-sim/ombak/backend/store"
)

// profile is what a person states besides the identity. Name and phone of the sign-up may be anybody's: who has proved
// the address confirms or replaces them here.
type profile struct {
	contact
	Address    string `json:"address"`
	Education  string `json:"education"`
	Occupation string `json:"occupation"`
}

type contact struct {
	Name  string `json:"name,omitempty"`
	Phone string `json:"phone,omitempty"`
}

// check checks and normalises what is given.
func (c *contact) check() (err error) {
	if c.Name != "" {
		if c.Name, err = cleanName(c.Name); err != nil {
			return invalid(err.Error())
		}
	}
	if c.Phone = strings.TrimSpace(c.Phone); c.Phone != "" && !isPhone(c.Phone) {
		return errPhone
	}
	return nil
}

// setProfile stores the encrypted profile and may be called again. It sends a code to a
// phone that the owner of the address has given, if an SMS gateway is configured.
func (s *Server) setProfile(ctx *fasthttp.RequestCtx, person store.Person) (reply, error) {
	var p profile
	if err := decode(ctx.PostBody(), &p); err != nil {
		return reply{}, err
	}
	for _, field := range []*string{&p.Address, &p.Education, &p.Occupation} {
		*field = strings.TrimSpace(*field)
		if n := utf8.RuneCountInString(*field); n < 1 || n > 200 || strings.ContainsFunc(*field, unicode.IsControl) {
			return reply{}, invalid("address, education and occupation must each be 1 to 200 characters on one line")
		}
	}
	given := p.contact
	if err := given.check(); err != nil {
		return reply{}, err
	}
	p.contact = contact{} // kept once, with the person
	text, err := json.Marshal(p)
	if err == nil {
		err = s.store.SetProfile(person.ID, text, store.Contact(given), s.config.Wall())
	}
	same := given.Phone == "" || given.Phone == person.Phone
	if err == nil && (given.Phone != "" || person.PhoneGiven) && !(person.PhoneProved && same) && s.config.SMS.URL != "" {
		err = s.sendOTP(person.ID)
		if errors.Is(err, store.ErrTooSoon) {
			err = nil // the previous code is on its way
		}
	}
	return reply{fasthttp.StatusOK, statusBody{"kept"}}, err
}

// declarations are what every applicant must declare.
type declarations struct {
	Truthful     bool `json:"truthful"`      // all data is true
	NotOfficial  bool `json:"not_official"`  // not a civil servant, soldier, police officer or member of parliament
	TermsOfUse   bool `json:"terms_of_use"`  // read and accepted
	NotEnrolled  bool `json:"not_enrolled"`  // neither at school nor at college
	DataTransfer bool `json:"data_transfer"` // the registries may be queried
}

// statement records the declarations. All of them are required to continue.
func (s *Server) statement(ctx *fasthttp.RequestCtx, person store.Person) (reply, error) {
	var d declarations
	if err := decode(ctx.PostBody(), &d); err != nil {
		return reply{}, err
	}
	if d != (declarations{true, true, true, true, true}) {
		return reply{}, &fault{status: fasthttp.StatusUnprocessableEntity, code: "not_declared", message: "every declaration must be made"}
	}
	return reply{fasthttp.StatusOK, statusBody{"made"}}, s.store.SetStatement(person.ID, s.config.Wall())
}
