package live

import (
	"crypto/rand"
	"crypto/subtle"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// role is what a viewer may do.
type role uint8

const (
	nobody    role = iota
	viewer         // looks
	conductor      // looks and acts
)

// door lets viewers in. A link holds a secret, which is exchanged for a cookie; programs send the secret as a bearer
// token. Requests under a host name that is not the server's are refused, so that no web page can reach the server through a
// name of its own that resolves to this machine (DNS rebinding).
type door struct {
	hosts  []string // host:port under which the server is reached
	scheme string   // http or https
	cookie string   // name; ports share cookies, so it holds the port
	links  map[role]string
	passes map[role]string // values of the cookie
}

func newDoor(scheme string, address net.Addr, names []string) *door {
	_, port, _ := net.SplitHostPort(address.String()) // the address of a listener has a port
	d := &door{
		scheme: scheme, cookie: "ombak_live_" + port,
		links:  map[role]string{conductor: rand.Text(), viewer: rand.Text()},
		passes: map[role]string{conductor: rand.Text(), viewer: rand.Text()},
	}
	for _, name := range names {
		d.hosts = append(d.hosts, net.JoinHostPort(name, port))
	}
	return d
}

// link returns the URL by which somebody enters.
func (d *door) link(who role) string {
	return d.scheme + "://" + d.hosts[0] + "/enter?token=" + d.links[who]
}

// known reports whether a request names this server as its host and, if it says so, comes from a page of this server.
func (d *door) known(r *http.Request) bool {
	if !slices.Contains(d.hosts, strings.ToLower(r.Host)) {
		return false
	}
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true
	}
	from, err := url.Parse(origin)
	return err == nil && from.Scheme == d.scheme && strings.EqualFold(from.Host, r.Host)
}

// roleOf returns what the sender of a request may do.
func (d *door) roleOf(r *http.Request) role {
	if token, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); bearer {
		return match(d.links, token)
	}
	cookie, err := r.Cookie(d.cookie)
	if err != nil {
		return nobody
	}
	return match(d.passes, cookie.Value)
}

// match compares a secret with all that are valid, in constant time.
func match(secrets map[role]string, given string) role {
	found := nobody
	for who, secret := range secrets {
		if subtle.ConstantTimeCompare([]byte(secret), []byte(given)) == 1 {
			found = who
		}
	}
	return found
}

// fromPage reports whether a request that changes something was sent by a page of this server, or by a program that holds
// the secret itself. A browser always sends Origin with a POST.
func fromPage(r *http.Request) bool {
	return r.Header.Get("Authorization") != "" || r.Header.Get("Origin") != ""
}

// enter exchanges the secret of a link for a cookie and redirects to the page, so that the secret stays out of the history
// and of referrers. The cookie dies with the browser's session, and is worth nothing after the run.
func (d *door) enter(w http.ResponseWriter, r *http.Request) {
	who := match(d.links, r.URL.Query().Get("token"))
	if who == nobody {
		refuse(w, http.StatusForbidden, "this link is of another run; open the link that ombak printed last")
		return
	}
	http.SetCookie(w, &http.Cookie{
		Name: d.cookie, Value: d.passes[who], Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: d.scheme == "https",
	})
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// guard sets the headers of every answer and refuses requests from elsewhere.
func (d *door) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "+
			"base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Cross-Origin-Opener-Policy", "same-origin")
		header.Set("Cross-Origin-Resource-Policy", "same-origin")
		header.Set("Cache-Control", "no-store")
		if !d.known(r) {
			refuse(w, http.StatusForbidden, "open the link that ombak printed, under the name that it has there")
			return
		}
		next.ServeHTTP(w, r)
	})
}
