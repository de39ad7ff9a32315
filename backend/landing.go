package backend

import "github.com/valyala/fasthttp"

// htmlPage is a body that is sent as it is.
type htmlPage string

const landingPage htmlPage = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Registration</title>
<h1>Registration</h1>
<p>A reference service for load tests. Nobody real is registered here.</p>
<form method="post" action="/v1/signups"><input name="name"><input name="email" type="email"><input name="phone" type="tel"><button>Sign up</button></form>
</html>
`

func (s *Server) landing(*fasthttp.RequestCtx) (reply, error) {
	return reply{fasthttp.StatusOK, landingPage}, nil
}
