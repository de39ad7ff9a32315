package backend

import (
	"context"
	"fmt"
	"time"

	"github.com/ombak-sim/ombak/backend/store"
	"github.com/valyala/fasthttp"
)

// adult is the least age to join, in years.
const adult = 18

type eligibilityBody struct {
	Eligible  bool `json:"eligible"`
	SocialAid bool `json:"social_aid"` // a preference for later, no refusal
}

// eligibility tells whether a person may join: of age and not a pupil. DTKS is asked only about those.
func (s *Server) eligibility(ctx *fasthttp.RequestCtx, person store.Person) (reply, error) {
	switch {
	case person.NIK == "":
		return reply{}, outOfOrder("identity_not_verified", "verify the identity first")
	case person.Eligible:
		return reply{fasthttp.StatusOK, eligibilityBody{true, person.SocialAid}}, nil
	}
	reasons, err := s.refusals(s.tracing(ctx), person)
	if err != nil {
		return reply{}, err
	}
	if len(reasons) > 0 {
		return reply{}, &fault{
			status: fasthttp.StatusUnprocessableEntity, code: "not_eligible",
			message: "one must be of age and not a pupil", reasons: reasons,
		}
	}
	var aid bool
	if s.dtks.registry != nil {
		if aid, err = s.dtks.registered(s.tracing(ctx), person.NIK); err != nil {
			return reply{}, err
		}
	}
	if err := s.store.SetEligible(person.ID, aid, time.Now()); err != nil {
		return reply{}, err
	}
	return reply{fasthttp.StatusOK, eligibilityBody{true, aid}}, nil
}

// refusals returns what speaks against a person.
func (s *Server) refusals(ctx context.Context, person store.Person) (reasons []string, err error) {
	birth, err := time.Parse(time.DateOnly, person.BirthDate)
	if err != nil {
		return nil, fmt.Errorf("the birth date of person %d in the database: %w", person.ID, err)
	}
	if age(birth, s.config.Now()) < adult {
		reasons = append(reasons, "age")
	}
	if s.dapodik.registry == nil {
		return reasons, nil
	}
	pupil, err := s.dapodik.active(ctx, person.NIK)
	if pupil {
		reasons = append(reasons, "pupil")
	}
	return reasons, err
}

// age returns the full years between a birth date and now in Jakarta (WIB, UTC+7). Who was born on
// 29 February grows older on 1 March.
func age(birth, now time.Time) int {
	now = now.In(time.FixedZone("WIB", 7*60*60))
	years := now.Year() - birth.Year()
	if now.Month() < birth.Month() || now.Month() == birth.Month() && now.Day() < birth.Day() {
		years--
	}
	return years
}
