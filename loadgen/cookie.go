package loadgen

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/valyala/fasthttp"
)

// cookie is a cookie that a person has from one target. Its path and domain are ignored: it is sent back to that
// target with every request.
type cookie struct {
	client      int
	name, value string
}

// setCookies returns the jar with the cookies that the answer sets. It does not modify the jar.
func setCookies(jar []cookie, client int, resp *fasthttp.Response, now time.Time) []cookie {
	changed := false
	for _, text := range resp.Header.Cookies() {
		set, expired, ok := parseCookie(string(text), now)
		if !ok {
			continue
		}
		if !changed {
			jar, changed = append([]cookie(nil), jar...), true
		}
		set.client = client
		jar = put(jar, set, expired)
	}
	return jar
}

// put replaces a cookie in its place, or appends it. It removes one that has expired.
func put(jar []cookie, set cookie, expired bool) []cookie {
	at := slices.IndexFunc(jar, func(kept cookie) bool { return kept.client == set.client && kept.name == set.name })
	switch {
	case at >= 0 && expired:
		return slices.Delete(jar, at, at+1)
	case at >= 0:
		jar[at] = set
	case !expired:
		jar = append(jar, set)
	}
	return jar
}

// parseCookie parses the value of a Set-Cookie header (RFC 6265bis, section 5.6). Ok is false if it must be ignored.
// The value keeps its quotes.
func parseCookie(text string, now time.Time) (set cookie, expired, ok bool) {
	const most = 4096 // bytes of name and value
	pair, attributes, _ := strings.Cut(text, ";")
	name, value, named := strings.Cut(pair, "=")
	if !named {
		name, value = "", pair
	}
	set = cookie{name: trimBlank(name), value: trimBlank(value)}
	size := len(set.name) + len(set.value)
	if size == 0 || size > most || strings.ContainsFunc(text, control) {
		return cookie{}, false, false
	}
	return set, expires(attributes, now), true
}

// control reports whether a character makes a cookie invalid. A tab does not.
func control(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }

func trimBlank(text string) string { return strings.Trim(text, " \t") }

// expires reports whether the attributes of a cookie make it expire at once. Max-Age overrides Expires, and of several
// the last valid one counts.
func expires(attributes string, now time.Time) bool {
	byDate, byAge, aged := false, false, false
	for attribute := range strings.SplitSeq(attributes, ";") {
		name, value, _ := strings.Cut(attribute, "=")
		value = trimBlank(value)
		switch strings.ToLower(trimBlank(name)) {
		case "max-age":
			if seconds, valid := maxAge(value); valid {
				byAge, aged = seconds <= 0, true
			}
		case "expires":
			if at, err := cookieDate(value); err == nil {
				byDate = !at.After(now)
			}
		}
	}
	if aged {
		return byAge
	}
	return byDate
}

// maxAge parses digits that may follow a minus sign. A number that is too large to hold is as good as any large one.
func maxAge(text string) (seconds int, valid bool) {
	digits := strings.TrimPrefix(text, "-")
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return 0, false
	}
	seconds, _ = strconv.Atoi(text) // at the end of the range if it is beyond
	return seconds, true
}

// cookieDate parses the formats of HTTP and the one of Netscape, with dashes.
func cookieDate(text string) (time.Time, error) {
	if at, err := http.ParseTime(text); err == nil {
		return at, nil
	}
	return time.Parse("Mon, 02-Jan-2006 15:04:05 MST", text)
}

// sendCookies puts the target's cookies into a request.
func sendCookies(jar []cookie, client int, req *fasthttp.Request) {
	for _, kept := range jar {
		if kept.client == client {
			req.Header.SetCookie(kept.name, kept.value)
		}
	}
}
