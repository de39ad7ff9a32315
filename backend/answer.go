package backend

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/ombak-sim/ombak/backend/registry"
	"github.com/ombak-sim/ombak/backend/store"
)

// reply is a success: a status and the value sent as JSON.
type reply struct {
	status int
	body   any
}

// fault is a failure: an error in the code and an answer to the client.
type fault struct {
	status     int
	code       string
	message    string
	reasons    []string
	retryAfter time.Duration // 0 means none
}

func (f *fault) Error() string { return f.code + ": " + f.message }

func invalid(message string) *fault {
	return &fault{status: fasthttp.StatusUnprocessableEntity, code: "invalid", message: message}
}

// faultBody is the body of every failure.
type faultBody struct {
	Error struct {
		Code    string   `json:"code"`
		Message string   `json:"message"`
		Reasons []string `json:"reasons,omitempty"`
	} `json:"error"`
}

// storageRetry is the Retry-After of a full disk and of a service that is shutting down.
const storageRetry = 5 * time.Second

// asFault turns any error into an answer. An unknown error becomes a 500 without details.
func asFault(err error) *fault {
	var known *fault
	var busy *registry.BusyError
	switch {
	case errors.As(err, &known):
		return known
	case errors.As(err, &busy):
		return &fault{
			status: fasthttp.StatusServiceUnavailable, code: "registry_busy",
			message: "the registry is busy; try again later", retryAfter: max(busy.RetryAfter, time.Second),
		}
	case errors.Is(err, store.ErrStorage):
		return &fault{
			status: fasthttp.StatusServiceUnavailable, code: "storage",
			message: "nothing was saved; try again later", retryAfter: storageRetry,
		}
	case errors.Is(err, store.ErrUnknown), errors.Is(err, store.ErrOutOfOrder):
		return noSession() // the person was erased after the session was checked
	case errors.Is(err, store.ErrClosed), errors.Is(err, context.Canceled), errors.Is(err, registry.ErrLeft):
		return &fault{
			status: fasthttp.StatusServiceUnavailable, code: "closing",
			message: "the service is shutting down; try again later", retryAfter: storageRetry,
		}
	}
	return &fault{status: fasthttp.StatusInternalServerError, code: "internal", message: "internal error; try again later"}
}

func (f *fault) body() (body faultBody) {
	body.Error.Code, body.Error.Message, body.Error.Reasons = f.code, f.message, f.reasons
	return body
}

// writeFault answers with a failure.
func writeFault(ctx *fasthttp.RequestCtx, f *fault) {
	if f.retryAfter > 0 {
		seconds := int(math.Ceil(f.retryAfter.Seconds()))
		ctx.Response.Header.Set(fasthttp.HeaderRetryAfter, strconv.Itoa(seconds))
	}
	writeJSON(ctx, f.status, f.body())
}

// asJSON encodes a body. It panics if the body cannot be encoded.
func asJSON(body any) []byte {
	text, err := json.Marshal(body)
	if err != nil {
		panic("backend: cannot encode the body: " + err.Error())
	}
	return text
}

// writeJSON answers with a status and a JSON body.
func writeJSON(ctx *fasthttp.RequestCtx, status int, body any) {
	ctx.SetStatusCode(status)
	ctx.SetContentType("application/json")
	ctx.SetBody(asJSON(body))
}

// decode reads a JSON body and ignores unknown fields.
func decode(body []byte, into any) error {
	if len(body) > maxJSON {
		return &fault{status: fasthttp.StatusRequestEntityTooLarge, code: "too_large", message: "the body is too large"}
	}
	if err := json.Unmarshal(body, into); err != nil {
		return invalid("the body is not valid JSON for this request")
	}
	return nil
}
