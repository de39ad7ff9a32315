package mocks

import (
	"net"

	"github.com/valyala/fasthttp"
)

// reset resets the connection instead of closing it normally.
func reset(ctx *fasthttp.RequestCtx) {
	cut(ctx.Conn())
	ctx.HijackSetNoResponse(true)
	ctx.Hijack(func(net.Conn) {}) // the server writes nothing and releases the connection
}

// cut closes a connection, with a reset if it is TCP.
func cut(conn net.Conn) {
	if wrapped, ok := conn.(interface{ Unwrap() net.Conn }); ok {
		cut(wrapped.Unwrap())
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // a broken connection needs no reset
	}
	_ = conn.Close() // it may be broken already
}
