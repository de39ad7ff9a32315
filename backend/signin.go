package backend

import (
	"errors"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/ombak-sim/ombak/backend/store"
)

// signIn mails a link and a code to a known address. The answer to an unknown address is the same.
func (s *Server) signIn(ctx *fasthttp.RequestCtx) (reply, error) {
	var body struct {
		Email string `json:"email"`
	}
	if err := decode(ctx.PostBody(), &body); err != nil {
		return reply{}, err
	}
	email, err := normaliseEmail(body.Email)
	if err != nil {
		return reply{}, invalid(err.Error())
	}
	now := s.config.Wall()
	mailed, err := s.store.SignIn(store.SignIn{
		Email: email, Link: s.links.new(now.Add(s.config.LinkTTL)), At: now, MailPause: s.config.MailPause,
	})
	if err != nil {
		return reply{}, err
	}
	if mailed {
		s.outbox.Added()
	}
	return reply{fasthttp.StatusAccepted, statusBody{"accepted"}}, nil
}

// proof shows that a person reads the mails of an address: the token of the link, or the address and the code.
type proof struct {
	Token string `json:"token"`
	Email string `json:"email"`
	Code  string `json:"code"`
}

// personOf returns the person that a proof belongs to, and the link's secret.
func (s *Server) personOf(p proof, now time.Time) (person int64, secret []byte, err error) {
	if p.Token != "" || p.Code == "" {
		person, secret, err = parseToken(p.Token)
		if err != nil {
			err = store.ErrLinkUsed
		}
		return person, secret, err
	}
	email, err := normaliseEmail(p.Email)
	if err != nil {
		return 0, nil, store.ErrLinkUsed
	}
	if err := s.wrong.mail.try(time.Since(s.passwords.began)); err != nil {
		return 0, nil, err
	}
	person, nonce, err := s.store.TryLink(email, codeTries, now)
	if errors.Is(err, store.ErrTries) || err == nil && !sameCode(p.Code, s.links.code(nonce)) {
		return 0, nil, store.ErrLinkUsed
	}
	s.wrong.mail.right()
	return person, s.links.secret(nonce), err
}

// verifyEmail exchanges a proof for a session, both the first time and when a person returns.
func (s *Server) verifyEmail(ctx *fasthttp.RequestCtx) (reply, error) {
	var body proof
	if err := decode(ctx.PostBody(), &body); err != nil {
		return reply{}, err
	}
	now := s.config.Wall()
	person, err := s.prove(body, now)
	if err != nil {
		return reply{}, err
	}
	return s.session(person, now), nil
}

var errLinkUsed = &fault{status: fasthttp.StatusGone, code: "link_used_or_expired", message: "ask for another link"}

// prove uses up a proof and returns its person, whose address is then verified.
func (s *Server) prove(p proof, now time.Time) (int64, error) {
	person, secret, err := s.personOf(p, now)
	if err == nil {
		err = s.store.VerifyEmail(person, hashSecret(secret), now)
	}
	if errors.Is(err, store.ErrLinkUsed) {
		return 0, errLinkUsed
	}
	return person, err
}

func (s *Server) session(person int64, now time.Time) reply {
	return reply{fasthttp.StatusOK, sessionBody{s.sessions.issue(person, now.Add(s.config.SessionTTL))}}
}
