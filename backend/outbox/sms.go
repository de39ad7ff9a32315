package outbox

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/ombak-sim/ombak/backend/registry"
	"github.com/ombak-sim/ombak/backend/store"
)

// smsWorker sends short messages through the gateway.
type smsWorker struct {
	config  SMSConfig
	client  *fasthttp.Client
	retries Retries
	code    func(store.Job) string
	log     *slog.Logger
}

var _ Worker = (*smsWorker)(nil)

// Attempt sends messages one after another.
func (w *smsWorker) Attempt(_ context.Context, jobs []store.Job) []Outcome {
	return OneByOne(jobs, w.one)
}

// one sends one code. Acceptance by the gateway does not mean delivery.
func (w *smsWorker) one(sms store.Job) Outcome {
	sms.Attempts++
	status, pause := w.send(sms)
	switch {
	case status == fasthttp.StatusAccepted || status == fasthttp.StatusOK:
		return Outcome{Job: sms, State: store.JobDone}
	case status == 0 || status == fasthttp.StatusTooManyRequests || status >= fasthttp.StatusInternalServerError:
		w.log.Warn("SMS gateway failed", "status", status)
		return Outcome{sms, w.retries.Next(sms.Attempts), max(pause, w.retries.Pause(sms.Attempts))}
	}
	w.log.Warn("short message rejected permanently", "status", status)
	return Outcome{Job: sms, State: store.JobDead}
}

// send returns the gateway's status (0 if there is none) and its Retry-After.
func (w *smsWorker) send(sms store.Job) (status int, pause time.Duration) {
	request, response := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(request)
	defer fasthttp.ReleaseResponse(response)
	text := fmt.Sprintf(wordsOf(w.config.Locale).code, w.code(sms))
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

// Quit closes the connections.
func (w *smsWorker) Quit() { w.client.CloseIdleConnections() }

// NewSMS returns the queue that sends jobs of a kind as short messages. The function code returns the code of a job.
func NewSMS(ctx context.Context, kind store.JobKind, name string, config SMSConfig, s *store.Store, code func(store.Job) string, wall func() time.Time, log *slog.Logger) (*Queue, error) {
	client := &fasthttp.Client{NoDefaultUserAgentHeader: true, MaxResponseBodySize: 1 << 16}
	crew := Crew{Workers: config.Connections, Hire: func() Worker {
		return &smsWorker{config, client, Retries{config.Backoff, config.BackoffMax, config.Attempts}, code, log}
	}}
	if config.URL == "" {
		crew = Crew{}
	}
	crew.Wall = wall
	return New(ctx, kind, name, s, crew, log)
}
