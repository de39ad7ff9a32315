package backend

import (
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/valyala/fasthttp"

	"github.com/ombak-sim/ombak/backend/store"
)

// application is the body of a sign-up.
type application struct {
	Name     string `json:"name"`
	Email    string `json:"email"`
	Phone    string `json:"phone"`
	Password string `json:"password,omitempty"`
}

type statusBody struct {
	Status string `json:"status"`
}

// signUp gives the same answer to a new address, a known one and a verified one, so that it does not reveal who
// is registered.
func (s *Server) signUp(ctx *fasthttp.RequestCtx) (reply, error) {
	applicant, err := parseApplication(ctx.PostBody())
	if err != nil {
		return reply{}, err
	}
	hash := ""
	if s.config.Passwords == PasswordAtSignUp {
		if err := checkPassword(applicant.Password); err != nil {
			return reply{}, err
		}
		if hash, err = s.passwords.hash(applicant.Password); err != nil {
			return reply{}, err
		}
	}
	now := s.config.Wall()
	mailed, err := s.store.SignUp(store.SignUp{
		Email: applicant.Email, Name: applicant.Name, Phone: applicant.Phone, Password: hash,
		Link: s.links.new(now.Add(s.config.LinkTTL)), At: now, MailPause: s.config.MailPause,
	})
	if err != nil {
		return reply{}, err
	}
	if mailed {
		s.outbox.Added()
	}
	return reply{fasthttp.StatusAccepted, statusBody{"accepted"}}, nil
}

// parseApplication reads, checks and normalises a sign-up.
func parseApplication(body []byte) (application, error) {
	var a application
	if err := decode(body, &a); err != nil {
		return a, err
	}
	email, err := normaliseEmail(a.Email)
	if err != nil {
		return a, invalid(err.Error())
	}
	a.Email = email
	if a.Name, err = cleanName(a.Name); err != nil {
		return a, invalid(err.Error())
	}
	a.Phone = strings.TrimSpace(a.Phone)
	if !isPhone(a.Phone) {
		return a, errPhone
	}
	return a, nil
}

// cleanName trims a name and checks that it is one line of text and not an address, because mails greet with
// it.
func cleanName(name string) (string, error) {
	name = strings.TrimSpace(name)
	if n := utf8.RuneCountInString(name); n < 1 || n > 100 || strings.ContainsFunc(name, isHidden) || strings.ContainsAny(name, "/:@<>") {
		return "", errors.New("name must be 1 to 100 characters on one line, without / : @ < >")
	}
	return name, nil
}

// isHidden reports whether a character breaks a line or cannot be seen: controls, formats such as zero-width spaces, and the
// separators of lines and paragraphs.
func isHidden(r rune) bool {
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Zl, unicode.Zp) || r == utf8.RuneError || unicode.Is(unicode.Variation_Selector, r)
}

var errPhone = invalid("phone must have 8 to 15 digits, with an optional leading +")

// isPhone reports whether a text may be a national or international number of the ITU-T E.164 plan.
func isPhone(text string) bool {
	digits := strings.TrimPrefix(text, "+")
	return len(digits) >= 8 && len(digits) <= 15 && isDigits(digits)
}

func isDigits(text string) bool {
	return strings.Trim(text, "0123456789") == ""
}
