package backend

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"github.com/ombak-sim/ombak/backend/registry"
	"github.com/ombak-sim/ombak/backend/store"
	"github.com/valyala/fasthttp"
)

// smsWorker hands short messages to the gateway.
type smsWorker struct {
	config  SMSConfig
	client  *fasthttp.Client
	retries retries
	code    func(nonce []byte) string
	log     *slog.Logger
}

var _ worker = (*smsWorker)(nil)

func (w *smsWorker) attempt(_ context.Context, jobs []store.Job) []outcome {
	return oneByOne(jobs, w.one)
}

// one sends one code. That the gateway took it does not mean that it arrives.
func (w *smsWorker) one(sms store.Job) outcome {
	sms.Attempts++
	status, pause := w.send(sms)
	switch {
	case status == fasthttp.StatusAccepted || status == fasthttp.StatusOK:
		return outcome{job: sms, state: store.JobDone}
	case status == 0 || status == fasthttp.StatusTooManyRequests || status >= fasthttp.StatusInternalServerError:
		w.log.Warn("SMS gateway in trouble", "status", status)
		return outcome{sms, w.retries.next(sms.Attempts), max(pause, w.retries.pause(sms.Attempts))}
	}
	w.log.Warn("short message refused for good", "status", status)
	return outcome{job: sms, state: store.JobDead}
}

// send returns the gateway's status, 0 for none, and when it wants to be asked again.
func (w *smsWorker) send(sms store.Job) (status int, pause time.Duration) {
	request, response := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(request)
	defer fasthttp.ReleaseResponse(response)
	text := fmt.Sprintf("%s is your code. Do not tell it to anybody.", w.code(sms.OTPNonce))
	body, err := json.Marshal(map[string]string{"to": sms.Phone, "text": text})
	if err != nil {
		return fasthttp.StatusBadRequest, 0
	}
	request.SetRequestURI(w.config.URL + "/sms/messages")
	request.Header.SetMethod(fasthttp.MethodPost)
	request.Header.SetContentType("application/json")
	request.SetBodyRaw(body)
	if err := w.client.DoTimeout(request, response, w.config.Timeout); err != nil {
		return 0, 0
	}
	return response.StatusCode(), registry.RetryAfter(response)
}

func (w *smsWorker) quit() { w.client.CloseIdleConnections() }

// openSMS makes the queue of short messages.
func (s *Server) openSMS(ctx context.Context) (err error) {
	c := s.config.SMS
	if s.sms, err = newQueue(ctx, store.JobSMS, "sms", s.store, s.config.Log); err != nil || c.URL == "" {
		return err
	}
	client := &fasthttp.Client{NoDefaultUserAgentHeader: true, MaxResponseBodySize: 1 << 16}
	s.sms.workers = c.Connections
	s.sms.hire = func() worker {
		return &smsWorker{c, client, retries{c.Backoff, c.BackoffMax, c.Attempts}, s.phoneCode, s.config.Log}
	}
	return nil
}
