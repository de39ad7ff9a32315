package mocks

import (
	"encoding/json"

	"github.com/valyala/fasthttp"
)

const healthPath = "/healthz"

// withHealth answers the readiness path and passes other requests on.
func withHealth(next fasthttp.RequestHandler) fasthttp.RequestHandler {
	return func(ctx *fasthttp.RequestCtx) {
		if string(ctx.Path()) == healthPath {
			answer(ctx, fasthttp.StatusOK, map[string]string{"status": "ok"})
			return
		}
		next(ctx)
	}
}

// answer writes a value as JSON.
func answer(ctx *fasthttp.RequestCtx, status int, value any) {
	body, err := json.Marshal(value)
	if err != nil {
		fail(ctx, fasthttp.StatusInternalServerError, err.Error())
		return
	}
	ctx.SetStatusCode(status)
	ctx.SetContentType("application/json")
	ctx.SetBody(body)
}

// fail answers with an error text.
func fail(ctx *fasthttp.RequestCtx, status int, text string) {
	answer(ctx, status, map[string]string{"error": text})
}

// refuse answers a request that the station did not serve: 429 if the caller sends too many, 503 if the station
// has too many.
func refuse(ctx *fasthttp.RequestCtx, refusal Refusal) {
	status := fasthttp.StatusServiceUnavailable
	if refusal == RateExceeded || refusal == QuotaUsedUp {
		status = fasthttp.StatusTooManyRequests
	}
	fail(ctx, status, refusal.String())
}

// stopped answers a request that was still waiting when the mocks were closed.
func stopped(ctx *fasthttp.RequestCtx) {
	ctx.SetConnectionClose()
	fail(ctx, fasthttp.StatusServiceUnavailable, "the mock is stopping")
}
