package backend

import (
	"crypto/subtle"
	"errors"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/ombak-sim/ombak/backend/store"
)

// codeTries is the number of attempts at one code.
const codeTries = 5

// phoneCode returns the code that proves a phone.
func (s *Server) phoneCode(nonce []byte) string { return code(s.otpKey, nonce) }

// startOTP sends a code to the person's phone.
func (s *Server) startOTP(_ *fasthttp.RequestCtx, person store.Person) (reply, error) {
	if person.PhoneProved {
		return reply{fasthttp.StatusOK, statusBody{"verified"}}, nil
	}
	if !person.PhoneGiven {
		return reply{}, &fault{status: fasthttp.StatusForbidden, code: "phone_not_given", message: "give your phone with the profile; the phone of the sign-up may be another's"}
	}
	err := s.sendOTP(person.ID)
	switch {
	case errors.Is(err, store.ErrTooSoon):
		return reply{}, &fault{
			status: fasthttp.StatusTooManyRequests, code: "too_soon",
			message: "a code was sent moments ago; wait for it to arrive", retryAfter: s.config.OTPPause,
		}
	case err != nil:
		return reply{}, err
	}
	return reply{fasthttp.StatusAccepted, statusBody{"sent"}}, nil
}

// sendOTP queues a code for sending.
func (s *Server) sendOTP(person int64) error {
	now := s.config.Wall()
	err := s.store.StartOTP(person, newNonce(), now.Add(s.config.OTPTTL), now, s.config.OTPPause)
	if err == nil {
		s.sms.Added()
	}
	return err
}

// checkOTP checks a code. Every attempt is counted on disk before the code is compared.
func (s *Server) checkOTP(ctx *fasthttp.RequestCtx, person store.Person) (reply, error) {
	var body struct {
		Code string `json:"code"`
	}
	if err := decode(ctx.PostBody(), &body); err != nil {
		return reply{}, err
	}
	verified := reply{fasthttp.StatusOK, statusBody{"verified"}}
	if person.PhoneProved {
		return verified, nil
	}
	now := s.config.Wall()
	if err := s.wrong.phone.try(time.Since(s.passwords.began)); err != nil {
		return reply{}, err
	}
	nonce, err := s.store.TryOTP(person.ID, codeTries, now)
	if err == nil && !sameCode(body.Code, s.phoneCode(nonce)) {
		return reply{}, &fault{status: fasthttp.StatusUnprocessableEntity, code: "wrong_code", message: "this is not the latest code"}
	}
	s.wrong.phone.right()
	if err == nil {
		err = s.store.ConfirmPhone(person.ID, nonce, now)
	}
	switch {
	case errors.Is(err, store.ErrTries):
		return reply{}, &fault{status: fasthttp.StatusGone, code: "code_expired", message: "the code has expired or had too many attempts; ask for another"}
	case err != nil:
		return reply{}, err
	}
	return verified, nil
}

// sameCode compares two codes in constant time.
func sameCode(given, want string) bool {
	return subtle.ConstantTimeCompare([]byte(given), []byte(want)) == 1
}
