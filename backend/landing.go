package backend

import "github.com/valyala/fasthttp"

// htmlPage is a body that is sent as it is.
type htmlPage string

const landingPage htmlPage = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Registration</title>
<h1>Registration</h1>
<p>A reference service for load tests. Nobody real is registered here.</p>
<p>Programs sign people up with <code>POST /v1/signups</code>.</p>
</html>
`

func (s *Server) landing(*fasthttp.RequestCtx) (reply, error) {
	return reply{fasthttp.StatusOK, landingPage}, nil
}
