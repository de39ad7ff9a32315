package backend

import (
	"errors"
	"time"

	"github.com/ombak-sim/ombak/backend/store"
	"github.com/valyala/fasthttp"
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
	batch, err := s.store.Join(person.ID, time.Now())
	switch {
	case errors.Is(err, store.ErrBatchFull):
		return reply{}, &fault{status: fasthttp.StatusConflict, code: "batch_full", message: "the batch is full; wait for the next"}
	case err != nil:
		return reply{}, err
	}
	return reply{fasthttp.StatusCreated, batchBody{batch}}, nil
}

// meBody is how far a person has come.
type meBody struct {
	Email    string `json:"email"`
	Identity bool   `json:"identity_verified"`
	Photo    bool   `json:"photo"`
	Eligible bool   `json:"eligible"`
	Batch    int    `json:"batch,omitempty"` // absent before joining
}

func (s *Server) me(_ *fasthttp.RequestCtx, person store.Person) (reply, error) {
	return reply{fasthttp.StatusOK, meBody{person.Email, person.NIK != "", person.Photo != "", person.Eligible, person.Batch}}, nil
}
