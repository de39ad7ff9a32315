package backend

import (
	"errors"

	"github.com/valyala/fasthttp"

	"github.com/ombak-sim/ombak/backend/store"
)

// testQuestions is the number of answers in the motivation test; each answer is from 1 to 5.
const testQuestions = 10

type scoreBody struct {
	Score int `json:"score"` // percent
}

// submitTest takes the answers. The score is available later.
func (s *Server) submitTest(ctx *fasthttp.RequestCtx, person store.Person) (reply, error) {
	if !person.TestDue.IsZero() {
		return s.testResult(ctx, person) // the first answers count; submitting again only returns the result
	}
	var body struct {
		Answers []int `json:"answers"`
	}
	if err := decode(ctx.PostBody(), &body); err != nil {
		return reply{}, err
	}
	if len(body.Answers) != testQuestions {
		return reply{}, invalid("answers must be ten numbers from 1 to 5")
	}
	sum := 0
	for _, answer := range body.Answers {
		if answer < 1 || answer > 5 {
			return reply{}, invalid("answers must be ten numbers from 1 to 5")
		}
		sum += answer
	}
	err := s.store.SubmitTest(person.ID, sum*100/(5*testQuestions), s.config.Wall().Add(s.config.TestDelay))
	if err != nil && !errors.Is(err, store.ErrOutOfOrder) { // submitted by a concurrent request
		return reply{}, err
	}
	return reply{fasthttp.StatusAccepted, statusBody{"evaluating"}}, nil
}

// testResult returns the score, or 202 until it is available.
func (s *Server) testResult(_ *fasthttp.RequestCtx, person store.Person) (reply, error) {
	switch {
	case person.TestDue.IsZero():
		return reply{}, outOfOrder("test_not_taken", "take the test first")
	case s.evaluating(person):
		return reply{fasthttp.StatusAccepted, statusBody{"evaluating"}}, nil
	}
	return reply{fasthttp.StatusOK, scoreBody{person.TestScore}}, nil
}

// evaluating reports whether a person's score is not available yet.
func (s *Server) evaluating(person store.Person) bool {
	return holdsBy(person.TestDue, s.config.Wall(), s.config.TestDelay)
}
