package backend

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/valyala/fasthttp"

	"github.com/ombak-sim/ombak/backend/store"
)

// Limits of bodies, in bytes.
const (
	maxJSON  = 16 << 10
	maxPhoto = 2 << 20
	// Limits on what is read at all. Above them the connection is closed while the client still writes, and the
	// client may see a reset instead of the 413. A form holds a photo, a selfie, and what is around them.
	maxPhotoBody = 2*maxPhoto + maxJSONBody
	maxJSONBody  = 64 << 10
)

const photosPath = "/v1/photos"

// limitBody returns the largest body that is read, in bytes. Only photos may be large, and only with a session:
// the body is in memory before its handler runs.
func (s *Server) limitBody(header *fasthttp.RequestHeader) int {
	path, _, _ := bytes.Cut(header.RequestURI(), []byte("?"))
	if string(path) != photosPath {
		return maxJSONBody
	}
	if _, err := s.holder(header); err != nil {
		return maxJSONBody
	}
	return maxPhotoBody
}

// handler answers one request. asFault turns an error into an answer.
type handler func(*fasthttp.RequestCtx) (reply, error)

// methods maps each method of a path to its handler.
type methods map[string]handler

// routes returns the handlers of every path.
func (s *Server) routes() map[string]methods {
	const get, post, put, drop = fasthttp.MethodGet, fasthttp.MethodPost, fasthttp.MethodPut, fasthttp.MethodDelete
	routes := map[string]methods{
		"/":                           {get: s.landing},
		"/openapi.json":               {get: s.openAPI},
		linkPath:                      {get: s.linkPage, post: s.useLink},
		"/v1/signups":                 {post: s.keyed(s.signUp)},
		"/v1/sign-ins":                {post: s.keyed(s.signIn)},
		"/v1/email-verifications":     {post: s.verifyEmail},
		"/v1/profile":                 {put: s.signedIn(s.setProfile)},
		photosPath:                    {post: s.signedIn(s.photo)},
		"/v1/otp":                     {post: s.signedIn(s.startOTP)},
		"/v1/otp/verifications":       {post: s.signedIn(s.checkOTP)},
		"/v1/statement":               {post: s.signedIn(s.statement)},
		"/v1/test":                    {post: s.signedIn(s.submitTest), get: s.signedIn(s.testResult)},
		"/v1/eligibility":             {post: s.signedIn(s.eligibility)},
		"/v1/batches":                 {get: s.batch},
		"/v1/batches/current/members": {post: s.signedIn(s.join)},
		stockPath:                     {get: s.stock},
		bookingsPath:                  {post: s.bookings(), drop: s.signedIn(s.unbook)},
		"/v1/me":                      {get: s.signedIn(s.me), drop: s.signedIn(s.erase)},
	}
	if s.dukcapil != nil {
		routes["/v1/identity"] = methods{post: s.signedIn(s.giveIdentity), get: s.signedIn(s.identityStatus)}
	}
	if s.config.Passwords != "" {
		routes["/v1/password"] = methods{put: s.signedIn(s.setPassword)}
		routes["/v1/sessions"] = methods{post: s.passwordSession}
	}
	return routes
}

// route is a path's label in metrics and its handlers. The label is shared, so no request copies the path.
type route struct {
	label   string
	methods methods
}

// serveHTTP returns the function that answers every request.
func (s *Server) serveHTTP(routes map[string]methods) fasthttp.RequestHandler {
	named := make(map[string]route, len(routes))
	for path, methods := range routes {
		named[path] = route{path, methods}
	}
	return func(ctx *fasthttp.RequestCtx) {
		s.inFlight.Add(1)
		defer s.inFlight.Add(-1)
		if ctx.IsPost() || ctx.IsPut() {
			defer s.bodies.done(&ctx.Request.Header)
		}
		route, known := named[string(ctx.Path())]
		if !known {
			path, _ := routeOf(string(ctx.Path()))
			route, known = named[path]
		}
		handle, allowed := route.methods[string(ctx.Method())]
		switch {
		case !known:
			route.label = "other"
			writeFault(ctx, &fault{status: fasthttp.StatusNotFound, code: "unknown_route", message: "no such path"})
		case !allowed:
			allow := strings.Join(slices.Sorted(maps.Keys(route.methods)), ", ")
			ctx.Response.Header.Set(fasthttp.HeaderAllow, allow)
			writeFault(ctx, &fault{status: fasthttp.StatusMethodNotAllowed, code: "wrong_method", message: "use " + allow})
		case (ctx.IsPost() || ctx.IsPut()) && len(ctx.Request.Header.ContentEncoding()) > 0: // a kilobyte may decompress to a megabyte
			writeFault(ctx, &fault{status: fasthttp.StatusUnsupportedMediaType, code: "encoded", message: "send the body without Content-Encoding"})
		default:
			s.answer(ctx, handle)
		}
		if route.label == photosPath {
			ctx.Request.SwapBody(nil) // otherwise each connection would keep memory for a photo
		}
		secure(ctx)
		s.instruments.answered.WithLabelValues(route.label, statusLabel(ctx.Response.StatusCode())).Inc()
	}
}

