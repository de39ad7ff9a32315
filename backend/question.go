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

// unanswered is the verdict on an identity when the registry was asked too often in vain; the person
// may ask again.
const unanswered = "unanswered"

// questionWorker asks the population registry what people left to be asked.
type questionWorker struct {
	store    *store.Store
	registry *registry.Dukcapil
	deferred resilience.DeferConfig
	log      *slog.Logger
}

// mostQuestions is how often a registry is asked about one person.
const mostQuestions = 1000

var _ outbox.Worker = (*questionWorker)(nil)

// Attempt asks one after another.
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
		w.log.Error("question given up", "error", err)
		return outbox.Outcome{Job: question, State: store.JobDead}
	}
	state := outbox.Retries{Attempts: mostQuestions}.Next(question.Attempts)
	if state == store.JobDead && verdict == "" {
		err = w.store.SetIdentity(question.Person, unanswered)
		if err != nil {
			w.log.Error("nobody is told that the registry does not answer", "error", err)
		}
	}
	pause := w.deferred.Again(question.Attempts)
	if busy != nil {
		pause = max(pause, busy.RetryAfter)
	}
	return outbox.Outcome{Job: question, State: state, Pause: pause}
}

// ask asks and records what the registry says.
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
	return verdict, record(w.store, question.Person, claimed, verdict)
}

// record keeps a verdict; on a yes the NIK is claimed.
func record(s *store.Store, person int64, claimed identity, said registry.Verdict) error {
	if said == registry.Matched {
		err := s.ClaimNIK(person, claimed.NIK, claimed.BirthDate, time.Now())
		switch {
		case errors.Is(err, store.ErrNIKTaken):
			said = nikTaken
		case errors.Is(err, store.ErrOutOfOrder):
			return nil // verified meanwhile
		default:
			return err
		}
	}
	err := s.SetIdentity(person, string(said))
	if errors.Is(err, store.ErrOutOfOrder) {
		return nil
	}
	return err
}

// Quit has nothing to close.
func (w *questionWorker) Quit() {}

// openQuestions makes the queue of questions to the registry.
func (s *Server) openQuestions(ctx context.Context) (err error) {
	var crew outbox.Crew
	c := s.config
	if s.dukcapil != nil && c.QueuedIdentity {
		crew = outbox.Crew{Workers: c.Questions.Workers, Hire: func() outbox.Worker { return &questionWorker{s.store, s.dukcapil, c.Questions, c.Log} }}
	}
	s.questions, err = outbox.New(ctx, store.JobVerification, "questions", s.store, crew, c.Log)
	return err
}

// askLater leaves the question and says so.
func (s *Server) askLater(person store.Person, claimed identity) (reply, error) {
	question, err := json.Marshal(claimed)
	if err != nil {
		return reply{}, err
	}
	pending := reply{fasthttp.StatusAccepted, statusBody{store.IdentityPending}}
	if person.Identity != store.IdentityPending && s.questions.Depth() >= s.config.Questions.Backlog {
		return reply{}, &registry.BusyError{RetryAfter: s.config.Questions.Pause, Reason: "too many wait to be checked"}
	}
	switch err := s.store.AskLater(person.ID, question, time.Now()); {
	case errors.Is(err, store.ErrOutOfOrder):
		return pending, nil // asked already
	case err != nil:
		return reply{}, err
	}
	s.questions.Added()
	return pending, nil
}

// identityStatus tells what has become of a question: 202 while it waits, 200 for a yes, and a no as
// the question itself would have had it.
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
