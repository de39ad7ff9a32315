package mocks

import "github.com/valyala/fasthttp"

// wrongContent answers with a page for people and status 200, as some gateways do.
func wrongContent(ctx *fasthttp.RequestCtx) {
	ctx.SetStatusCode(fasthttp.StatusOK)
	ctx.SetContentType("text/html; charset=utf-8")
	ctx.SetBodyString("<!DOCTYPE html><html><body><h1>Sedang dalam pemeliharaan</h1></body></html>\n")
}
