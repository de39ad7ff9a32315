package mocks

import (
	"io"
	"net"

	"github.com/valyala/fasthttp"
)

// swallow reads everything on the connection and never answers. It ends when the client closes the connection
// or the mocks stop.
func swallow(ctx *fasthttp.RequestCtx) {
	ctx.HijackSetNoResponse(true)
	ctx.Hijack(func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) })
}
