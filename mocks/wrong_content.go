package mocks

import "github.com/valyala/fasthttp"

// wrongContent answers as gateways do that are configured for people: all is well, says the status.
func wrongContent(ctx *fasthttp.RequestCtx) {
	ctx.SetStatusCode(fasthttp.StatusOK)
	ctx.SetContentType("text/html; charset=utf-8")
	ctx.SetBodyString("<!DOCTYPE html><html><body><h1>Sedang dalam pemeliharaan</h1></body></html>\n")
}
