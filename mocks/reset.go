package mocks

import (
	"net"

	"github.com/valyala/fasthttp"
)

// reset cuts the connection so that the other side learns of it by a reset, not by an end.
func reset(ctx *fasthttp.RequestCtx) {
	cut(ctx.Conn())
	ctx.HijackSetNoResponse(true)
	ctx.Hijack(func(net.Conn) {}) // the server writes nothing and lets go
}

// cut closes a connection by a reset where it is one of TCP.
func cut(conn net.Conn) {
	if wrapped, ok := conn.(interface{ Unwrap() net.Conn }); ok {
		cut(wrapped.Unwrap())
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // a connection that is gone already needs no reset
	}
	_ = conn.Close() // likewise
}
