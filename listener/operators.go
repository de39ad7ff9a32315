package listener

import (
	"crypto/subtle"
	"mime"
	"net"
	"net/http"
	"strings"
)

// Refuse answers a request that is not carried out, as http.Error does.
type Refuse func(w http.ResponseWriter, text string, status int)

// Operators admits only requests with the token, which no web page has, and only bodies of JSON, which no form sends. An empty
// token admits nobody.
func Operators(token string, refuse Refuse, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		given, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
		switch {
		case token == "" || !bearer || subtle.ConstantTimeCompare([]byte(given), []byte(token)) != 1:
			w.Header().Set("WWW-Authenticate", "Bearer")
			refuse(w, "the token is missing or wrong", http.StatusUnauthorized)
		case r.Header.Get("Origin") != "":
			refuse(w, "requests of web pages are refused", http.StatusForbidden)
		case r.ContentLength != 0 && media != "application/json":
			refuse(w, "send JSON, with Content-Type: application/json", http.StatusUnsupportedMediaType)
		default:
			next(w, r)
		}
	}
}

// ThisMachine refuses requests under other host names if a listener is for this machine only, so that a web page cannot
// reach it through a name that resolves to this machine (DNS rebinding). Address is that of the listener, once it is known.
func ThisMachine(address func() string, refuse Refuse, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if name, _, err := net.SplitHostPort(host); err == nil {
			host = name
		}
		if isLocal(address()) && host != "localhost" && !isLocal(net.JoinHostPort(strings.Trim(host, "[]"), "0")) {
			refuse(w, "use the address of this machine, such as 127.0.0.1", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// isLocal reports whether a host:port is of this machine only.
func isLocal(address string) bool {
	host, _, err := net.SplitHostPort(address)
	ip := net.ParseIP(host)
	return err == nil && ip != nil && ip.IsLoopback()
}
