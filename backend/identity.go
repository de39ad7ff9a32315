package backend

import (
	"errors"
	"strings"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/ombak-sim/ombak/backend/registry"
	"github.com/ombak-sim/ombak/backend/store"
)

// identity is the body of an identity check.
type identity struct {
	NIK       string `json:"nik"`
	KK        string `json:"kk"`
	BirthDate string `json:"birth_date"` // YYYY-MM-DD
	Name      string `json:"name"`
	birth     time.Time
}

// parseIdentity reads and checks an identity. It does not compare the NIK with the birth date: a NIK is never
// reissued, even if the date in it is wrong.
func parseIdentity(body []byte) (identity, error) {
	var i identity
	if err := decode(body, &i); err != nil {
		return i, err
	}
	i.NIK, i.KK = strings.TrimSpace(i.NIK), strings.TrimSpace(i.KK)
	if len(i.NIK) != 16 || !isDigits(i.NIK) {
		return i, invalid("nik must have 16 digits")
	}
	if len(i.KK) != 16 || !isDigits(i.KK) {
		return i, invalid("kk must have 16 digits")
	}
	var err error
	if i.birth, err = time.Parse(time.DateOnly, i.BirthDate); err != nil {
		return i, invalid("birth_date must have the form YYYY-MM-DD")
	}
	if i.Name, err = cleanName(i.Name); err != nil {
		return i, invalid(err.Error())
	}
	return i, nil
}

// person returns the person to look up in the registry.
func (i identity) person() registry.Person {
	return registry.Person{NIK: i.NIK, KK: i.KK, Name: i.Name, Birth: i.birth}
}

// nikTaken means that the registry confirms the identity, but another person has registered the NIK.
const nikTaken registry.Verdict = "nik_taken"

// giveIdentity queries the population registry and claims the NIK for the person if the registry confirms it.
func (s *Server) giveIdentity(ctx *fasthttp.RequestCtx, person store.Person) (reply, error) {
	claimed, err := parseIdentity(ctx.PostBody())
	if err != nil {
		return reply{}, err
	}
	verified := reply{fasthttp.StatusOK, statusBody{string(registry.Matched)}}
	if person.NIK == claimed.NIK {
		return verified, nil // verified by an earlier request
	}
	if person.NIK != "" {
		return reply{}, identitySettled()
	}
	if s.config.QueuedIdentity {
		return s.askLater(person, claimed)
	}
	verdict, err := s.dukcapil.Verify(s.tracing(ctx), claimed.person())
	if err != nil {
		return reply{}, err
	}
	if verdict != registry.Matched {
		return reply{}, refusedIdentity(verdict)
	}
	switch err = s.store.ClaimNIK(person.ID, claimed.NIK, claimed.BirthDate, s.config.Wall()); {
	case errors.Is(err, store.ErrNIKTaken):
		return reply{}, refusedIdentity(nikTaken)
	case errors.Is(err, store.ErrOutOfOrder):
		return reply{}, identitySettled() // by a concurrent request
	case err != nil:
		return reply{}, err
	}
	return verified, nil
}

// refusedIdentity is the answer to a negative verdict.
func refusedIdentity(said registry.Verdict) *fault {
	switch said {
	case nikTaken:
		return &fault{status: fasthttp.StatusConflict, code: string(nikTaken), message: "another person has registered this NIK"}
	case unanswered:
		return &fault{status: fasthttp.StatusUnprocessableEntity, code: unanswered, message: "the registry did not answer; give the identity again"}
	}
	return &fault{status: fasthttp.StatusUnprocessableEntity, code: string(said), message: "the registry does not confirm this identity"}
}

func identitySettled() *fault {
	return &fault{status: fasthttp.StatusConflict, code: "already_verified", message: "this person already has another verified NIK"}
}
