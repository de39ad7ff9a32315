package backend

import (
	"errors"

	"github.com/valyala/fasthttp"

	"github.com/ombak-sim/ombak/backend/store"
)

type batchBody struct {
	Batch int `json:"batch"`
}

// join gives a person a place in the current batch.
func (s *Server) join(_ *fasthttp.RequestCtx, person store.Person) (reply, error) {
	switch {
	case person.NIK == "":
		return reply{}, outOfOrder("identity_not_verified", "verify the identity first")
	case !person.Eligible:
		return reply{}, outOfOrder("eligibility_not_checked", "ask for eligibility first")
	}
	for _, step := range s.config.Required {
		if !s.hasDone(person, step) {
			return reply{}, outOfOrder(step+"_missing", "complete the step "+step+" first")
		}
	}
	batch, err := s.store.Join(person.ID, s.config.Wall())
	switch {
	case errors.Is(err, store.ErrBatchFull):
		return reply{}, &fault{status: fasthttp.StatusConflict, code: "batch_full", message: "the batch is full; wait for the next"}
	case err != nil:
		return reply{}, err
	}
	return reply{fasthttp.StatusCreated, batchBody{batch}}, nil
}

// requirable lists the steps that a config may require before joining.
var requirable = [...]string{"profile", "photo", "otp", "statement", "test"}

// hasDone reports whether a person has completed a step.
func (s *Server) hasDone(person store.Person, step string) bool {
	switch step {
	case "profile":
		return person.Profile
	case "photo":
		return person.Photo != ""
	case "otp":
		return person.PhoneProved
	case "statement":
		return person.Statement
	case "test":
		return !person.TestDue.IsZero() && !s.evaluating(person)
	}
	return false
}
