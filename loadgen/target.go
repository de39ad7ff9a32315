package loadgen

import (
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/valyala/fasthttp"
)

// SocketOf returns the Unix socket that a target names, and the path before that of each request: unix:/run/app.sock, or
// http+unix://%2Frun%2Fapp.sock/v1. It reports whether the target names one.
func SocketOf(target string) (socket, prefix string, is bool) {
	if rest, short := strings.CutPrefix(target, "unix:"); short {
		if strings.HasPrefix(rest, "//") { // unix:///run/app.sock
			rest = strings.TrimPrefix(rest, "//")
		}
		return rest, "", filepath.IsAbs(rest)
	}
	rest, long := strings.CutPrefix(target, "http+unix://")
	host, prefix, _ := strings.Cut(rest, "/")
	socket, err := url.PathUnescape(host)
	return socket, prefix, long && err == nil && filepath.IsAbs(socket)
}

// LocationOf returns the URL by which requests name a target. Behind a Unix socket, that is localhost.
func LocationOf(target string) (*url.URL, error) {
	if _, prefix, is := SocketOf(target); is {
		return url.Parse("http://localhost/" + prefix)
	}
	return url.Parse(target)
}

// CheckTarget returns an error unless a URL names a service: scheme, host and port, or a Unix socket.
func CheckTarget(name, target string) error {
	parsed, err := LocationOf(target)
	if err != nil || parsed.Host == "" || parsed.Scheme != "http" && parsed.Scheme != "https" {
		return fmt.Errorf("target %s has the URL %q; write for example http://127.0.0.1:8080, or unix:/run/app.sock with the whole path", name, target)
	}
	return nil
}

// hostOf returns host:port of a URL, and reports whether it uses TLS.
func hostOf(target string) (address string, secure bool, err error) {
	parsed, err := LocationOf(target)
	if err != nil {
		return "", false, err
	}
	secure = parsed.Scheme == "https"
	return fasthttp.AddMissingPort(parsed.Host, secure), secure, nil
}
