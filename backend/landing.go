package backend

import (
	"errors"
	"html"

	"github.com/valyala/fasthttp"
)

// htmlPage is a body that is sent unchanged.
type htmlPage string

const landingPage htmlPage = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Registration</title>
<h1>Registration</h1>
<p>A reference service for load tests. It holds no real people.</p>
<p>Programs sign people up with <code>POST /v1/signups</code>.</p>
</html>
`

func (s *Server) landing(*fasthttp.RequestCtx) (reply, error) {
	return reply{fasthttp.StatusOK, landingPage}, nil
}

// linkPath is the page that a mailed link opens in a browser. Programs send the token to
// /v1/email-verifications.
const linkPath = "/verify"

// linkPage asks for a click. Mail scanners follow links before people do, and would use up this one.
func (s *Server) linkPage(ctx *fasthttp.RequestCtx) (reply, error) {
	token := html.EscapeString(string(ctx.QueryArgs().Peek("token")))
	return reply{fasthttp.StatusOK, page("Confirm your address", `<form method="post" action="`+linkPath+`">
<input type="hidden" name="token" value="`+token+`">
<button>This is my address</button>
</form>`)}, nil
}

// useLink handles the click.
func (s *Server) useLink(ctx *fasthttp.RequestCtx) (reply, error) {
	_, err := s.prove(proof{Token: string(ctx.PostArgs().Peek("token"))}, s.config.Wall())
	switch {
	case errors.Is(err, errLinkUsed):
		return reply{fasthttp.StatusGone, page("This link no longer works", "<p>It has been used or has expired. Sign in with your address to receive another.</p>")}, nil
	case err != nil:
		return reply{}, err
	}
	return reply{fasthttp.StatusOK, page("Your address is confirmed", "<p>You can go back to where you signed up, and sign in.</p>")}, nil
}

func page(title, body string) htmlPage {
	return htmlPage("<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><title>" + title + "</title>\n<h1>" + title + "</h1>\n" + body + "\n</html>\n")
}