// secure sets the headers that restrict what a browser does with an answer (ASVS 5.0, chapter 3).
func secure(ctx *fasthttp.RequestCtx) {
	header := &ctx.Response.Header
	set := func(name, value string) { header.SetCanonical([]byte(name), []byte(value)) } // the names are canonical already
	set("X-Content-Type-Options", "nosniff")
	set("Referrer-Policy", "no-referrer")
	set("Cache-Control", "no-store")
	const policy = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action "
	if string(ctx.Path()) == linkPath {
		set("Content-Security-Policy", policy+"'self'")
	} else {
		set("Content-Security-Policy", policy+"'none'")
	}
	set("Strict-Transport-Security", "max-age=31536000")
}

// answer runs a handler and writes its reply or its fault.
func (s *Server) answer(ctx *fasthttp.RequestCtx, handle handler) {
	reply, err := handle(ctx)
	switch page, isPage := reply.body.(htmlPage); {
	case err != nil:
		f := asFault(err)
		if f.status == fasthttp.StatusInternalServerError {
			s.config.Log.Error("request failed", "path", string(ctx.Path()), "error", err)
		}
		writeFault(ctx, f)
	case isPage:
		ctx.SetStatusCode(reply.status)
		ctx.SetContentType("text/html; charset=utf-8")
		ctx.SetBodyString(string(page))
	default:
		writeJSON(ctx, reply.status, reply.body)
	}
}

// unreadable answers a request that could not be read.
func (s *Server) unreadable(ctx *fasthttp.RequestCtx, err error) {
	var small *fasthttp.ErrSmallBuffer
	f := &fault{status: fasthttp.StatusBadRequest, code: "unreadable", message: "the request could not be read"}
	switch {
	case errors.Is(err, fasthttp.ErrBodyTooLarge):
		f = &fault{status: fasthttp.StatusRequestEntityTooLarge, code: "too_large", message: "the body is too large"}
		if n := ctx.Request.Header.ContentLength(); n <= s.limitBody(&ctx.Request.Header) && n > 0 {
			f = crowded()
		}
		if _, stranger := s.holder(&ctx.Request.Header); stranger != nil && string(ctx.Path()) == photosPath {
			f = noSession()
		}
	case errors.As(err, &small):
		f = &fault{status: fasthttp.StatusRequestHeaderFieldsTooLarge, code: "too_large", message: "the header is too large"}
	}
	s.bodies.done(&ctx.Request.Header)
	writeFault(ctx, f)
	secure(ctx)
}

// holder returns the person of a request's session. It checks only the signature; the person may have been
// erased.
func (s *Server) holder(header *fasthttp.RequestHeader) (person int64, err error) {
	scheme, token, _ := strings.Cut(string(header.Peek(fasthttp.HeaderAuthorization)), " ")
	if person, err = s.sessions.check(token, s.config.Wall(), s.config.SessionTTL); err != nil || !strings.EqualFold(scheme, "Bearer") {
		return 0, noSession()
	}
	return person, nil
}

// signedIn passes the session's person to a handler.
func (s *Server) signedIn(handle func(*fasthttp.RequestCtx, store.Person) (reply, error)) handler {
	return func(ctx *fasthttp.RequestCtx) (reply, error) {
		id, err := s.holder(&ctx.Request.Header)
		if err != nil {
			return reply{}, err
		}
		// ctx cannot be used here: fasthttp reuses it for the next request while database/sql still watches it.
		person, err := s.store.Person(context.Background(), id)
		switch {
		case errors.Is(err, store.ErrUnknown):
			return reply{}, noSession()
		case err != nil:
			return reply{}, err
		case !person.Verified:
			return reply{}, outOfOrder("email_not_verified", "verify the e-mail address first")
		}
		return s.once(ctx, strconv.FormatInt(id, 10), func() (reply, error) { return handle(ctx, person) })
	}
}

func noSession() *fault {
	return &fault{status: fasthttp.StatusUnauthorized, code: "no_session", message: "send the session as Authorization: Bearer"}
}

func outOfOrder(code, message string) *fault {
	return &fault{status: fasthttp.StatusForbidden, code: code, message: message}
}
