package backend

import (
	"context"
	"fmt"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/ombak-sim/ombak/backend/store"
)

// adult is the minimum age to join, in years.
const adult = 18

type eligibilityBody struct {
	Eligible  bool `json:"eligible"`
	SocialAid bool `json:"social_aid"` // a preference in the selection; not a reason to refuse
}

// eligibility reports whether a person may join: the person is of age and no registry refuses. Registries that
// give a preference are queried only for the preference.
func (s *Server) eligibility(ctx *fasthttp.RequestCtx, person store.Person) (reply, error) {
	switch {
	case person.NIK == "":
		return reply{}, outOfOrder("identity_not_verified", "verify the identity first")
	case person.Eligible:
		return reply{fasthttp.StatusOK, eligibilityBody{true, person.SocialAid}}, nil
	}
	trace := s.tracing(ctx)
	reasons, err := s.refusals(trace, person)
	if err != nil {
		return reply{}, err
	}
	if len(reasons) > 0 {
		return reply{}, &fault{
			status: fasthttp.StatusUnprocessableEntity, code: "not_eligible",
			message: "applicants must be of age, and pupils may not join", reasons: reasons,
		}
	}
	aid, err := s.socialAid(trace, person)
	if err != nil {
		return reply{}, err
	}
	if err := s.store.SetEligible(person.ID, aid, s.config.Wall()); err != nil {
		return reply{}, err
	}
	return reply{fasthttp.StatusOK, eligibilityBody{true, aid}}, nil
}

// refusals returns the reasons to refuse a person: the age, and the first registry that refuses.
func (s *Server) refusals(ctx context.Context, person store.Person) (reasons []string, err error) {
	birth, err := time.Parse(time.DateOnly, person.BirthDate)
	if err != nil {
		return nil, fmt.Errorf("parse the stored birth date of person %d: %w", person.ID, err)
	}
	if age(birth, s.config.Now()) < adult {
		reasons = append(reasons, "age")
	}
	for _, asked := range s.questioned {
		if asked.Refuses == "" {
			continue
		}
		yes, err := asked.Ask(ctx, person.NIK)
		if yes {
			reasons = append(reasons, asked.Refuses)
		}
		if err != nil || len(reasons) > 0 {
			return reasons, err
		}
	}
	return reasons, nil
}

// socialAid reports whether a registry prefers the person.
func (s *Server) socialAid(ctx context.Context, person store.Person) (aid bool, err error) {
	for _, asked := range s.questioned {
		if asked.Refuses == "" && !aid && err == nil {
			aid, err = asked.Ask(ctx, person.NIK)
		}
	}
	return aid, err
}

// age returns the full years between a birth date and now in Jakarta (WIB, UTC+7). A person born on 29 February
// turns a year older on 1 March in common years.
func age(birth, now time.Time) int {
	now = now.In(time.FixedZone("WIB", 7*60*60))
	years := now.Year() - birth.Year()
	if now.Month() < birth.Month() || now.Month() == birth.Month() && now.Day() < birth.Day() {
		years--
	}
	return years
}
