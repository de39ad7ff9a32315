package backend

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/ombak-sim/ombak/backend/outbox"
	"github.com/ombak-sim/ombak/backend/registry"
	"github.com/ombak-sim/ombak/backend/store"
	"github.com/ombak-sim/ombak/resilience"
)

// unanswered is the verdict if the registry did not answer within the allowed attempts. The person may give the
// identity again.
const unanswered = "unanswered"

// questionWorker sends the deferred identity checks to the population registry.
type questionWorker struct {
	store    *store.Store
	registry *registry.Dukcapil
	deferred resilience.DeferConfig
	log      *slog.Logger
	wall     func() time.Time
}

// maxAttempts is the number of attempts to check one person.
const maxAttempts = 1000

var _ outbox.Worker = (*questionWorker)(nil)

// Attempt checks the identities one after another.
func (w *questionWorker) Attempt(ctx context.Context, jobs []store.Job) []outbox.Outcome {
	return outbox.OneByOne(jobs, func(job store.Job) outbox.Outcome { return w.one(ctx, job) })
}

func (w *questionWorker) one(ctx context.Context, question store.Job) outbox.Outcome {
	question.Attempts++
	verdict, err := w.ask(ctx, question)
	var busy *registry.BusyError
	switch {
	case err == nil:
		return outbox.Outcome{Job: question, State: store.JobDone}
	case ctx.Err() != nil:
		return outbox.Outcome{Job: question, State: store.JobPending}
	case !errors.As(err, &busy) && !errors.Is(err, store.ErrStorage):
		w.log.Error("give up an identity check", "error", err)
		return outbox.Outcome{Job: question, State: store.JobDead}
	}
	state := outbox.Retries{Attempts: maxAttempts}.Next(question.Attempts)
	if state == store.JobDead && verdict == "" {
		err = w.store.SetIdentity(question.Person, unanswered)
		if err != nil {
			w.log.Error("record that the registry did not answer", "error", err)
		}
	}
	pause := w.deferred.Again(question.Attempts)
	if busy != nil {
		pause = max(pause, busy.RetryAfter)
	}
	return outbox.Outcome{Job: question, State: state, Pause: pause}
}

// ask queries the registry and records its verdict.
func (w *questionWorker) ask(ctx context.Context, question store.Job) (registry.Verdict, error) {
	var claimed identity
	if err := json.Unmarshal(question.Payload, &claimed); err != nil {
		return "", err
	}
	var err error
	if claimed.birth, err = time.Parse(time.DateOnly, claimed.BirthDate); err != nil {
		return "", err
	}
	verdict, err := w.registry.Verify(ctx, claimed.person())
	if err != nil {
		return "", err
	}
	return verdict, record(w.store, question.Person, claimed, verdict, w.wall())
}

// record stores a verdict. If the registry confirms the identity, record claims the NIK.
func record(s *store.Store, person int64, claimed identity, verdict registry.Verdict, at time.Time) error {
	if verdict == registry.Matched {
		err := s.ClaimNIK(person, claimed.NIK, claimed.BirthDate, at)
		switch {
		case errors.Is(err, store.ErrNIKTaken):
			verdict = nikTaken
		case errors.Is(err, store.ErrOutOfOrder):
			return nil // verified in the meantime
		default:
			return err
		}
	}
	err := s.SetIdentity(person, string(verdict))
	if errors.Is(err, store.ErrOutOfOrder) {
		return nil
	}
	return err
}

// Quit does nothing: there is nothing to close.
func (w *questionWorker) Quit() {}

// openQuestions opens the queue of identity checks.
func (s *Server) openQuestions(ctx context.Context) (err error) {
	var crew outbox.Crew
	c := s.config
	if s.dukcapil != nil && c.QueuedIdentity {
		crew = outbox.Crew{Workers: c.Questions.Workers, Hire: func() outbox.Worker { return &questionWorker{s.store, s.dukcapil, c.Questions, c.Log, c.Wall} }}
		crew.Wall = c.Wall
	}
	s.questions, err = outbox.New(ctx, store.JobVerification, "questions", s.store, crew, c.Log)
	return err
}

// askLater queues the identity check and answers 202.
func (s *Server) askLater(person store.Person, claimed identity) (reply, error) {
	question, err := json.Marshal(claimed)
	if err != nil {
		return reply{}, err
	}
	pending := reply{fasthttp.StatusAccepted, statusBody{store.IdentityPending}}
	if person.Identity != store.IdentityPending && s.questions.Depth() >= s.config.Questions.Backlog {
		return reply{}, &registry.BusyError{RetryAfter: s.config.Questions.Pause, Reason: "too many identity checks are waiting"}
	}
	switch err := s.store.AskLater(person.ID, question, s.config.Wall()); {
	case errors.Is(err, store.ErrOutOfOrder):
		return pending, nil // queued already
	case err != nil:
		return reply{}, err
	}
	s.questions.Added()
	return pending, nil
}

// identityStatus returns the state of an identity check: 202 while it waits, 200 if the identity is confirmed,
// and otherwise the refusal that a direct check would have returned.
func (s *Server) identityStatus(_ *fasthttp.RequestCtx, person store.Person) (reply, error) {
	switch person.Identity {
	case "":
		return reply{}, outOfOrder("identity_not_given", "give the identity first")
	case store.IdentityPending:
		return reply{fasthttp.StatusAccepted, statusBody{store.IdentityPending}}, nil
	case store.IdentityVerified:
		return reply{fasthttp.StatusOK, statusBody{store.IdentityVerified}}, nil
	}
	return reply{}, refusedIdentity(registry.Verdict(person.Identity))
}
